/**
 * What all executors have in common: everything that comes down to sending single tasks and chunks of
 * calls, which the subclass does. Python: `concurrent.futures.Executor`.
 */
import { requireFunction } from '../engine/arguments.js';
import type { KnownFunction } from './functions.js';
import type { Future } from './future.js';
import type { Histogram } from './histogram.js';
import { mapOver } from './map.js';
import type { MapOptions, Mapped } from './map-options.js';
import { checkTaskOptions, type TaskOptions } from './task-options.js';
import type { Site } from './task-origin.js';

/** What an executor is doing for all that submit to it, and has done for the thread that asks. */
export interface ExecutorStats {
  /** Workers that are there or are starting. */
  readonly workers: number;
  /** Workers that run no task. */
  readonly idle: number;
  /** Tasks that no worker has begun, whichever thread has submitted them. */
  readonly queued: number;
  /** Tasks that a worker has begun, whichever thread has submitted them. */
  readonly running: number;
  /** Tasks of this thread that have returned. A chunk of `map` is one task. */
  readonly completed: number;
  /** Tasks of this thread that have failed: thrown, timed out, or lost with their worker. */
  readonly failed: number;
  /** How long tasks of this thread ran. */
  readonly runTime: Histogram;
  /** How long tasks of this thread waited to be run. */
  readonly waitTime: Histogram;
}

/** Options of `shutdown`. */
export interface ShutdownOptions {
  /** Waits until the tasks have finished and the workers ended. Default: true. */
  wait?: boolean | undefined;
  /** Cancels the tasks that have not begun, in place of running them. Default: false. */
  cancelFutures?: boolean | undefined;
}

/** Runs functions elsewhere. Python: `concurrent.futures.Executor`. */
export abstract class Executor implements AsyncDisposable {
  /**
   * Sends one call on its way. Throws when function or arguments cannot travel.
   *
   * @param from The place of submission, or the function whose caller it is.
   * @internal
   */
  abstract _dispatch(
    fn: Function,
    args: unknown[],
    options: TaskOptions | undefined,
    from: Function | Site,
  ): Future<unknown>;
  /** Sends a chunk of calls: the future is of what `runChunk` returns. @internal */
  abstract _dispatchChunk(
    fn: KnownFunction,
    items: unknown[],
    style: number,
    options: TaskOptions | undefined,
    from: Site,
  ): Future<unknown[]>;
  /** @internal */
  abstract _broadcast(fn: Function, args: unknown[]): Promise<unknown[]>;
  /** How many workers there may be. @internal */
  abstract get _workerLimit(): number;
  /** How many tasks may be queued; 0: any number. @internal */
  abstract get _queueLimit(): number;

  /**
   * Runs `fn(...args)` on a worker. The function and what it captures, and the arguments, travel as they do to a
   * Thread: see "What travels" in the documentation. A promise that it returns is awaited there.
   *
   * @throws At the call: FunctionNotShippableError and NotSerializableError for what cannot travel; PoolStateError
   * after `shutdown`; TypeError when `fn` is no function. From the future: what `fn` throws, with class, message, own
   * properties, cause and remote stack; WorkerLostError when its worker died; BrokenExecutorError when the
   * initializer failed; QueueFullError when `maxQueue` tasks are queued.
   *
   * Python: `Executor.submit`.
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    requireFunction('fn', fn);
    return this._dispatch(fn, args, undefined, this.submit) as Future<Awaited<R>>;
  }

  /**
   * The executor with options for its tasks: `executor.options({ timeout: 500 }).submit(fn, x)`.
   *
   * @throws TypeError or RangeError naming the option.
   */
  options(options: TaskOptions): Pick<Executor, 'submit' | 'map'> {
    const checked = checkTaskOptions(options);
    const submit = ((fn, ...args) => {
      requireFunction('fn', fn);
      return this._dispatch(fn, args, checked, submit);
    }) as Executor['submit'];
    const map: Executor['map'] = (fn, items, mapOptions) => mapOver(this, fn, items, mapOptions, checked, map);
    return { submit, map };
  }

  /**
   * Calls `fn(item, index)` for each item, on the workers, and hands out the results: `for await`, or `toArray()`.
   *
   * It begins at once, and reads on as results are taken: items in flight are bounded (`bufferSize`), so that an
   * iterable may be endless. Items go in chunks, sized by how long they take, unless `chunkSize` says how. An error
   * comes at the place of its item, and ends the iteration, as does leaving the loop: what is in flight is then
   * cancelled and the source iterator closed.
   *
   * Python: `Executor.map`.
   */
  map<T, R>(
    fn: (item: T, index: number) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): Mapped<Awaited<R>> {
    return mapOver(this, fn, items, options, undefined, this.map);
  }

  /**
   * Runs `fn(...args)` once on every worker that there may be (`maxWorkers`), starting those that are not there yet; resolves with
   * their results. Rejects with the first failure, after all have finished.
   */
  async broadcast<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>[]> {
    requireFunction('fn', fn);
    return (await this._broadcast(fn, args)) as Awaited<R>[];
  }

  /**
   * Takes no more tasks. Those that are there finish, unless `cancelFutures` cancels those that have not begun; then
   * the workers end. Can be called again, to wait, or to cancel.
   *
   * Python: `Executor.shutdown`.
   */
  abstract shutdown(options?: ShutdownOptions): Promise<void>;

  /** What it is doing, and has done. */
  abstract get stats(): ExecutorStats;

  /** `shutdown({ wait: true })`: `await using executor = …`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown({ wait: true });
  }
}
