/**
 * What pools of threads and of processes have in common: `multiprocessing.Pool` on an executor.
 *
 *   RUNNING ──close()──► CLOSED ──► its workers end when all that was submitted has finished
 *      └────terminate()────┴──────► TERMINATED: its workers end now, and what has not finished is cancelled
 *
 * `imap` reads its items as it goes, also after `close()`: the executor is shut down when the last item is sent.
 */
import { availableParallelism } from 'node:os';
import { registerClass } from '../codec/classes.js';
import { requireFunction, requireInteger, requireOptions, show } from '../engine/arguments.js';
import type { WaitOptions } from '../engine/wait.js';
import { NotSerializableError, PoolStateError } from '../errors.js';
import { allChunks } from './all-chunks.js';
import { type AsyncCallbacks, AsyncResult, requireCallbacks } from './async-result.js';
import { ONE_ARGUMENT, SPREAD } from './chunk.js';
import type { Executor } from './executor.js';
import { type KnownFunction, knownFunction } from './functions.js';
import { Future } from './future.js';
import { heldUntil } from './hold.js';
import { MapRun } from './map-run.js';
import { siteOf } from './task-origin.js';

/** Options of a pool. */
export interface PoolOptions {
  /** Workers, at least 1. Default: `os.availableParallelism()`. */
  processes?: number | undefined;
  /** Called once in each worker, before its first task. When it fails, so does every task: BrokenExecutorError. */
  initializer?: ((...args: never[]) => unknown) | undefined;
  /** Arguments of `initializer`. */
  initArgs?: readonly unknown[] | undefined;
  /** Tasks after which a worker is replaced by a new one, at least 1. Default: never. */
  maxTasksPerChild?: number | undefined;
}

/** Options of calls over many items. */
export interface PoolMapOptions {
  /**
   * Items that travel together as one task, at least 1. Default: for `imap` and `imapUnordered` 1, for the others a
   * quarter of a worker's share.
   */
  chunkSize?: number | undefined;
}

/** Results of `imap`, to be iterated once. */
export interface PoolIterator<R> extends AsyncIterableIterator<R, undefined, undefined>, AsyncDisposable {
  /**
   * The next result. Rejects with TimeoutError when there is none within `timeout` ms; it is then still to come. A failed
   * item rejects in its turn; with a `chunkSize` of 1 the calls after it go on with the next item.
   */
  next(options?: WaitOptions): Promise<IteratorResult<R, undefined>>;
  /** Ends the iteration: cancels what has not finished, and closes the source. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** What a pool needs of its executor beyond what all have. */
export interface PoolExecutor extends Executor {
  /** Ends the workers now; what has not finished is cancelled. Resolves when they are gone. */
  _terminate(): Promise<void>;
  /** Tasks in flight do not keep the process alive. */
  _beDaemon(): void;
}

/** The parts of PoolOptions, checked. */
export interface CheckedPoolOptions {
  readonly processes: number;
  readonly initializer: ((...args: never[]) => unknown) | undefined;
  readonly initArgs: unknown[];
  readonly maxTasksPerChild: number | undefined;
}

/** @throws TypeError or RangeError naming the option. */
export function checkPoolOptions(
  given: number | PoolOptions | undefined,
  most: number = Number.MAX_SAFE_INTEGER,
): CheckedPoolOptions {
  const options = typeof given === 'number' ? { processes: given } : given;
  requireOptions('options', options);
  const {
    processes = Math.min(availableParallelism(), most),
    initializer,
    initArgs = [],
    maxTasksPerChild,
  }: PoolOptions = options ?? {};
  requireInteger('processes', processes, 1, most);
  if (initializer !== undefined) requireFunction('initializer', initializer);
  if (!Array.isArray(initArgs)) throw new TypeError(`initArgs must be an array, got ${show(initArgs)}`);
  if (maxTasksPerChild !== undefined) requireInteger('maxTasksPerChild', maxTasksPerChild, 1, Number.MAX_SAFE_INTEGER);
  return { processes, initializer, initArgs, maxTasksPerChild };
}

/** How a pool travels. */
export interface TravellingPool {
  readonly executor: PoolExecutor;
  readonly processes: number;
}

export function isTravellingPool(source: unknown): source is TravellingPool {
  return typeof source === 'object' && source !== null && 'executor' in source;
}

/** Pools of other isolates, by their executors: one each, however often they arrive. */
const arrived = new WeakMap<PoolExecutor, BasePool>();

/** `multiprocessing.Pool`, whatever its workers are. */
export abstract class BasePool implements AsyncDisposable {
  readonly #executor: PoolExecutor;
  readonly #processes: number;
  /** It was made elsewhere. */
  readonly #isGuest: boolean;
  #state: 'running' | 'closed' | 'terminated' = 'running';
  /** Runs of `imap` that have items left to send. */
  #sending = 0;
  #onSent: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  /** @internal */
  constructor({ executor, processes }: TravellingPool, isGuest: boolean) {
    this.#executor = executor;
    this.#processes = processes;
    this.#isGuest = isGuest;
    executor._beDaemon();
  }

