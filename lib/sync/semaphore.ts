/** Semaphore and BoundedSemaphore: a number of permits. Python: `threading.Semaphore`, `threading.BoundedSemaphore`. */
import { requireFunction, requireInteger } from '../engine/arguments.js';
import type { Outcome as OutcomeCode } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import {
  block,
  deadlineOf,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { isProxy, wordOf } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import { SemaphoreOverflowError, TimeoutError } from '../errors.js';
import { Cell, Kind, Outcome, WaiterMode, Semaphore as Word } from '../memory/layout.js';
import { LockGuard } from './guard.js';

const STATE = Cell.STATE;
const PARKED = Word.PARKED;
/** One permit in the state word. */
const ONE = 1 << Word.VALUE_SHIFT;
const TRUE = Promise.resolve(true);
const FALSE = Promise.resolve(false);

const granted = (outcome: OutcomeCode): boolean => outcome === Outcome.GRANTED;

function notInTime(options: SyncWaitOptions | undefined): TimeoutError {
  return new TimeoutError(`no permit was acquired within ${options?.timeout} ms`);
}

/**
 * A number of permits that tasks, threads and processes take and give back. Waiters stand in one line,
 * and a permit that is released while somebody waits goes to the first of them.
 *
 * Python: `threading.Semaphore`, `multiprocessing.Semaphore`.
 *
 * @example
 * ```ts
 * import { Semaphore } from 'heddle/threading';
 * const connections = new Semaphore(3);
 * await connections.withPermit(async () => console.log(connections.getValue())); // 2
 * ```
 */
export class Semaphore extends SharedObject {
  /** @param value Permits at the start, 0 or more. Default: 1. */
  constructor(value = 1) {
    requireInteger('value', value, 0, Word.MAX_VALUE);
    super(Kind.SEMAPHORE);
    if (!this.adopted) Atomics.store(wordsAt(this._handle), this._handle + STATE, value << Word.VALUE_SHIFT);
  }

  /**
   * Takes a permit, waiting in line for it. Resolves with false when the timeout passes first; rejects
   * with the signal's reason when that is aborted first. Python: `acquire(timeout=…)`.
   */
  acquire(options?: WaitOptions): Promise<boolean> {
    if (options === undefined && this.tryAcquire()) return TRUE;
    try {
      const timeout = timeoutOf(options);
      const signal = signalOf(options);
      if (this.tryAcquire()) return TRUE;
      if (timeout === 0) return FALSE;
      return promise(engine.semaphoreAcquire(this._handle, WaiterMode.LOOP, timeout), timeout, signal, granted, this);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking the calling thread, the main thread included. */
  acquireSync(options?: SyncWaitOptions): boolean {
    if (options === undefined && this.tryAcquire()) return true;
    const timeout = timeoutOf(options);
    if (this.tryAcquire()) return true;
    if (timeout === 0) return false;
    const deadline = deadlineOf(timeout);
    return block(engine.semaphoreAcquire(this._handle, WaiterMode.THREAD, timeout), deadline) === Outcome.GRANTED;
  }

  /** Takes a permit if there is one and nobody waits for it. Python: `acquire(blocking=False)`. */
  tryAcquire(): boolean {
    const word = this._handle + STATE;
    const words = wordsAt(word);
    for (;;) {
      const state = Atomics.load(words, word);
      // PARKED implies that there is none.
      if (state < ONE || (state & PARKED) !== 0) return isProxy(this._handle) && this.#tryAcquireAfar();
      if (Atomics.compareExchange(words, word, state, state - ONE) === state) return true;
    }
  }

  /**
   * Gives `n` permits (default 1), to those who wait first. Any task or thread may.
   *
   * @throws RangeError unless `n` is an integer of at least 1.
   * @throws SemaphoreOverflowError when that would be more than a BoundedSemaphore started with, or
   * 2^30 - 1 in all; nothing is then given.
   */
  release(n = 1): void {
    requireInteger('n', n, 1, Word.MAX_VALUE);
    const word = this._handle + STATE;
    const words = wordsAt(word);
    for (;;) {
      const state = Atomics.load(words, word);
      if ((state & PARKED) !== 0) break;
      const value = (state >>> Word.VALUE_SHIFT) + n;
      if (value > this._most()) throw this.#overflow(n);
      if (Atomics.compareExchange(words, word, state, value << Word.VALUE_SHIFT) === state) return;
    }
    const outcome = engine.semaphoreRelease(this._handle, n);
    settleOwnGrants();
    if (outcome === Outcome.OVERFLOW) throw this.#overflow(n);
  }

  /** Permits that can be taken now. Python: `multiprocessing.Semaphore.get_value()`. */
  getValue(): number {
    return wordOf(this._handle, STATE) >>> Word.VALUE_SHIFT;
  }

  /**
   * Runs `fn` while holding a permit and gives it back once what `fn` returned has settled.
   * Python: `with semaphore:`.
   *
   * @throws TimeoutError when there is no permit in time; `fn` is then not called.
   */
  async withPermit<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    requireFunction('fn', fn);
    if (!(await this.acquire(options))) throw notInTime(options);
    try {
      return await fn();
    } finally {
      this.release();
    }
  }

  /**
   * Runs `fn` while holding a permit, blocking until there is one.
   *
   * @throws TimeoutError when there is no permit in time; `fn` is then not called.
   */
  withPermitSync<T>(fn: () => T, options?: SyncWaitOptions): T {
    requireFunction('fn', fn);
    if (!this.acquireSync(options)) throw notInTime(options);
    try {
      return fn();
    } finally {
      this.release();
    }
  }

  /**
   * Takes a permit for a block: `using permit = await semaphore.guard();`
   *
   * @throws TimeoutError when there is no permit in time.
   */
  async guard(options?: WaitOptions): Promise<LockGuard> {
    if (!(await this.acquire(options))) throw notInTime(options);
    return new LockGuard(() => this.release());
  }

  /**
   * Takes a permit for a block, blocking: `using permit = semaphore.guardSync();`
   *
   * @throws TimeoutError when there is no permit in time.
   */
  guardSync(options?: SyncWaitOptions): LockGuard {
    if (!this.acquireSync(options)) throw notInTime(options);
    return new LockGuard(() => this.release());
  }

  /** The most permits there may be. @internal */
  _most(): number {
    return Word.MAX_VALUE;
  }

  /** `tryAcquire` of a semaphore of another process. */
  #tryAcquireAfar(): boolean {
    return engine.semaphoreAcquire(this._handle, WaiterMode.LOOP, 0) === Outcome.GRANTED;
  }

  #overflow(n: number): SemaphoreOverflowError {
    return new SemaphoreOverflowError(
      `release(${n}) would give more permits than the most, ${this._most()}: it was released more often than acquired`,
    );
  }
}

