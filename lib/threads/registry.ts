/** Who is who among the threads: the current one, the main one, all that run. */
import { isMainThread } from 'node:worker_threads';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { Process, ThreadFlag } from '../memory/layout.js';
import { onMainEnd } from './exit.js';
import { isolateData } from './isolate-data.js';
import { MAIN_NAME } from './main.js';
import { enter, running } from './running.js';
import { readName } from './slot.js';
import { finishThread, type Thread } from './thread.js';

const words = engine.words;

/** The Thread whose code runs in this isolate; in the main thread and foreign workers set when first asked for. */
let current: Thread | undefined;

/** @internal */
export function setCurrentThread(thread: Thread | undefined): void {
  current = thread;
}

/** The Thread of an isolate that is not started as one. */
function register(name: string, flags: number): Thread {
  const handle = enter(name, flags);
  // For the wrapper to take: this isolate has one reference to it, however many it is given.
  engine.retain(handle);
  return reviveShared('Thread', handle, name) as Thread;
}

/** Gives an isolate that heddle made for other work than a Thread's a name among the threads. @internal */
export function enterAs(name: string): void {
  current = register(name, ThreadFlag.DUMMY | ThreadFlag.DAEMON);
  engine.setThreadName(name);
}

let main: Thread | undefined;

if (isMainThread) onMainEnd(finishThread);

/**
 * The Thread whose code is running. In a worker that was not started as a Thread it is a stand-in named
 * `Dummy-N`, which cannot be joined. Python: `threading.current_thread`.
 */
export function currentThread(): Thread {
  if (current !== undefined) return current;
  if (isMainThread) {
    current = mainThread();
    return current;
  }
  const name =
    isolateData === undefined ? `Dummy-${Atomics.add(words, processWord(Process.THREAD_NUMBER), 1) + 1}` : 'idle';
  current = register(name, ThreadFlag.DUMMY | ThreadFlag.DAEMON);
  return current;
}

/** The Thread of the program's first thread, named `MainThread`. Python: `threading.main_thread`. */
export function mainThread(): Thread {
  if (main !== undefined) return main;
  const handle = Atomics.load(words, processWord(Process.MAIN_THREAD));
  // The program's first thread has not loaded heddle: the nearest there is.
  if (handle === 0) return currentThread();
  engine.retain(handle);
  main = reviveShared('Thread', handle, MAIN_NAME) as Thread;
  return main;
}

/**
 * All threads that run now: the main one, those started and not finished, daemons included, and the
 * stand-ins of foreign workers that have asked for theirs. Python: `threading.enumerate`.
 */
export function enumerate(): Thread[] {
  currentThread();
  return running().map(({ slot, thread }) => reviveShared('Thread', thread, readName(slot) ?? '') as Thread);
}

/** How many threads run now: the length of `enumerate()`. Python: `threading.active_count`. */
export function activeCount(): number {
  return enumerate().length;
}

/** Number of the calling thread, unique in the process and never 0. Python: `threading.get_ident`. */
export function getIdent(): number {
  return currentThread().ident as number;
}

/** Number by which the operating system knows the calling thread; 0 where it cannot be found out. Python: `threading.get_native_id`. */
export function getNativeId(): number {
  return engine.nativeThreadId();
}
