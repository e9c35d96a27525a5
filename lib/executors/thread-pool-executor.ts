/** ThreadPoolExecutor: an executor whose workers are threads. Python: `concurrent.futures.ThreadPoolExecutor`. */
import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { registerClass } from '../codec/classes.js';
import { requireFunction, requireInteger, requireOptions, show } from '../engine/arguments.js';
import { checkedTimeout } from '../engine/wait.js';
import { PoolStateError } from '../errors.js';
import { refuseWhileLoading } from '../shipping/modules.js';
import { Board, BoardFlag, Flag, MAX_WORKERS } from './board.js';
import { Client } from './client.js';
import { Executor, type ExecutorStats, type ShutdownOptions } from './executor.js';
import { ExecutorCore } from './executor-core.js';
import type { Future } from './future.js';
import { Histogram } from './histogram.js';
import type { Parts } from './parts.js';
import type { TaskOptions } from './task-options.js';
import { ThreadHost } from './thread-host.js';

/** What a ThreadPoolExecutor is made of. */
export interface ThreadPoolExecutorOptions {
  /** Workers at most. They are started as tasks need them. Default: `os.availableParallelism()`. */
  maxWorkers?: number | undefined;
  /** Workers that are started at once, and kept however idle. Default: 0. */
  minWorkers?: number | undefined;
  /** Milliseconds after which an idle worker ends, above `minWorkers`. Default: never. */
  idleTimeout?: number | undefined;
  /** Workers are named `prefix_0`, `prefix_1`, … Default: `ThreadPoolExecutor-N`. */
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
  /** Memory limits of each worker. Default: Node's. */
  resourceLimits?: ResourceLimits | undefined;
}

let executors = 0;

const abandoned = new FinalizationRegistry<ExecutorCore>((core) => void core.shutdown(false, false));

/** How an executor travels. */
interface Travelling {
  readonly parts: Parts;
  readonly grace: number;
}

/** What submits from here: the core where the executor was made, a client alone elsewhere. */
type Access = { readonly client: Client; readonly core: ExecutorCore | undefined };

/** Executors of other isolates, by the handle of their boards: one client each, however often they arrive. */
const arrived = new Map<number, WeakRef<ThreadPoolExecutor>>();

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
export class ThreadPoolExecutor extends Executor {
  readonly #access: Access;
  readonly #grace: number;
  readonly #maxWorkers: number;
  readonly #maxQueue: number;
  readonly #words: Int32Array;
  readonly #runTime: Histogram;
  readonly #waitTime: Histogram;
  readonly #tally: { completed: number; failed: number };

  /** @throws TypeError or RangeError naming the option, what was expected, and the value. */
  constructor(options?: ThreadPoolExecutorOptions);
  /** @internal */
  constructor(options: Travelling | ThreadPoolExecutorOptions | undefined);
  constructor(options?: ThreadPoolExecutorOptions | Travelling) {
    super();
    if (typeof options === 'object' && options !== null && 'parts' in options) {
      const { parts, grace } = options;
      this.#runTime = new Histogram();
      this.#waitTime = new Histogram();
      const tally = {
        completed: 0,
        failed: 0,
        record: (waited: number, ran: number): void => {
          this.#waitTime.record(waited);
          this.#runTime.record(ran);
        },
      };
      this.#tally = tally;
      this.#access = { client: new Client(parts, tally, grace, undefined), core: undefined };
      this.#grace = grace;
      this.#words = parts.board.array;
    } else {
      refuseWhileLoading('a ThreadPoolExecutor was made');
      const checked = checkOptions(options);
      const { namePrefix = `ThreadPoolExecutor-${executors++}`, initializer, initArgs, resourceLimits } = checked;
      const core = new ExecutorCore(checked, new ThreadHost(resourceLimits), {
        prefix: namePrefix,
        initializer,
        initArgs,
      });
      this.#access = { client: core.client, core };
      this.#grace = checked.grace;
      this.#runTime = core.runTime;
      this.#waitTime = core.waitTime;
      this.#tally = core.tally;
      this.#words = core.parts.board.array;
      abandoned.register(this, core, this);
    }
    this.#maxWorkers = this.#words[Board.MAX_SIZE] as number;
    this.#maxQueue = this.#words[Board.MAX_QUEUE] as number;
  }

