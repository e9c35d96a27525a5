/** ThreadPool: a pool whose workers are threads. Python: `multiprocessing.pool.ThreadPool`. */
import { BasePool, checkPoolOptions, isTravellingPool, type PoolOptions, type TravellingPool } from './pool.js';
import { ThreadPoolExecutor } from './thread-pool-executor.js';

let pools = 0;

/**
 * A fixed number of threads that run functions. Its tasks do not keep the process alive: waiting for them does, and so does
 * `join()`.
 *
 * It travels: a task that captures it, or is given it, calls functions on the same threads.
 *
 * Python: `multiprocessing.pool.ThreadPool`.
 *
 * @example
 * ```ts
 * import { ThreadPool } from 'heddle';
 *
 * await using pool = new ThreadPool({ processes: 2 });
 * console.log(await pool.map((x: number) => x * x, [1, 2, 3])); // [ 1, 4, 9 ]
 * console.log(await pool.starmap((a: number, b: number) => a + b, [[1, 2], [3, 4]])); // [ 3, 7 ]
 * ```
 */
export class ThreadPool extends BasePool {
  /**
   * @param options Options, or the number of threads. Default: `os.availableParallelism()` threads.
   * @throws TypeError or RangeError naming the option, what was expected, and the value.
   */
  constructor(options?: number | PoolOptions);
  /** @internal */
  constructor(options: TravellingPool | number | PoolOptions | undefined);
  constructor(options?: number | PoolOptions | TravellingPool) {
    const isGuest = isTravellingPool(options);
    super(isGuest ? options : making(options), isGuest);
  }

  static {
    BasePool._registerTravel(ThreadPool, 'ThreadPool', (travelling) => new ThreadPool(travelling), import.meta.url);
  }
}

function making(options: number | PoolOptions | undefined): TravellingPool {
  const { processes, initializer, initArgs, maxTasksPerChild } = checkPoolOptions(options);
  const executor = new ThreadPoolExecutor({
    maxWorkers: processes,
    minWorkers: processes,
    namePrefix: `ThreadPool-${pools++}`,
    initializer,
    initArgs,
    maxTasksPerChild,
  });
  return { executor, processes };
}
