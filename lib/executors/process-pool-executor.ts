/** ProcessPoolExecutor: an executor whose workers are processes. Python: `concurrent.futures.ProcessPoolExecutor`. */
import { engine } from '../engine/select.js';
import { MAX_PROCESSES } from '../memory/layout.js';
import { requireProcesses, surroundingsOf } from '../processes/launch.js';
import { refuseProcessWhileLoading } from '../shipping/modules.js';
import { checkExecutorOptions, type ExecutorOptions } from './executor-options.js';
import { ProcessHost } from './process-host.js';
import { RelayHost } from './relay-host.js';
import { isTravelling, type Making, type Travelling, WorkerExecutor } from './worker-executor.js';

/** What a ProcessPoolExecutor is made of. */
export interface ProcessPoolExecutorOptions extends ExecutorOptions {
  /** The environment variables of the workers, all of them. Default: those of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Options of Node.js for the workers, such as `--max-old-space-size=200`. Default: those of this process, as for `Process`. */
  execArgv?: readonly string[] | undefined;
  /** Working directory of the workers. Default: that of this process. */
  cwd?: string | undefined;
}

let executors = 0;

/**
 * Runs functions on a pool of processes: a task that crashes, or runs out of memory, takes its own process along and
 * nothing else. It fails with WorkerLostError, which says how the process ended, and another process takes the
 * place. All else is as with `ThreadPoolExecutor`: the same options, futures and `map`; shared objects (Lock, Queue,
 * SharedArray, …) that are captured, or passed as arguments, are the same objects there. Where processes share no memory
 * (`engine.supports.processSharedMemory`), those are refused that have no proxies, and a task costs a tenth of a
 * millisecond or two.
 *
 * The processes are daemonic: they end when this one does, however that is. Idle, they keep nothing alive.
 *
 * It travels: a task that captures it, or is given it, submits tasks of its own to the same processes, where these share
 * memory.
 *
 * Python: `concurrent.futures.ProcessPoolExecutor`, but that a dead worker does not break it.
 *
 * @example
 * ```ts
 * import { ProcessPoolExecutor } from 'heddle';
 *
 * await using executor = new ProcessPoolExecutor({ maxWorkers: 2 });
 * const squares = [1, 2, 3].map((n) => executor.submit((x: number) => x * x, n));
 * console.log(await Promise.all(squares)); // [ 1, 4, 9 ]
 * ```
 */
export class ProcessPoolExecutor extends WorkerExecutor {
  /**
   * @throws TypeError or RangeError naming the option, what was expected, and the value; ProcessStateError when made at the
   * top level of a module that is imported for a task.
   */
  constructor(options?: ProcessPoolExecutorOptions);
  /** @internal */
  constructor(options: Travelling | ProcessPoolExecutorOptions | undefined, mayHaveChildren?: boolean);
  constructor(options?: ProcessPoolExecutorOptions | Travelling, mayHaveChildren = true) {
    super(isTravelling(options) ? options : making(options, mayHaveChildren));
  }

  /**
   * Ends all workers by SIGTERM, and shuts the executor down: tasks that have not begun are cancelled, running ones fail
   * with WorkerLostError. Resolves when the workers have ended, which one that handles SIGTERM may refuse.
   *
   * Python 3.14: `ProcessPoolExecutor.terminate_workers`.
   */
  terminateWorkers(): Promise<void> {
    return this._endWorkers('terminate');
  }

  /** The same by SIGKILL, which no process can handle. Python 3.14: `ProcessPoolExecutor.kill_workers`. */
  killWorkers(): Promise<void> {
    return this._endWorkers('kill');
  }

  static {
    WorkerExecutor._registerTravel(
      ProcessPoolExecutor,
      'ProcessPoolExecutor',
      (travelling) => new ProcessPoolExecutor(travelling),
      import.meta.url,
    );
  }
}

function making(options: ProcessPoolExecutorOptions | undefined, mayHaveChildren: boolean): Making {
  requireProcesses();
  refuseProcessWhileLoading('a ProcessPoolExecutor was made');
  // This process has a place too.
  const checked = checkExecutorOptions(options, MAX_PROCESSES - 1);
  const Host = engine.supports.processSharedMemory ? ProcessHost : RelayHost;
  const host = new Host(surroundingsOf(options ?? {}), mayHaveChildren);
  return { options: checked, host, prefix: `ProcessPoolExecutor-${executors++}` };
}
