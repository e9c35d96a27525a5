/** What a pool's asynchronous calls return. Python: `multiprocessing.pool.AsyncResult`. */
import { requireFunction, requireOptions } from '../engine/arguments.js';
import { stays } from '../engine/stays.js';
import type { SyncWaitOptions, WaitOptions } from '../engine/wait.js';
import { deadlineOf, timeoutOf } from '../engine/wait.js';
import { InvalidStateError, TimeoutError } from '../errors.js';
import type { Future } from './future.js';
import { heldUntil } from './hold.js';

/** Functions that a pool calls with what came of a task. */
export interface AsyncCallbacks<R> {
  /** Called with the result, in the thread that made the call, before any `get` returns. */
  callback?: ((result: R) => void) | undefined;
  /** Called with the error instead, when the task fails. */
  errorCallback?: ((error: unknown) => void) | undefined;
}

/** @throws TypeError unless they are functions. */
export function requireCallbacks(options: AsyncCallbacks<never> | undefined): void {
  requireOptions('options', options);
  if (options?.callback !== undefined) requireFunction('callback', options.callback);
  if (options?.errorCallback !== undefined) requireFunction('errorCallback', options.errorCallback);
}

/**
 * The result of `applyAsync`, `mapAsync` and `starmapAsync`. Python: `multiprocessing.pool.AsyncResult`.
 *
 * @example
 * ```ts
 * import { ThreadPool } from 'heddle';
 *
 * await using pool = new ThreadPool(2);
 * const result = pool.applyAsync((x: number) => x + 1, [41]);
 * console.log(await result.get({ timeout: 10_000 })); // 42
 * console.log(result.ready(), result.successful()); // true true
 * ```
 */
export class AsyncResult<R> {
  readonly #future: Future<R>;

  /** @internal */
  constructor(future: Future<R>, { callback, errorCallback }: AsyncCallbacks<R> = {}) {
    this.#future = future;
    if (callback === undefined && errorCallback === undefined) return;
    future.addDoneCallback(() => {
      if (future._failed || future.cancelled()) errorCallback?.(future._outcome);
      else callback?.(future._outcome as R);
    });
  }

  /**
   * The result, or rejects with what the task failed with.
   *
   * @throws TimeoutError when there is none within `timeout` ms; the reason of `signal` when it is aborted first. The task
   * goes on in either case.
   */
  get(options?: WaitOptions): Promise<R> {
    return heldUntil(this.#future.result(options));
  }

  /** `get`, blocking the calling thread. */
  getSync(options?: SyncWaitOptions): R {
    return this.#future.resultSync(options);
  }

  /** True when the task has finished, false when `timeout` ms were over first. Never says how it finished. */
  async wait(options?: WaitOptions): Promise<boolean> {
    if (this.ready() && options === undefined) return true;
    // Its error is not what is asked for, that of the options and the signal is.
    const settled = this.#future.exception(options).then(
      () => true,
      (error: unknown) => {
        if (error instanceof TimeoutError && !this.ready()) return false;
        if (this.#future.cancelled() && error === this.#future._outcome) return true;
        throw error;
      },
    );
    return heldUntil(settled);
  }

  /** `wait`, blocking the calling thread. */
  waitSync(options?: SyncWaitOptions): boolean {
    return this.#future._waitSync(deadlineOf(timeoutOf(options)));
  }

  /** True when the task has finished. */
  ready(): boolean {
    return this.#future.done();
  }

  /**
   * True when the task has finished without an error.
   *
   * @throws InvalidStateError when it has not finished. Python: ValueError.
   */
  successful(): boolean {
    if (!this.ready()) throw new InvalidStateError('successful() says nothing of a task that has not finished');
    return !this.#future._failed && !this.#future.cancelled();
  }
}

stays(AsyncResult, 'get() the result, and send that');
