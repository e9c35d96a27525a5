/** Condition: waiting for a change of what a lock protects. Python: `threading.Condition`. */
import { requireFunction, requireInteger, show } from '../engine/arguments.js';
import { engine } from '../engine/select.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import {
  block,
  deadlineOf,
  noRoom,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeLeft,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { FIRST_TICKET, Kind, Outcome, WaiterMode, Condition as Word } from '../memory/layout.js';
import { BaseLock } from './base-lock.js';
import type { LockGuard } from './guard.js';
import type { Lock } from './lock.js';
import { RLock, type RLockGuard } from './rlock.js';

/** Wakes everybody. */
const ALL = 0x7fffffff;

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}

/**
 * Lets whoever holds a lock wait until somebody else, holding it in turn, changed what it protects and
 * said so. A wait gives up the lock completely, however often an RLock is held, and always holds it
 * again just as before when it returns, also after a timeout or an abort. Waiters are notified in
 * order of arrival; none wakes without a notification.
 *
 * Python: `threading.Condition`, `multiprocessing.Condition`.
 *
 * @example
 * ```ts
 * import { Condition } from 'heddle/threading';
 * const condition = new Condition();
 * const items: string[] = [];
 * const consumer = condition.withLock(async () => {
 *   await condition.waitFor(() => items.length > 0);
 *   return items.shift();
 * });
 * await condition.withLock(() => {
 *   items.push('bone');
 *   condition.notify();
 * });
 * console.log(await consumer); // bone
 * ```
 */
export class Condition extends SharedObject {
  readonly #lock: Lock | RLock;

  /** @param lock The lock that protects what is waited for; several conditions may share one. Default: a new RLock. */
  constructor(lock?: Lock | RLock) {
    if (lock !== undefined && !(lock instanceof BaseLock))
      throw new TypeError(`lock must be a Lock or an RLock, got ${show(lock)}`);
    const protecting = lock ?? new RLock();
    super(Kind.CONDITION);
    this.#lock = protecting;
    if (this.adopted) return;
    engine.retain(protecting._handle);
    wordsAt(this._handle)[this._handle + Word.LOCK] = protecting._handle;
  }

  /** As `acquire` of the lock. */
  acquire(options?: WaitOptions): Promise<boolean> {
    return this.#lock.acquire(options);
  }

  /** As `acquireSync` of the lock. */
  acquireSync(options?: SyncWaitOptions): boolean {
    return this.#lock.acquireSync(options);
  }

  /** As `tryAcquire` of the lock. */
  tryAcquire(): boolean {
    return this.#lock.tryAcquire();
  }

  /** As `release` of the lock. */
  release(): void {
    this.#lock.release();
  }

  /** As `locked` of the lock. */
  locked(): boolean {
    return this.#lock.locked();
  }

  /** As `ownerDied` of the lock. */
  get ownerDied(): boolean {
    return this.#lock.ownerDied;
  }

  /** As `withLock` of the lock. Python: `with condition:`. */
  withLock<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return this.#lock.withLock(fn, options);
  }

  /** As `withLockSync` of the lock. */
  withLockSync<T>(fn: () => T, options?: SyncWaitOptions): T {
    return this.#lock.withLockSync(fn, options);
  }

  /** As `guard` of the lock. */
  guard(options?: WaitOptions): Promise<LockGuard | RLockGuard> {
    return this.#lock.guard(options);
  }

  /** As `guardSync` of the lock. */
  guardSync(options?: SyncWaitOptions): LockGuard {
    return this.#lock.guardSync(options);
  }

  /**
   * Gives up the lock, waits to be notified, and takes the lock again. Resolves with true, or with
   * false when the timeout passes first; rejects with the signal's reason when that is aborted first.
   * The timeout does not count the time it takes to get the lock back. Python: `wait(timeout)`.
   *
   * @throws LockNotHeldError when nobody holds the lock; NotOwnerError when it is an RLock that the
   * caller does not hold.
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    this.#lock._requireHeld('wait');
    const ticket = this.#enqueue(WaiterMode.LOOP);
    const hold = this.#lock._suspend();
    return promise(ticket, timeout, signal, async (outcome) => {
      await this.#lock._resume(hold);
      return outcome === Outcome.GRANTED;
    });
  }

  /** The same, blocking the calling thread. */
  waitSync(options?: SyncWaitOptions): boolean {
    const timeout = timeoutOf(options);
    this.#lock._requireHeld('wait');
    const deadline = deadlineOf(timeout);
    const ticket = this.#enqueue(WaiterMode.THREAD);
    const hold = this.#lock._suspend();
    try {
      return block(ticket, deadline) === Outcome.GRANTED;
    } finally {
      this.#lock._resumeSync(hold);
    }
  }

  /**
   * Waits until `predicate()`, called with the lock held, returns (or resolves with) something truthy,
   * and resolves with that; when the timeout passes first, with the last value. Python: `wait_for(predicate, timeout)`.
   *
   * @throws As `wait`.
   */
  async waitFor<T>(predicate: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    requireFunction('predicate', predicate);
    const deadline = deadlineOf(timeoutOf(options));
    const signal = signalOf(options);
    this.#lock._requireHeld('wait');
    for (;;) {
      const returned = predicate();
      // Awaiting a plain value would let a task of the same thread notify between the look and the wait.
      const value = isPromiseLike(returned) ? await returned : returned;
      const timeout = timeLeft(deadline);
      if (value || timeout === 0) return value;
      await this.wait({ timeout: timeout < 0 ? undefined : timeout, signal });
    }
  }

  /** The same, blocking the calling thread; `predicate` cannot be async. */
  waitForSync<T>(predicate: () => T, options?: SyncWaitOptions): T {
    requireFunction('predicate', predicate);
    const deadline = deadlineOf(timeoutOf(options));
    this.#lock._requireHeld('wait');
    for (;;) {
      const value = predicate();
      const timeout = timeLeft(deadline);
      if (value || timeout === 0) return value;
      this.waitSync({ timeout: timeout < 0 ? undefined : timeout });
    }
  }

  /**
   * Wakes the `n` (default 1) that have waited longest, or as many as there are. They go on once they
   * hold the lock, so after the caller has released it.
   *
   * @throws RangeError unless `n` is an integer of at least 1.
   * @throws LockNotHeldError or NotOwnerError as `wait`.
   */
  notify(n = 1): void {
    requireInteger('n', n, 1, ALL);
    this.#notify(n);
  }

  /** Wakes everybody who waits. Python: `notify_all()`. */
  notifyAll(): void {
    this.#notify(ALL);
  }

  #notify(n: number): void {
    this.#lock._requireHeld('notify');
    engine.conditionNotify(this._handle, n);
    settleOwnGrants();
  }

  #enqueue(mode: 0 | 1): number {
    const ticket = engine.conditionEnqueue(this._handle, mode);
    if (ticket < FIRST_TICKET) throw noRoom();
    return ticket;
  }

  /** What travels beside the handle. @internal */
  static _lockOf(condition: Condition): Lock | RLock {
    return condition.#lock;
  }
}

registerTravel(Condition, {
  tag: 'Condition',
  revive: (lock) => new Condition(lock as Lock | RLock),
  extra: (condition) => Condition._lockOf(condition),
});