  /**
   * Lets pools of a class travel.
   *
   * @param module URL of the module that makes this call, where isolates must import it first.
   * @internal
   */
  static _registerTravel<P extends BasePool>(
    cls: abstract new (...args: never[]) => P,
    name: string,
    make: (travelling: TravellingPool) => P,
    module: string,
  ): void {
    registerClass<BasePool, TravellingPool>(cls, {
      name: `heddle:${name}`,
      module,
      encode: (pool) => ({ executor: pool.#executor, processes: pool.#processes }),
      decode: (travelling) => {
        let pool = arrived.get(travelling.executor);
        if (pool === undefined) {
          pool = make(travelling);
          arrived.set(travelling.executor, pool);
        }
        return pool;
      },
    });
  }

  /**
   * Calls `fn(...args)` on a worker and resolves with its result. One call at a time when each is awaited before the next.
   * Python: `Pool.apply`.
   */
  async apply<A extends unknown[], R>(fn: (...args: A) => R, args?: A): Promise<Awaited<R>> {
    return heldUntil(this.#call(fn, args, this.apply).result() as Promise<Awaited<R>>);
  }

  /** `apply`, blocking the calling thread. */
  applySync<A extends unknown[], R>(fn: (...args: A) => R, args?: A): Awaited<R> {
    return this.#call(fn, args, this.applySync).resultSync() as Awaited<R>;
  }

  /**
   * Calls `fn(...args)` on a worker and returns at once. The task does not keep the process alive: waiting for it does,
   * and so does `join()`.
   *
   * @throws PoolStateError when the pool is closed; FunctionNotShippableError when `fn` cannot travel. Arguments that cannot
   * travel fail the result.
   *
   * Python: `Pool.apply_async`.
   */
  applyAsync<A extends unknown[], R>(
    fn: (...args: A) => R,
    args?: A,
    options?: AsyncCallbacks<Awaited<R>>,
  ): AsyncResult<Awaited<R>> {
    requireCallbacks(options);
    return new AsyncResult(this.#call(fn, args, this.applyAsync) as Future<Awaited<R>>, options);
  }

  /**
   * Calls `fn(item)` for each item and resolves with all results, in order. When calls fail it rejects with the first
   * failure, after all have finished. Python: `Pool.map`.
   */
  async map<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: PoolMapOptions): Promise<Awaited<R>[]> {
    return heldUntil(this.#callAll(fn, items, ONE_ARGUMENT, options, this.map).result() as Promise<Awaited<R>[]>);
  }

  /** `map`, blocking the calling thread. */
  mapSync<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: PoolMapOptions): Awaited<R>[] {
    return this.#callAll(fn, items, ONE_ARGUMENT, options, this.mapSync).resultSync() as Awaited<R>[];
  }

  /** `map` that returns at once; the callback is called with the whole list. Python: `Pool.map_async`. */
  mapAsync<T, R>(
    fn: (item: T) => R,
    items: Iterable<T>,
    options?: PoolMapOptions & AsyncCallbacks<Awaited<R>[]>,
  ): AsyncResult<Awaited<R>[]> {
    requireCallbacks(options);
    return new AsyncResult(
      this.#callAll(fn, items, ONE_ARGUMENT, options, this.mapAsync) as Future<Awaited<R>[]>,
      options,
    );
  }

  /** `map` for functions of several parameters: each item is the array of arguments. Python: `Pool.starmap`. */
  async starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<A>,
    options?: PoolMapOptions,
  ): Promise<Awaited<R>[]> {
    return heldUntil(this.#callAll(fn, items, SPREAD, options, this.starmap).result() as Promise<Awaited<R>[]>);
  }

  /** `starmap`, blocking the calling thread. */
  starmapSync<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<A>,
    options?: PoolMapOptions,
  ): Awaited<R>[] {
    return this.#callAll(fn, items, SPREAD, options, this.starmapSync).resultSync() as Awaited<R>[];
  }

  /** `starmap` that returns at once. Python: `Pool.starmap_async`. */
  starmapAsync<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<A>,
    options?: PoolMapOptions & AsyncCallbacks<Awaited<R>[]>,
  ): AsyncResult<Awaited<R>[]> {
    requireCallbacks(options);
    return new AsyncResult(
      this.#callAll(fn, items, SPREAD, options, this.starmapAsync) as Future<Awaited<R>[]>,
      options,
    );
  }

  /**
   * Calls `fn(item)` for each item and hands out results, in order, as they come. It works through all items whether or not
   * the results are taken, unless the loop is left. Python: `Pool.imap`.
   */
  imap<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: PoolMapOptions,
  ): PoolIterator<Awaited<R>> {
    return this.#iterate(fn, items, options, true, this.imap);
  }

  /** `imap` in the order of completion. Python: `Pool.imap_unordered`. */
  imapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: PoolMapOptions,
  ): PoolIterator<Awaited<R>> {
    return this.#iterate(fn, items, options, false, this.imapUnordered);
  }

