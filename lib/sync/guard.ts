/** What `using` holds: gives back a lock or permit when its block ends. */
import { stays } from '../engine/stays.js';

/**
 * Holds a lock or a permit until its block ends, or until `release()`.
 *
 * Python: what `with lock:` does.
 *
 * @example
 * ```ts
 * import { Lock } from 'heddle/threading';
 * const lock = new Lock();
 * const guard = await lock.guard(); // with `using`, the end of the block releases it
 * console.log(lock.locked()); // true
 * guard.release();
 * ```
 */
export class LockGuard {
  #giveBack: (() => void) | undefined;

  /** @internal */
  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** Gives back what is held, now instead of at the end of the block. Later calls do nothing. */
  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  /** The end of a block of `using` or `await using`: `release()`. */
  get [Symbol.dispose](): () => void {
    return this.release;
  }
}

stays(LockGuard, 'send the lock, and acquire it there');
