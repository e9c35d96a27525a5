/** A shared object with a lock of its own, made when it is first asked for. */
import { requireOptions, show } from '../engine/arguments.js';
import { engine } from '../engine/select.js';
import { reviveShared, SharedObject } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import { InvalidStateError } from '../errors.js';
import { BaseLock } from '../sync/base-lock.js';
import { Lock } from '../sync/lock.js';
import { RLock } from '../sync/rlock.js';

/** Options of shared numbers. */
export interface GuardedOptions {
  /** The lock that `getLock()` returns; true, the default, for one of its own; false for none. */
  lock?: boolean | Lock | RLock | undefined;
}

/** Bits beside the type code: no lock; the lock is an RLock. */
const UNLOCKED = 0x100;
const REENTRANT = 0x200;
const CODE = 0xff;

export abstract class GuardedObject extends SharedObject {
  readonly #typeWord: number;
  readonly #lockWord: number;
  #lock: Lock | RLock | undefined;

  /** `typeWord`, `lockWord`: offsets of these words in a cell of the kind. */
  constructor(kind: number, typeWord: number, lockWord: number, code: number, options: GuardedOptions | undefined) {
    requireOptions('options', options);
    const lock = options?.lock ?? true;
    if (typeof lock !== 'boolean' && !(lock instanceof BaseLock)) {
      throw new TypeError(`lock must be true, false, a Lock or an RLock, got ${show(lock)}`);
    }
    super(kind);
    this.#typeWord = this._handle + typeWord;
    this.#lockWord = this._handle + lockWord;
    if (this.adopted) return;
    const words = wordsAt(this._handle);
    words[this.#typeWord] = code | (lock === false ? UNLOCKED : 0) | (lock instanceof RLock ? REENTRANT : 0);
    if (typeof lock === 'boolean') return;
    engine.retain(lock._handle);
    words[this.#lockWord] = lock._handle;
    this.#lock = lock;
    lock._remember();
  }

  /** The type code, as a character. */
  protected get code(): number {
    return (wordsAt(this.#typeWord)[this.#typeWord] as number) & CODE;
  }

  /**
   * The lock that belongs to it, for changes of more than one step. Nothing takes it by itself.
   * Python: `get_lock()`.
   *
   * @throws InvalidStateError when it was made with `lock: false`.
   */
  getLock(): Lock | RLock {
    this.#lock ??= this.#findLock();
    return this.#lock;
  }

  #findLock(): Lock | RLock {
    const words = wordsAt(this._handle);
    const flags = words[this.#typeWord] as number;
    if ((flags & UNLOCKED) !== 0) throw new InvalidStateError('getLock() of what was made with `lock: false`');
    let handle = Atomics.load(words, this.#lockWord);
    if (handle === 0) {
      const made = new Lock();
      engine.retain(made._handle);
      handle = Atomics.compareExchange(words, this.#lockWord, 0, made._handle);
      if (handle === 0) {
        made._remember();
        return made;
      }
      engine.release(made._handle);
    }
    // The cell holds a reference, so the lock is there; this one is for the wrapper.
    engine.retain(handle);
    return reviveShared((flags & REENTRANT) !== 0 ? 'RLock' : 'Lock', handle, undefined) as Lock | RLock;
  }
}
