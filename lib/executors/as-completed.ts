/**
 * Futures in the order in which they settle. Python: `concurrent.futures.as_completed`.
 *
 * An iterator by hand: a generator would await the futures that it yields.
 */
import { deadlineOf, signalOf, timeLeft, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { TimeoutError } from '../errors.js';
import { expiresFirst } from './expiry.js';
import { type Future, requireFutures } from './future.js';

/** Futures as they settle, to be iterated once. */
export interface AsCompleted<T> extends AsyncIterableIterator<Future<T>, undefined, undefined> {
  next(): Promise<IteratorResult<Future<T>, undefined>>;
  /** Ends the iteration; the futures are left as they are. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/**
 * The futures, each once, as they settle: first those that have settled already. `for await` gives the futures
 * themselves, to be awaited; TypeScript, which takes whatever can be awaited for awaited, believes that it gives results.
 *
 * @throws TypeError for anything but futures. From the iteration: TimeoutError when `timeout` ms after this call some have
 * not settled and none is there to be handed out; the reason of `signal` when it is aborted while none is there.
 *
 * Python: `concurrent.futures.as_completed`.
 *
 * @example
 * ```ts
 * import { asCompleted, ThreadPoolExecutor } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
 * const futures = [3, 1, 2].map((n) => executor.submit((x: number) => x * 10, n));
 * let sum = 0;
 * for await (const future of asCompleted(futures)) sum += await future;
 * console.log(sum); // 60
 * ```
 */
export function asCompleted<T>(fs: Iterable<Future<T>>, options?: WaitOptions): AsCompleted<T> {
  const timeout = timeoutOf(options);
  return new Completion(requireFutures(fs), timeout, signalOf(options));
}

class Completion<T> implements AsCompleted<T> {
  readonly #pending = new Set<Future<T>>();
  readonly #ready: Future<T>[] = [];
  readonly #count: number;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  #handedOut = 0;
  #wake: (() => void) | undefined;
  /** Calls of `next` take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(futures: Future<T>[], timeout: number, signal: AbortSignal | undefined) {
    for (const future of new Set(futures)) {
      if (future.done()) this.#ready.push(future);
      else this.#pending.add(future);
    }
    this.#count = this.#ready.length + this.#pending.size;
    this.#deadline = deadlineOf(timeout);
    this.#signal = signal;
    for (const future of this.#pending) future._watch(this.#settled);
  }

  next(): Promise<IteratorResult<Future<T>, undefined>> {
    const step = this.#turn.then(() => this.#next());
    this.#turn = step.catch(() => {});
    return step;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    this.#wake?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #settled = (future: Future<unknown>): void => {
    this.#pending.delete(future as Future<T>);
    this.#ready.push(future as Future<T>);
    this.#wake?.();
  };

  async #next(): Promise<IteratorResult<Future<T>, undefined>> {
    while (this.#handedOut === this.#ready.length) {
      if (this.#pending.size === 0) return { done: true, value: undefined };
      try {
        this.#signal?.throwIfAborted();
        const late = await expiresFirst(this.#onWake, timeLeft(this.#deadline), this.#signal);
        if (late) throw new TimeoutError(`${this.#pending.size} (of ${this.#count}) futures unfinished`);
      } catch (error) {
        this.#end();
        throw error;
      }
    }
    return { done: false, value: this.#ready[this.#handedOut++] as Future<T> };
  }

  readonly #onWake = (wake: () => void): (() => void) => {
    this.#wake = wake;
    return () => {
      this.#wake = undefined;
    };
  };

  #end(): void {
    for (const future of this.#pending) future._unwatch(this.#settled);
    this.#pending.clear();
    this.#handedOut = this.#ready.length;
  }
}