  /** @internal */
  _dispatch(fn: Function, args: unknown[], options: TaskOptions | undefined): Future<unknown> {
    const { client } = this.#access;
    if (((this.#words[Board.FLAGS] as number) & BoardFlag.CLOSED) !== 0) this.#refuse();
    return client.dispatch(fn, args, options, 0, this.submit);
  }

  /** @internal */
  override _dispatchChunk(
    fn: Function,
    items: unknown[],
    style: number,
    options: TaskOptions | undefined,
  ): Future<unknown[]> {
    const { client } = this.#access;
    if (((this.#words[Board.FLAGS] as number) & BoardFlag.CLOSED) !== 0) this.#refuse();
    return client.dispatch(fn, [items, style], options, 0, this.map, Flag.CHUNK) as Future<unknown[]>;
  }

  /** @internal */
  async _broadcast(fn: Function, args: unknown[]): Promise<unknown[]> {
    const { core } = this.#access;
    if (core === undefined)
      throw new PoolStateError('broadcast() is for the thread that made the executor; submit tasks from here');
    if (core.closed) this.#refuse();
    const results = await Promise.allSettled(core.broadcast(fn, args, undefined, this.broadcast));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  }

  /** @throws PoolStateError, unless it is broken: then tasks are refused by their futures. */
  #refuse(): void {
    if (this.#access.client.broken === undefined)
      throw new PoolStateError('the executor takes no tasks: it has been shut down');
  }

  /** @internal */
  get _workerLimit(): number {
    return this.#maxWorkers;
  }

  /** @internal */
  get _queueLimit(): number {
    return this.#maxQueue;
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    requireOptions('options', options);
    const { core } = this.#access;
    if (core === undefined)
      return Promise.reject(new PoolStateError('only the thread that made the executor can shut it down'));
    return core.shutdown(options?.wait ?? true, options?.cancelFutures ?? false);
  }

  /** Tasks in flight do not keep the process alive: for pools. @internal */
  _beDaemon(): void {
    this.#access.client.beDaemon();
  }

  /** Ends the threads at once, whatever they do. @internal */
  _terminate(): Promise<void> {
    return this.#access.core?.terminate() ?? Promise.resolve();
  }

  get stats(): ExecutorStats {
    const { client, core } = this.#access;
    const workers = core === undefined ? Math.max(0, Atomics.load(this.#words, Board.SIZE)) : core.workers;
    const running = client.table.countRunning();
    return {
      workers,
      idle: Math.max(0, workers - running),
      queued: client.queued,
      running,
      completed: this.#tally.completed,
      failed: this.#tally.failed,
      runTime: this.#runTime,
      waitTime: this.#waitTime,
    };
  }

  static {
    registerClass<ThreadPoolExecutor, Travelling>(ThreadPoolExecutor, {
      name: 'heddle:ThreadPoolExecutor',
      encode: (executor) => ({ parts: executor.#access.client.parts, grace: executor.#grace }),
      decode: (travelling) => {
        const handle = travelling.parts.board._handle;
        const known = arrived.get(handle)?.deref();
        if (known !== undefined) return known;
        const executor = new ThreadPoolExecutor(travelling as ThreadPoolExecutorOptions);
        arrived.set(handle, new WeakRef(executor));
        return executor;
      },
    });
  }
}

function checkOptions(options: ThreadPoolExecutorOptions | undefined) {
  requireOptions('options', options);
  const {
    maxWorkers = availableParallelism(),
    minWorkers = 0,
    idleTimeout,
    namePrefix,
    initializer,
    initArgs = [],
    maxQueue = 0,
    maxTasksPerChild,
    concurrency = 1,
    grace = 1000,
    resourceLimits,
  } = options ?? {};
  requireInteger('maxWorkers', maxWorkers, 1, MAX_WORKERS);
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
  requireOptions('resourceLimits', resourceLimits);
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
    resourceLimits,
  };
}
