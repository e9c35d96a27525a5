/** The options of one task, and their checks. */
import type { Transferable } from 'node:worker_threads';
import { requireOptions, show } from '../engine/arguments.js';
import { checkedTimeout } from '../engine/wait.js';

/** Options of tasks, for `executor.options`. */
export interface TaskOptions {
  /** Aborting it cancels the task, whether it is queued or running: the future is cancelled, and rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that the task may run; then `taskSignal()` aborts and the future fails with TimeoutError. Default: any time. */
  timeout?: number | undefined;
  /** Milliseconds that the task may wait to be run; then the future fails with TimeoutError. Default: any time. */
  queueTimeout?: number | undefined;
  /** Tasks of lower number run first, those of the same in order of arrival; an integer of 32 bits. Default: 0. */
  priority?: number | undefined;
  /** ArrayBuffers and MessagePorts among the arguments that are moved: they are detached here, at once. See also `move`. */
  transfer?: readonly Transferable[] | undefined;
  /** What errors and diagnostics call the task. Default: the name of its function. */
  name?: string | undefined;
}

/** A checked copy. @throws TypeError or RangeError naming the option, what was expected, and the value. */
export function checkTaskOptions(options: TaskOptions): TaskOptions {
  if (options === undefined) throw new TypeError('options must be an object, got undefined');
  requireOptions('options', options);
  const { signal, timeout, queueTimeout, priority = 0, transfer, name } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError(`signal must be an AbortSignal, got ${show(signal)}`);
  if (typeof priority !== 'number') throw new TypeError(`priority must be an integer, got ${show(priority)}`);
  if ((priority | 0) !== priority)
    throw new RangeError(`priority must be an integer from -2147483648 to 2147483647, got ${priority}`);
  if (transfer !== undefined && !Array.isArray(transfer))
    throw new TypeError(`transfer must be an array, got ${show(transfer)}`);
  if (name !== undefined && typeof name !== 'string') throw new TypeError(`name must be a string, got ${show(name)}`);
  checkedTimeout(timeout);
  checkedTimeout(queueTimeout, 'queueTimeout');
  return { ...options };
}
