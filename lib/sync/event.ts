/** Event: a flag that can be waited for. Python: `threading.Event`. */
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
import { Cell, Kind, Outcome, WaiterMode, Event as Word } from '../memory/layout.js';

const STATE = Cell.STATE;
const { SET, PARKED } = Word;
const TRUE = Promise.resolve(true);
const FALSE = Promise.resolve(false);

const granted = (outcome: OutcomeCode): boolean => outcome === Outcome.GRANTED;

/**
 * A flag that tasks, threads and processes set, clear and wait for. `set()` releases everybody who
 * waits at that moment, even when `clear()` follows at once.
 *
 * Python: `threading.Event`, `multiprocessing.Event`.
 *
 * @example
 * ```ts
 * import { Event } from 'heddle/threading';
 * const ready = new Event();
 * setTimeout(() => ready.set(), 10);
 * console.log(await ready.wait({ timeout: 1000 })); // true
 * ```
 */
export class Event extends SharedObject {
  constructor() {
    super(Kind.EVENT);
  }

  /** True while the flag is set. Python: `is_set()`. */
  isSet(): boolean {
    return (wordOf(this._handle, STATE) & SET) !== 0;
  }

  /** Sets the flag and releases everybody who waits. */
  set(): void {
    const word = this._handle + STATE;
    const words = wordsAt(word);
    for (;;) {
      const state = Atomics.load(words, word);
      if ((state & PARKED) !== 0) break;
      if ((state & SET) !== 0 || Atomics.compareExchange(words, word, state, state | SET) === state) return;
    }
    engine.eventSet(this._handle);
    settleOwnGrants();
  }

  /** Clears the flag: from now on `wait()` waits again. */
  clear(): void {
    if (isProxy(this._handle)) engine.eventClear(this._handle);
    else Atomics.and(wordsAt(this._handle), this._handle + STATE, ~SET);
  }

  /**
   * Waits until the flag is set. Resolves with true, or with false when the timeout passes first;
   * rejects with the signal's reason when that is aborted first. Python: `wait(timeout)`.
   */
  wait(options?: WaitOptions): Promise<boolean> {
    if (options === undefined && this.isSet()) return TRUE;
    try {
      const timeout = timeoutOf(options);
      const signal = signalOf(options);
      if (this.isSet()) return TRUE;
      if (timeout === 0) return FALSE;
      return promise(engine.eventWait(this._handle, WaiterMode.LOOP, timeout), timeout, signal, granted, this);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking the calling thread, the main thread included. */
  waitSync(options?: SyncWaitOptions): boolean {
    const timeout = timeoutOf(options);
    if (this.isSet()) return true;
    if (timeout === 0) return false;
    const deadline = deadlineOf(timeout);
    return block(engine.eventWait(this._handle, WaiterMode.THREAD, timeout), deadline) === Outcome.GRANTED;
  }
}

registerTravel(Event, { tag: 'Event', revive: () => new Event() });
