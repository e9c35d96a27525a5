/** Lock: mutual exclusion without an owner. Python: `threading.Lock`. */
import { requireFunction } from '../engine/arguments.js';
import { registerTravel } from '../engine/shared-object.js';
import { type SyncWaitOptions, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { LockNotHeldError } from '../errors.js';
import { Cell } from '../memory/layout.js';
import { BaseLock, type Hold, notInTime } from './base-lock.js';
import { LockGuard } from './guard.js';
import { giveBack, lineOf, MINE, takeBlocking, takeFree, takeInTurn, tryTake } from './mutex.js';

const STATE = Cell.STATE;
/** Shared by every acquire that need not wait: a settled promise of a constant can serve any number of callers. */
const TRUE = Promise.resolve(true);
const FALSE = Promise.resolve(false);
/** A lock has no owner and is held once. */
const HELD: Hold = { owner: 0, depth: 1 };

/**
 * Mutual exclusion between async tasks, threads and processes. Whoever holds it may pass it on: any
 * task or thread may release it. It is not reentrant; see `RLock` for one that is.
 *
 * Waiters, blocked threads and promises alike, stand in one line. A running thread may take the lock
 * before a sleeping one has woken, but one that has stood first in line for half a millisecond gets its turn.
 *
 * A blocked thread runs no JavaScript: if async code of the same thread holds the lock, or stands in
 * line before it, `acquireSync()` waits for something that can only happen after it returns.
 *
 * Python: `threading.Lock`, `multiprocessing.Lock`.
 *
 * @example
 * ```ts
 * import { Lock } from 'heddle/threading';
 * const lock = new Lock();
 * lock.acquireSync();
 * try {
 *   console.log(lock.locked()); // true
 * } finally {
 *   lock.release();
 * }
 * await lock.withLock(async () => console.log('held across awaits'));
 * ```
 */
export class Lock extends BaseLock {
  /**
   * What the state is when the lock is free: 0, or LINE when it is fought over. A guess, from when the last
   * one was wrong, by which acquire and release take one instruction in either case.
   */
  #free = 0;

  override acquire(options?: WaitOptions): Promise<boolean> {
    if (options === undefined && takeFree(this._handle)) return TRUE;
    try {
      const timeout = timeoutOf(options);
      const signal = signalOf(options);
      if (tryTake(this._handle)) return TRUE;
      if (timeout === 0) return FALSE;
      return takeInTurn(this, timeout, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override acquireSync(options?: SyncWaitOptions): boolean {
    if (options === undefined) {
      const free = this.#free;
      const seen = Atomics.compareExchange(wordsAt(this._handle), this._handle + STATE, free, free | MINE);
      if (seen === free) return true;
      this.#free = lineOf(seen);
    }
    return takeBlocking(this._handle, timeoutOf(options));
  }

  override tryAcquire(): boolean {
    return tryTake(this._handle);
  }

  /**
   * Sets the lock free, or hands it to the first in line. Anyone may, not only who acquired it.
   *
   * @throws LockNotHeldError when the lock is not held.
   */
  override release(): void {
    const free = this.#free;
    const seen = Atomics.compareExchange(wordsAt(this._handle), this._handle + STATE, free | MINE, free);
    if (seen === (free | MINE)) return;
    this.#free = lineOf(seen);
    if (!giveBack(this._handle)) throw new LockNotHeldError('release of a lock that is not held');
  }

  override async withLock<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    requireFunction('fn', fn);
    if (!(await this.acquire(options))) throw notInTime(options);
    try {
      return await fn();
    } finally {
      this.release();
    }
  }

  override async guard(options?: WaitOptions): Promise<LockGuard> {
    if (!(await this.acquire(options))) throw notInTime(options);
    return new LockGuard(() => this.release());
  }

  /** @internal */
  override _requireHeld(action: string): void {
    if (!this.locked()) throw new LockNotHeldError(`${action} on a condition whose lock is not held`);
  }

  /** @internal */
  override _suspend(): Hold {
    this.release();
    return HELD;
  }

  /** @internal */
  override async _resume(_hold: Hold): Promise<void> {
    await this.acquire();
  }

  /** @internal */
  override _resumeSync(_hold: Hold): void {
    this.acquireSync();
  }
}

registerTravel(Lock, { tag: 'Lock', revive: () => new Lock() });
