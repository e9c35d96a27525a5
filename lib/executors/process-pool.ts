/** Pool: a pool whose workers are processes. Python: `multiprocessing.Pool`. */
import { MAX_PROCESSES } from '../memory/layout.js';
import { BasePool, checkPoolOptions, isTravellingPool, type PoolOptions, type TravellingPool } from './pool.js';
import { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from './process-pool-executor.js';

/** Options of a Pool. */
export type ProcessPoolOptions = PoolOptions & Pick<ProcessPoolExecutorOptions, 'env' | 'execArgv' | 'cwd'>;

let pools = 0;

/**
 * A fixed number of processes that run functions. Its tasks do not keep this process alive: waiting for them does, and
 * so does `join()`. A worker that dies fails the task that it ran with WorkerLostError, and is replaced.
 *
 * The workers are daemonic: they end with this process, and their tasks may start no processes.
 *
 * It travels: a task that captures it, or is given it, calls functions on the same processes, where these share memory.
 *
 * Python: `multiprocessing.Pool`.
 *
 * @example
 * ```ts
 * import { Pool } from 'heddle';
 *
 * await using pool = new Pool({ processes: 2 });
 * console.log(await pool.map((x: number) => x * x, [1, 2, 3])); // [ 1, 4, 9 ]
 * console.log(await pool.starmap((a: number, b: number) => a + b, [[1, 2], [3, 4]])); // [ 3, 7 ]
 * ```
 */
export class Pool extends BasePool {
  /**
   * @param options Options, or the number of processes. Default: `os.availableParallelism()` processes.
   * @throws TypeError or RangeError naming the option, what was expected, and the value; ProcessStateError when made at the
   * top level of a module that is imported for a task.
   */
  constructor(options?: number | ProcessPoolOptions);
  /** @internal */
  constructor(options: TravellingPool | number | ProcessPoolOptions | undefined);
  constructor(options?: number | ProcessPoolOptions | TravellingPool) {
    const isGuest = isTravellingPool(options);
    super(isGuest ? options : making(options), isGuest);
  }

  static {
    BasePool._registerTravel(Pool, 'Pool', (travelling) => new Pool(travelling), import.meta.url);
  }
}

function making(options: number | ProcessPoolOptions | undefined): TravellingPool {
  const { processes, initializer, initArgs, maxTasksPerChild } = checkPoolOptions(options, MAX_PROCESSES - 1);
  const { env, execArgv, cwd } = typeof options === 'number' ? {} : (options ?? {});
  const executor = new ProcessPoolExecutor(
    {
      maxWorkers: processes,
      minWorkers: processes,
      namePrefix: `Pool-${pools++}`,
      initializer,
      initArgs,
      maxTasksPerChild,
      env,
      execArgv,
      cwd,
    },
    false,
  );
  return { executor, processes };
}
