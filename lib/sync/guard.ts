/** What `using` holds: gives back a lock or permit when its block ends. */

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
