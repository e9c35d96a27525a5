/** The options that all executors have, and what they come to. */
import { availableParallelism } from 'node:os';
import { requireFunction, requireInteger, requireOptions, show } from '../engine/arguments.js';
import { checkedTimeout } from '../engine/wait.js';
import type { CoreOptions } from './executor-core.js';

/** What executors are made of, whatever their workers are. */
export interface ExecutorOptions {
  /** Workers at most. They are started as tasks need them. Default: `os.availableParallelism()`. */
  maxWorkers?: number | undefined;
  /** Workers that are started at once, and kept however idle. Default: 0. */
  minWorkers?: number | undefined;
  /** Milliseconds after which an idle worker ends, above `minWorkers`. Default: never. */
  idleTimeout?: number | undefined;
  /** Workers are named `prefix_0`, `prefix_1`, … Default: `ThreadPoolExecutor-N`, `ProcessPoolExecutor-N`. */
  namePrefix?: string | undefined;
  /** Called in each worker before its first task; may be async. When it fails, the executor is broken. */
  initializer?: ((...args: never[]) => unknown) | undefined;
  /** Arguments of `initializer`. Default: none. */
  initArgs?: unknown[] | undefined;
  /** Tasks queued at most; more are refused with QueueFullError. Default: 0, any number. */
  maxQueue?: number | undefined;
  /** Tasks after which a worker is replaced. Default: never. */
  maxTasksPerChild?: number | undefined;
  /** Tasks that a worker runs at a time, while they await. Default: 1. */
  concurrency?: number | undefined;
  /** Milliseconds that a cancelled or timed-out task has to stop before its worker is ended. Default: 1000. */
  grace?: number | undefined;
}

/** The same, checked. */
export interface CheckedExecutorOptions extends CoreOptions {
  readonly namePrefix: string | undefined;
  readonly initializer: ((...args: unknown[]) => unknown) | undefined;
  readonly initArgs: unknown[];
}

/**
 * @param most Workers that there may be.
 * @throws TypeError or RangeError naming the option, what was expected, and the value.
 */
export function checkExecutorOptions(options: ExecutorOptions | undefined, most: number): CheckedExecutorOptions {
  requireOptions('options', options);
  const {
    maxWorkers = Math.min(availableParallelism(), most),
    minWorkers = 0,
    idleTimeout,
    namePrefix,
    initializer,
    initArgs = [],
    maxQueue = 0,
    maxTasksPerChild,
    concurrency = 1,
    grace = 1000,
  } = options ?? {};
  requireInteger('maxWorkers', maxWorkers, 1, most);
  requireInteger('minWorkers', minWorkers, 0, maxWorkers);
  requireInteger('maxQueue', maxQueue, 0, 0x3fffffff);
  if (maxTasksPerChild !== undefined) requireInteger('maxTasksPerChild', maxTasksPerChild, 1, 0x3fffffff);
  requireInteger('concurrency', concurrency, 1, 65_536);
  if (namePrefix !== undefined && typeof namePrefix !== 'string')
    throw new TypeError(`namePrefix must be a string, got ${show(namePrefix)}`);
  if (initializer !== undefined) requireFunction('initializer', initializer);
  if (!Array.isArray(initArgs)) throw new TypeError(`initArgs must be an array, got ${show(initArgs)}`);
  if (typeof grace !== 'number' || !(grace >= 0))
    throw new RangeError(`grace must be a number of milliseconds ≥ 0, got ${show(grace)}`);
  const idle = checkedTimeout(idleTimeout, 'idleTimeout');
  return {
    maxWorkers,
    minWorkers,
    idleTimeout: Math.min(idle, 0x7fffffff),
    namePrefix,
    initializer: initializer as ((...args: unknown[]) => unknown) | undefined,
    initArgs: [...initArgs],
    maxQueue,
    maxTasksPerChild: maxTasksPerChild ?? 0,
    concurrency,
    grace,
  };
}
