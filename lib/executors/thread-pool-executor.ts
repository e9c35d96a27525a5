/** ThreadPoolExecutor: an executor whose workers are threads. Python: `concurrent.futures.ThreadPoolExecutor`. */
import type { ResourceLimits } from 'node:worker_threads';
import { requireOptions } from '../engine/arguments.js';
import { refuseWhileLoading } from '../shipping/modules.js';
import { MAX_WORKERS } from './board.js';
import { checkExecutorOptions, type ExecutorOptions } from './executor-options.js';
import { ThreadHost } from './thread-host.js';
import { isTravelling, type Making, type Travelling, WorkerExecutor } from './worker-executor.js';

/** What a ThreadPoolExecutor is made of. */
export interface ThreadPoolExecutorOptions extends ExecutorOptions {
  /** Memory limits of each worker. Default: Node's. */
  resourceLimits?: ResourceLimits | undefined;
}

let executors = 0;

/**
 * Runs functions on a pool of threads. Idle, it keeps nothing alive: neither the process nor, when the last
 * reference to it is gone, its threads.
 *
 * It travels: a task that captures it, or is given it, submits tasks of its own to the same threads.
 *
 * Python: `concurrent.futures.ThreadPoolExecutor`.
 *
 * @example
 * ```ts
 * import { ThreadPoolExecutor } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 2 });
 * const squares = [1, 2, 3].map((n) => executor.submit((x: number) => x * x, n));
 * console.log(await Promise.all(squares)); // [ 1, 4, 9 ]
 * ```
 */
export class ThreadPoolExecutor extends WorkerExecutor {
  /** @throws TypeError or RangeError naming the option, what was expected, and the value. */
  constructor(options?: ThreadPoolExecutorOptions);
  /** @internal */
  constructor(options: Travelling | ThreadPoolExecutorOptions | undefined);
  constructor(options?: ThreadPoolExecutorOptions | Travelling) {
    super(isTravelling(options) ? options : making(options));
  }

  static {
    WorkerExecutor._registerTravel(
      ThreadPoolExecutor,
      'ThreadPoolExecutor',
      (travelling) => new ThreadPoolExecutor(travelling),
      import.meta.url,
    );
  }
}

function making(options: ThreadPoolExecutorOptions | undefined): Making {
  refuseWhileLoading('a ThreadPoolExecutor was made');
  const checked = checkExecutorOptions(options, MAX_WORKERS);
  const resourceLimits = options?.resourceLimits;
  requireOptions('resourceLimits', resourceLimits);
  return { options: checked, host: new ThreadHost(resourceLimits), prefix: `ThreadPoolExecutor-${executors++}` };
}
