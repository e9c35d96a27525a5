/** `Executor.map`: checks what it is given, and begins a run. */
import { requireBoolean, requireFunction, requireInteger, requireOptions } from '../engine/arguments.js';
import { checkedTimeout } from '../engine/wait.js';
import type { Executor } from './executor.js';
import type { MapOptions, Mapped } from './map-options.js';
import { MapRun } from './map-run.js';
import type { TaskOptions } from './task-options.js';

/**
 * @param caller The function whose caller is the place of submission.
 * @throws TypeError or RangeError for bad arguments; whatever the first task is refused with.
 */
export function mapOver<T, R>(
  executor: Executor,
  fn: (item: T, index: number) => R,
  items: Iterable<T> | AsyncIterable<T>,
  options: MapOptions | undefined,
  taskOptions: TaskOptions | undefined,
  caller: Function,
): Mapped<Awaited<R>> {
  requireFunction('fn', fn);
  requireOptions('options', options);
  if (taskOptions?.transfer !== undefined) throw new TypeError('transfer is an option for submit, not for map');
  const { chunkSize, bufferSize, timeout, ordered = true } = options ?? {};
  if (chunkSize !== undefined) requireInteger('chunkSize', chunkSize, 1, Number.MAX_SAFE_INTEGER);
  if (bufferSize !== undefined) requireInteger('bufferSize', bufferSize, 1, Number.MAX_SAFE_INTEGER);
  requireBoolean('ordered', ordered);
  checkedTimeout(timeout);
  // Each task has its time: tasks must be single calls then.
  const single = taskOptions?.timeout !== undefined && chunkSize === undefined;
  return new MapRun<Awaited<R>>(executor, fn, items, { ...options, ...(single ? { chunkSize: 1 } : {}) }, taskOptions, {
    caller,
  });
}
