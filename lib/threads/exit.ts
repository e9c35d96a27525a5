/**
 * How a program ends: registered callbacks, then the threads that are no daemons, then the daemons.
 *
 * Threads do not hold the event loop while the program has other work. When it has none left, which
 * Node tells by `beforeExit`, the loop waits for one thread that still runs, and so on until there is none;
 * then the process ends, and with it daemons and idle isolates. `process.exit()` waits for nobody.
 */
import { isMainThread } from 'node:worker_threads';
import { engine } from '../engine/select.js';
import { promise } from '../engine/wait.js';
import { ThreadStateError } from '../errors.js';
import { Header, WaiterMode } from '../memory/layout.js';
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
  if (isMainThread) finishMain?.(Atomics.load(engine.words, Header.MAIN_THREAD));
  const [first, ...others] = running((slot) => !isDaemon(slot) && isDescendant(slot));
  for (const { thread } of others) engine.release(thread);
  if (first === undefined) {
    void pendingBurial();
    return;
  }
  const { thread } = first;
  void promise(engine.eventWait(thread, WaiterMode.LOOP, -1), -1, undefined, () => engine.release(thread));
}

let finishMain: ((handle: number) => void) | undefined;

/** Says how the main thread's Thread is marked as finished. */
export function onMainEnd(finish: (handle: number) => void): void {
  finishMain = finish;
}
