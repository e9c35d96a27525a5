/** How a task learns that it should stop. */
import { currentContext } from './task-context.js';

const never = new AbortController().signal;

/**
 * The signal of the running task: aborted when its future is cancelled, its `timeout` is over, or its `signal` aborted.
 * `signal.aborted` is up to date also in a loop that never awaits; listeners are called from the event loop. Outside of
 * tasks: a signal that is never aborted.
 *
 * A task that has not ended `grace` ms after the abort loses its worker.
 *
 * @example
 * ```ts
 * import { taskSignal, ThreadPoolExecutor } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
 * const countUntilStopped = () => {
 *   const signal = taskSignal();
 *   let rounds = 0;
 *   while (!signal.aborted) rounds++;
 *   return rounds;
 * };
 * const future = executor.options({ timeout: 100 }).submit(countUntilStopped);
 * console.log((await future.exception())?.constructor.name); // TimeoutError
 * ```
 */
export function taskSignal(): AbortSignal {
  return currentContext()?.signal ?? never;
}
