/**
 * The end of the isolate that made an executor, as clients in others see it: its workers end with it, and so does
 * whatever they were to run. It holds the lock `life` for as long as it lives, and as any lock of the dead that goes on
 * to who waits for it.
 */
import { engine } from '../engine/select.js';
import { noRoom, unwatch, watch } from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { Cell, FIRST_TICKET, Mutex, Outcome, WaiterMode } from '../memory/layout.js';
import type { Lock } from '../sync/lock.js';
import { giveBack } from '../sync/mutex.js';
import { Board } from './board.js';
import type { Parts } from './parts.js';

export class OwnerWatch {
  readonly #life: Lock;
  readonly #ownerSlot: number;
  #ticket = 0;

  /** @param ended Called once, from the event loop, when the owner has ended. */
  constructor({ board, life }: Parts, ended: () => void) {
    this.#life = life;
    this.#ownerSlot = (board.array[Board.OWNER_SLOT] as number) - 1;
    const begun = engine.mutexAcquire(life._handle, WaiterMode.LOOP, -1);
    if (begun === Outcome.NO_MEMORY) throw noRoom();
    if (begun >= FIRST_TICKET) {
      this.#ticket = begun;
      watch(begun, (outcome) => {
        this.#ticket = 0;
        this.#passOn(outcome);
        ended();
      });
      return;
    }
    this.#passOn(begun);
    setImmediate(ended).unref();
  }

  /** For a thread that is blocked, and is called back by nobody. */
  get hasEnded(): boolean {
    const state = Atomics.load(wordsAt(this.#life._handle), this.#life._handle + Cell.STATE);
    return (state & Mutex.LOCKED) === 0 || state >> Mutex.OWNER_SHIFT !== this.#ownerSlot;
  }

  /** To the next client. */
  #passOn(outcome: number): void {
    if (outcome === Outcome.GRANTED) giveBack(this.#life._handle);
  }

  close(): void {
    if (this.#ticket !== 0) this.#passOn(unwatch(this.#ticket) ?? Outcome.TIMED_OUT);
    this.#ticket = 0;
  }
}
