/** What Lock and RLock have in common: guards, `withLock`, and what a Condition asks of its lock. */
import { requireFunction } from '../engine/arguments.js';
import { SharedObject } from '../engine/shared-object.js';
import type { SyncWaitOptions, WaitOptions } from '../engine/wait.js';
import { wordOf } from '../engine/word-of.js';
import { TimeoutError } from '../errors.js';
import { Cell, Kind, Mutex } from '../memory/layout.js';
import { LockGuard } from './guard.js';

export abstract class BaseLock extends SharedObject {
  constructor() {
    super(Kind.MUTEX);
  }

  /**
   * Takes the lock, waiting in line for it. Resolves with false when the timeout passes first; rejects
   * with the signal's reason when that is aborted first. Python: `acquire(timeout=…)`.
   */
  abstract acquire(options?: WaitOptions): Promise<boolean>;

  /** The same, blocking the calling thread, the main thread included. */
  abstract acquireSync(options?: SyncWaitOptions): boolean;

  /** Takes the lock if that needs no waiting. Python: `acquire(blocking=False)`. */
  abstract tryAcquire(): boolean;

  /** Sets the lock free, or hands it to the first in line. */
  abstract release(): void;

  /** True while anybody, in any thread, holds the lock. */
  locked(): boolean {
    return (wordOf(this._handle, Cell.STATE) & Mutex.LOCKED) !== 0;
  }

  /** True while held by someone who got it because the thread or process that held it before died; what it protects may be half changed. */
  get ownerDied(): boolean {
    const held = Mutex.LOCKED | Mutex.OWNER_DIED;
    return (wordOf(this._handle, Cell.STATE) & held) === held;
  }

  /**
   * Runs `fn` while holding the lock and releases it once what `fn` returned has settled.
   * Python: `with lock:`.
   *
   * @throws TimeoutError when the lock is not acquired in time; `fn` is then not called.
   */
  abstract withLock<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;

  /**
   * Runs `fn` while holding the lock, blocking until it is acquired.
   *
   * @throws TimeoutError when the lock is not acquired in time; `fn` is then not called.
   */
  withLockSync<T>(fn: () => T, options?: SyncWaitOptions): T {
    requireFunction('fn', fn);
    const guard = this.guardSync(options);
    try {
      return fn();
    } finally {
      guard.release();
    }
  }

  /**
   * Takes the lock for a block: `using guard = await lock.guard();`
   *
   * @throws TimeoutError when the lock is not acquired in time.
   */
  abstract guard(options?: WaitOptions): Promise<LockGuard>;

  /**
   * Takes the lock for a block, blocking: `using guard = lock.guardSync();`
   *
   * @throws TimeoutError when the lock is not acquired in time.
   */
  guardSync(options?: SyncWaitOptions): LockGuard {
    if (!this.acquireSync(options)) throw notInTime(options);
    return new LockGuard(() => this.release());
  }

  /** Throws unless the caller may `action` (wait, notify) on a condition of this lock. @internal */
  abstract _requireHeld(action: string): void;
  /** Releases completely, however often it is held; what `_resume` needs to hold it again just so. @internal */
  abstract _suspend(): Hold;
  /** @internal */
  abstract _resume(hold: Hold): Promise<void>;
  /** @internal */
  abstract _resumeSync(hold: Hold): void;
}

/** Who held a lock and how often. */
export interface Hold {
  readonly owner: number;
  readonly depth: number;
}

export function notInTime(options: SyncWaitOptions | undefined): TimeoutError {
  return new TimeoutError(`the lock was not acquired within ${options?.timeout} ms`);
}