/**
 * A Semaphore that refuses more releases than acquires, which are nearly always a mistake.
 *
 * Python: `threading.BoundedSemaphore`, `multiprocessing.BoundedSemaphore`.
 *
 * @example
 * ```ts
 * import { SemaphoreOverflowError } from 'heddle';
 * import { BoundedSemaphore } from 'heddle/threading';
 * const seats = new BoundedSemaphore(2);
 * seats.acquireSync();
 * seats.release();
 * try {
 *   seats.release();
 * } catch (error) {
 *   console.log(error instanceof SemaphoreOverflowError); // true
 * }
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  /** @param value Permits at the start and at most, 0 or more. Default: 1. */
  constructor(value = 1) {
    super(value);
    if (this.adopted) return;
    Atomics.store(wordsAt(this._handle), this._handle + Word.BOUND, value);
    Atomics.store(wordsAt(this._handle), this._handle + Word.BOUNDED, 1);
  }

  /** @internal */
  override _most(): number {
    return wordsAt(this._handle)[this._handle + Word.BOUND] as number;
  }
}

registerTravel(Semaphore, { tag: 'Semaphore', revive: () => new Semaphore() });
registerTravel(BoundedSemaphore, { tag: 'BoundedSemaphore', revive: () => new BoundedSemaphore() });