  /**
   * Takes no more tasks. Those that are there finish, then the workers end.
   *
   * @throws PoolStateError in a thread that has not made the pool, as `terminate()` and `join()` do.
   *
   * Python: `Pool.close`.
   */
  close(): void {
    this.#requireHost('close it');
    if (this.#state !== 'running') return;
    this.#state = 'closed';
    this.#shutDownWhenSent();
  }

  /**
   * Ends the workers now. Tasks that have not finished are cancelled: their results fail with CancelledError.
   * Python: `Pool.terminate`.
   */
  terminate(): void {
    this.#requireHost('terminate it');
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#ended = this.#executor._terminate();
    this.#onSent?.();
  }

  /**
   * Waits until the workers have ended.
   *
   * @throws PoolStateError (as a rejection) before `close()` or `terminate()`.
   *
   * Python: `Pool.join`.
   */
  async join(): Promise<void> {
    this.#requireHost('join it');
    if (this.#state === 'running')
      throw new PoolStateError('the pool is still running: call close() or terminate() before join()');
    await heldUntil(this.#allSent().then(() => this.#ended ?? this.#executor.shutdown({ wait: true })));
  }

  /** `terminate()`, and waits until the workers have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  #requireHost(what: string): void {
    if (this.#isGuest) throw new PoolStateError(`only the thread that made the pool can ${what}`);
  }

  #requireRunning(): void {
    if (this.#state !== 'running') throw new PoolStateError(`the pool takes no more tasks: it is ${this.#state}`);
  }

  #call(fn: Function, args: unknown[] | undefined, caller: Function): Future<unknown> {
    requireFunction('fn', fn);
    if (args !== undefined && !Array.isArray(args)) throw new TypeError(`args must be an array, got ${show(args)}`);
    this.#requireRunning();
    try {
      return this.#executor._dispatch(fn, args ?? [], undefined, caller);
    } catch (error) {
      return failedWith(error);
    }
  }

  #callAll(
    fn: Function,
    items: Iterable<unknown>,
    style: number,
    options: PoolMapOptions | undefined,
    caller: Function,
  ): Future<unknown[]> {
    requireFunction('fn', fn);
    requireOptions('options', options);
    if (typeof (items as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] !== 'function')
      throw new TypeError(`items must be iterable (imap takes asynchronous iterables too), got ${show(items)}`);
    if (options?.chunkSize !== undefined) requireInteger('chunkSize', options.chunkSize, 1, Number.MAX_SAFE_INTEGER);
    this.#requireRunning();
    const list = [...items];
    if (style === SPREAD) {
      const wrong = list.findIndex((item) => !Array.isArray(item));
      if (wrong >= 0) throw new TypeError(`items[${wrong}] must be an array of arguments, got ${show(list[wrong])}`);
    }
    const size = options?.chunkSize ?? Math.max(1, Math.ceil(list.length / (4 * this.#processes)));
    const chunks: Future<unknown[]>[] = [];
    const site = siteOf(caller);
    let known: KnownFunction | undefined;
    for (let first = 0; first < list.length; first += size) {
      try {
        known ??= knownFunction(fn);
        chunks.push(this.#executor._dispatchChunk(known, list.slice(first, first + size), style, undefined, site));
      } catch (error) {
        chunks.push(failedWith(error));
      }
    }
    return allChunks(chunks, list.length, size, site);
  }

  #iterate<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options: PoolMapOptions | undefined,
    ordered: boolean,
    caller: Function,
  ): PoolIterator<Awaited<R>> {
    requireFunction('fn', fn);
    requireOptions('options', options);
    const { chunkSize = 1 } = options ?? {};
    requireInteger('chunkSize', chunkSize, 1, Number.MAX_SAFE_INTEGER);
    this.#requireRunning();
    this.#sending++;
    let sent = false;
    const onSent = (): void => {
      if (sent) return;
      sent = true;
      if (--this.#sending === 0) this.#onSent?.();
    };
    const manner = { caller, style: ONE_ARGUMENT, goesOn: chunkSize === 1, unbounded: true, holds: true, onSent };
    try {
      return new MapRun<Awaited<R>>(this.#executor, fn, items, { chunkSize, ordered }, undefined, manner);
    } catch (error) {
      onSent();
      throw error;
    }
  }

  #shutDownWhenSent(): void {
    void this.#allSent().then(() => {
      if (this.#state === 'closed') void this.#executor.shutdown({ wait: false });
    });
  }

  #allSent(): Promise<void> {
    if (this.#sending === 0 || this.#state === 'terminated') return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onSent;
      this.#onSent = () => {
        before?.();
        resolve();
      };
    });
  }
}

/** What cannot travel as an argument fails the task alone; the rest is thrown at the call. */
function failedWith<T>(error: unknown): Future<T> {
  if (!(error instanceof NotSerializableError)) throw error;
  const future = new Future<T>();
  future._reject(error);
  return future;
}
