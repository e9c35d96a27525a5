/**
 * How a program ends: registered callbacks, then the threads that are no daemons, then the daemons.
 *
 * Threads do not hold the event loop while the program has other work. When it has none left, which
 * Node tells by `beforeExit`, the loop waits for one thread that still runs, and so on until there is none;
 * after them it waits for child processes in the same way, having told the daemonic ones to end. Then the process
 * ends, and with it daemons and idle isolates. `process.exit()` waits for nobody.
 */
import { isMainThread } from 'node:worker_threads';
import type { Handle } from '../engine/engine.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { promise } from '../engine/wait.js';
import { ThreadStateError } from '../errors.js';
import { Process, WaiterMode } from '../memory/layout.js';
import { childProcesses } from './child-processes.js';
import { isolateData } from './isolate-data.js';
import { isDaemon, isDescendant, running } from './running.js';

const callbacks: (() => unknown)[] = [];
let state: 'quiet' | 'armed' | 'ending' = 'quiet';

/** Resolves when a death has been seen to that is still to be; see `joinBeforeExit`. */
let pendingBurial: () => Promise<void> | undefined = () => undefined;

/**
 * Makes the end of this program wait for its threads. Isolates of heddle leave that to the program's own.
 *
 * @param burial Keeps the loop alive while the death of an isolate is still to be reported.
 */
export function joinBeforeExit(burial: () => Promise<void> | undefined): void {
  pendingBurial = burial;
  arm();
}

/** Makes the end of this program wait for the processes it has started. */
export function joinProcessesBeforeExit(): void {
  arm();
}

function arm(): void {
  if (state !== 'quiet' || isolateData !== undefined) return;
  state = 'armed';
  process.on('beforeExit', atLoopEnd);
}

/**
 * Has `callback` called when the program is about to end, before its threads are waited for; the last
 * registered is called first. What it returns is awaited. Python: `threading._register_atexit`.
 *
 * @throws ThreadStateError when the program is ending already.
 */
export function registerAtExit(callback: () => unknown): void {
  if (state === 'ending')
    throw new ThreadStateError('callbacks for the end of the program can only be registered before it');
  callbacks.push(callback);
  arm();
}

function atLoopEnd(): void {
  state = 'ending';
  const callback = callbacks.pop();
  if (callback !== undefined) {
    // The loop runs on, and comes back here when the callback's work is done.
    setImmediate(callback);
    return;
  }
  // It comes back here after this, too.
  void awaitOne()?.then(turn);
}

/**
 * Goes through the end of the program at once, whatever else its event loop is waiting for: resolves when callbacks,
 * threads and processes have finished.
 */
export async function finishProgram(): Promise<void> {
  state = 'ending';
  for (let callback = callbacks.pop(); callback !== undefined; callback = callbacks.pop()) await callback();
  for (let awaited = awaitOne(); awaited !== undefined; awaited = awaitOne()) await awaited;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Keeps the loop alive until one of those that the program waits for has finished; undefined when there is none. */
function awaitOne(): Promise<void> | undefined {
  if (isMainThread) finishMain?.(Atomics.load(engine.words, processWord(Process.MAIN_THREAD)));
  const threads = running((slot) => !isDaemon(slot) && isDescendant(slot)).map(({ thread }) => thread);
  return awaitFirst(threads) ?? pendingBurial() ?? awaitFirst(lastingChildren());
}

/** Cells of the child processes that are no daemons; those that are are told to end. */
function lastingChildren(): Handle[] {
  const lasting: Handle[] = [];
  for (const child of childProcesses()) {
    if (!child.isDaemon) {
      lasting.push(child.cell);
      continue;
    }
    // Of the program's end the main thread decides.
    if (isMainThread) child.terminate();
    engine.release(child.cell);
  }
  return lasting;
}

/** Waits for the first of some events, which come with a reference each. */
function awaitFirst([first, ...others]: Handle[]): Promise<void> | undefined {
  for (const other of others) engine.release(other);
  if (first === undefined) return undefined;
  return promise(engine.eventWait(first, WaiterMode.LOOP, -1), -1, undefined, () => engine.release(first));
}

let finishMain: ((handle: number) => void) | undefined;

/** Says how the main thread's Thread is marked as finished. */
export function onMainEnd(finish: (handle: number) => void): void {
  finishMain = finish;
}
