/** RLock: a lock that its owner can take again. Python: `threading.RLock`. */
import { requireFunction } from '../engine/arguments.js';
import { registerTravel } from '../engine/shared-object.js';
import { type SyncWaitOptions, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { DeadlockError, NotOwnerError } from '../errors.js';
import { Mutex } from '../memory/layout.js';
import { BaseLock, type Hold, notInTime } from './base-lock.js';
import { LockGuard } from './guard.js';
import { giveBack, heldHere, takeBlocking, takeFree, takeInTurn, tryTake } from './mutex.js';
import { currentScope, enter, newScope, runIn, type Scope, threadIdent } from './scope.js';

const { OWNER, DEPTH } = Mutex;
const TRUE = Promise.resolve(true);
const FALSE = Promise.resolve(false);
const MOST_HOLDS = 0x7fffffff;

/**
 * A lock that its owner can acquire again; others get it after as many releases.
 *
 * The owner is, for calls outside of any scope, **the running thread**, as in Python. A thread runs
 * many async tasks in turns, which a thread as the owner does not tell apart: two tasks that both
 * `await rlock.acquire()` both get it. Async code therefore has **scopes**:
 *
 * - `withLock(fn)` begins a scope for everything `fn` does and awaits;
 * - `using guard = await rlock.guard()` begins one for the rest of the block, `guard.run(fn)` for `fn`.
 *
 * In a scope, every call on any RLock acts for the scope. Scopes nest: a task can enter again what an
 * enclosing scope holds. Tasks in scopes of their own, and code outside, are kept out. What a thread
 * holds outside of scopes, a scope does not own.
 *
 * A `Sync` call without a timeout throws `DeadlockError` where it could never return: when other async
 * code of the same thread holds the lock.
 *
 * Python: `threading.RLock`, `multiprocessing.RLock`.
 *
 * @example
 * ```ts
 * import { RLock } from 'heddle/threading';
 * const lock = new RLock();
 * const inner = () => lock.withLock(async () => 'entered twice');
 * console.log(await lock.withLock(inner));
 * ```
 */
export class RLock extends BaseLock {
  readonly #words = wordsAt(this._handle);

  override acquire(options?: WaitOptions): Promise<boolean> {
    try {
      const timeout = timeoutOf(options);
      const signal = signalOf(options);
      return this.#acquire(this.#caller(), timeout, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override acquireSync(options?: SyncWaitOptions): boolean {
    const caller = this.#caller();
    if (options === undefined && takeFree(this._handle)) {
      this.#own(caller, 1);
      return true;
    }
    const timeout = timeoutOf(options);
    if (this.#enterAgain(caller)) return true;
    if (timeout < 0) this.#requireEnd();
    if (!takeBlocking(this._handle, timeout)) return false;
    this.#own(caller, 1);
    return true;
  }

  override tryAcquire(): boolean {
    return this.#tryAcquire(this.#caller());
  }

  /**
   * Takes back one acquire; the last one sets the lock free.
   *
   * @throws NotOwnerError when the running thread or scope does not hold the lock.
   */
  override release(): void {
    this.#releaseFor(this.#caller());
  }

  override async withLock<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    requireFunction('fn', fn);
    const scope = this.#scopeForBlock();
    const owner = scope?.ident ?? this.#caller();
    if (!(await this.#acquireWith(owner, options))) throw notInTime(options);
    try {
      return await (scope === undefined ? fn() : runIn(scope, fn));
    } finally {
      if (scope !== undefined) scope.ended = true;
      this.#releaseFor(owner);
    }
  }

  override withLockSync<T>(fn: () => T, options?: SyncWaitOptions): T {
    return super.withLockSync(fn, options);
  }

  /**
   * Takes the lock for a block: `using guard = await rlock.guard();` The rest of the block is a scope.
   * Without `using`, run what shall own the lock with `guard.run(fn)`, and release the guard at the end.
   *
   * @throws TimeoutError when the lock is not acquired in time.
   */
  override async guard(options?: WaitOptions): Promise<RLockGuard> {
    const scope = this.#scopeForBlock();
    const owner = scope?.ident ?? this.#caller();
    if (!(await this.#acquireWith(owner, options))) throw notInTime(options);
    return new RLockGuard(() => this.#releaseFor(owner), scope);
  }

  override guardSync(options?: SyncWaitOptions): LockGuard {
    const caller = this.#caller();
    if (!this.acquireSync(options)) throw notInTime(options);
    return new LockGuard(() => this.#releaseFor(caller));
  }

  /** Whom a call acts for: the scope of the caller that owns the lock, else its innermost scope, else its thread. */
  #caller(): number {
    const innermost = currentScope();
    if (innermost === undefined) return threadIdent();
    const owner = this.#words[this._handle + OWNER] as number;
    for (let scope: Scope | undefined = innermost; scope !== undefined; scope = scope.parent) {
      if (scope.ident === owner) return owner;
    }
    return innermost.ident;
  }

  /** A scope for a block that is to hold the lock; none is needed by a caller in a scope that holds it. */
  #scopeForBlock(): Scope | undefined {
    return currentScope() !== undefined && this.#owns(this.#caller()) ? undefined : newScope();
  }

  // Only who owns the lock writes its own identifier into OWNER, and clears it before letting go, so
  // finding it there needs no lock.
  #owns(caller: number): boolean {
    return this.#words[this._handle + OWNER] === caller;
  }

  #own(owner: number, depth: number): void {
    const words = this.#words;
    words[this._handle + OWNER] = owner;
    words[this._handle + DEPTH] = depth;
  }

  #enterAgain(caller: number): boolean {
    if (!this.#owns(caller)) return false;
    const words = this.#words;
    const depth = words[this._handle + DEPTH] as number;
    if (depth === MOST_HOLDS) throw new RangeError(`the lock is held ${MOST_HOLDS} times, which is the most`);
    words[this._handle + DEPTH] = depth + 1;
    return true;
  }

  #tryAcquire(caller: number): boolean {
    if (this.#enterAgain(caller)) return true;
    if (!tryTake(this._handle)) return false;
    this.#own(caller, 1);
    return true;
  }

  #acquire(owner: number, timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#tryAcquire(owner)) return TRUE;
    if (timeout === 0) return FALSE;
    return takeInTurn(this, timeout, signal, () => this.#own(owner, 1));
  }

  #acquireWith(owner: number, options: WaitOptions | undefined): Promise<boolean> {
    return this.#acquire(owner, timeoutOf(options), signalOf(options));
  }

  #releaseFor(owner: number): void {
    if (!this.#owns(owner)) {
      throw new NotOwnerError(
        this.locked()
          ? 'release of an RLock that another thread or scope holds'
          : 'release of an RLock that is not held',
      );
    }
    const words = this.#words;
    const depth = words[this._handle + DEPTH] as number;
    if (depth > 1) {
      words[this._handle + DEPTH] = depth - 1;
      return;
    }
    this.#own(0, 0);
    giveBack(this._handle);
  }

  /** Throws when this thread's own async code has the lock: it cannot run to release it while the thread is blocked. */
  #requireEnd(): void {
    if (heldHere(this._handle)) {
      throw new DeadlockError('acquireSync would block for ever: async code of this thread holds the RLock');
    }
  }

  /** @internal */
  override _requireHeld(action: string): void {
    if (!this.#owns(this.#caller())) {
      throw new NotOwnerError(`${action} on a condition whose lock the running thread or scope does not hold`);
    }
  }

  /** @internal */
  override _suspend(): Hold {
    const hold = { owner: this.#caller(), depth: this.#words[this._handle + DEPTH] as number };
    this.#own(0, 0);
    giveBack(this._handle);
    return hold;
  }

  /** @internal */
  override async _resume(hold: Hold): Promise<void> {
    if (tryTake(this._handle)) this.#own(hold.owner, hold.depth);
    else await takeInTurn(this, -1, undefined, () => this.#own(hold.owner, hold.depth));
  }

  /** @internal */
  override _resumeSync(hold: Hold): void {
    takeBlocking(this._handle, -1);
    this.#own(hold.owner, hold.depth);
  }
}

/**
 * Holds an RLock for a scope.
 *
 * @example
 * ```ts
 * import { RLock } from 'heddle/threading';
 * const lock = new RLock();
 * const guard = await lock.guard();
 * console.log(guard.run(() => lock.tryAcquire())); // true
 * guard.run(() => lock.release());
 * guard.release();
 * ```
 */
export class RLockGuard extends LockGuard {
  readonly #scope: Scope | undefined;
  #leave: (() => void) | undefined;

  /** @internal */
  constructor(giveBack: () => void, scope: Scope | undefined) {
    super(giveBack);
    this.#scope = scope;
  }

  /** Runs `fn`, and all that it awaits, in the scope that holds the lock. */
  run<T>(fn: () => T): T {
    requireFunction('fn', fn);
    return this.#scope === undefined || this.#scope.ended ? fn() : runIn(this.#scope, fn);
  }

  override release(): void {
    if (this.#scope !== undefined) this.#scope.ended = true;
    this.#leave?.();
    this.#leave = undefined;
    super.release();
  }

  /**
   * `using` asks for this where the guard is declared, which is where its block begins: from there the
   * running async function is in the scope.
   */
  override get [Symbol.dispose](): () => void {
    if (this.#scope !== undefined && !this.#scope.ended && this.#leave === undefined) this.#leave = enter(this.#scope);
    return this.release;
  }
}

registerTravel(RLock, { tag: 'RLock', revive: () => new RLock() });
