/**
 * What executors on workers of one's own have in common: threads or processes, they differ in the host alone.
 *
 * Where it was made, an executor has a core; anywhere it has travelled to, a client of the same workers.
 */
import { registerClass } from '../codec/classes.js';
import { requireOptions } from '../engine/arguments.js';
import { ownOnDemand } from '../engine/own-modules.js';
import { PoolStateError } from '../errors.js';
import { Board, BoardFlag, Flag, workersOn } from './board.js';
import type { Client } from './client.js';
import { Executor, type ExecutorStats, type ShutdownOptions } from './executor.js';
import type { ExecutorCore } from './executor-core.js';
import type { CheckedExecutorOptions } from './executor-options.js';
import { type KnownFunction, knownFunction } from './functions.js';
import type { Future } from './future.js';
import { Histogram } from './histogram.js';
import type { Parts } from './parts.js';
import type { TaskOptions } from './task-options.js';
import type { Site } from './task-origin.js';
import type { WorkerHost } from './worker-host.js';

// Most of what executors are made of: many programs make none.
const client = ownOnDemand<typeof import('./client.js')>('executors/client.js');
const executorCore = ownOnDemand<typeof import('./executor-core.js')>('executors/executor-core.js');

const abandoned = new FinalizationRegistry<ExecutorCore>((core) => void core.shutdown(false, false));

/** How an executor travels. */
export interface Travelling {
  readonly parts: Parts;
  readonly grace: number;
}

export function isTravelling(source: object | undefined): source is Travelling {
  return typeof source === 'object' && source !== null && 'parts' in source;
}

/** What one is made of where it is made. */
export interface Making {
  readonly options: CheckedExecutorOptions;
  readonly host: WorkerHost;
  readonly prefix: string;
}

/** What submits from here: the core where the executor was made, a client alone elsewhere. */
type Access = { readonly client: Client; readonly core: ExecutorCore | undefined };

/** Executors of other isolates, by the handle of their boards: one client each, however often they arrive. */
const arrived = new Map<number, WeakRef<WorkerExecutor>>();

export abstract class WorkerExecutor extends Executor {
  readonly #access: Access;
  readonly #grace: number;
  readonly #maxWorkers: number;
  readonly #maxQueue: number;
  readonly #words: Int32Array;
  readonly #runTime: Histogram;
  readonly #waitTime: Histogram;
  readonly #tally: { completed: number; failed: number };

  /** @internal */
  constructor(source: Travelling | Making) {
    super();
    if (isTravelling(source)) {
      const { parts, grace } = source;
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
      this.#access = { client: new (client().Client)(parts, tally, grace, undefined), core: undefined };
      this.#grace = grace;
      this.#words = parts.board.array;
    } else {
      const { options, host, prefix } = source;
      const { namePrefix = prefix, initializer, initArgs, grace } = options;
      const core = new (executorCore().ExecutorCore)(options, host, { prefix: namePrefix, initializer, initArgs });
      this.#access = { client: core.client, core };
      this.#grace = grace;
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
  _dispatch(fn: Function, args: unknown[], options: TaskOptions | undefined, from: Function | Site): Future<unknown> {
    const { client } = this.#access;
    if (((this.#words[Board.FLAGS] as number) & BoardFlag.CLOSED) !== 0) this.#refuse();
    return client.dispatch(knownFunction(fn), args, options, 0, from);
  }

  /** @internal */
  _dispatchChunk(
    fn: KnownFunction,
    items: unknown[],
    style: number,
    options: TaskOptions | undefined,
    from: Site,
  ): Future<unknown[]> {
    const { client } = this.#access;
    if (((this.#words[Board.FLAGS] as number) & BoardFlag.CLOSED) !== 0) this.#refuse();
    return client.dispatch(fn, [items, style], options, 0, from, Flag.CHUNK) as Future<unknown[]>;
  }

  /** @internal */
  async _broadcast(fn: Function, args: unknown[]): Promise<unknown[]> {
    const { core } = this.#access;
    if (core === undefined)
      throw new PoolStateError('broadcast() is for the thread that made the executor; submit tasks from here');
    if (core.closed) this.#refuse();
    const results = await Promise.allSettled(core.broadcast(fn, args, this.broadcast));
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
    if (core === undefined) return Promise.reject(this.#notTheMaker('shut it down'));
    return core.shutdown(options?.wait ?? true, options?.cancelFutures ?? false);
  }

  #notTheMaker(what: string): PoolStateError {
    return new PoolStateError(`only the thread that made the executor can ${what}`);
  }

  /** Ends the workers now: queued tasks are cancelled, running ones fail with WorkerLostError. @internal */
  protected _endWorkers(how: 'terminate' | 'kill'): Promise<void> {
    const { core } = this.#access;
    return core?.endWorkers(how) ?? Promise.reject(this.#notTheMaker('end its workers'));
  }

  /** Tasks in flight do not keep the process alive: for pools. @internal */
  _beDaemon(): void {
    this.#access.client.beDaemon();
  }

  /** Ends the workers at once, whatever they do; all tasks are cancelled. @internal */
  _terminate(): Promise<void> {
    return this.#access.core?.terminate() ?? Promise.resolve();
  }

  get stats(): ExecutorStats {
    const { client } = this.#access;
    const workers = workersOn(this.#words);
    const { running, busy } = client.activity();
    return {
      workers,
      idle: Math.max(0, workers - busy),
      queued: client.queued,
      running,
      completed: this.#tally.completed,
      failed: this.#tally.failed,
      runTime: this.#runTime,
      waitTime: this.#waitTime,
    };
  }

  /**
   * Lets executors of a class travel.
   *
   * @param module URL of the module that makes this call, where isolates must import it first.
   * @internal
   */
  static _registerTravel<E extends WorkerExecutor>(
    cls: abstract new (...args: never[]) => E,
    name: string,
    make: (travelling: Travelling) => E,
    module: string,
  ): void {
    registerClass<WorkerExecutor, Travelling>(cls, {
      name: `heddle:${name}`,
      module,
      encode: (executor) => ({ parts: executor.#access.client.parts, grace: executor.#grace }),
      decode: (travelling) => {
        const handle = travelling.parts.board._handle;
        const known = arrived.get(handle)?.deref();
        if (known !== undefined) return known;
        const executor = make(travelling);
        arrived.set(handle, new WeakRef(executor));
        return executor;
      },
    });
  }
}
