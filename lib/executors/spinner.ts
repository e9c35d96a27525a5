/** How a worker that is out of tasks looks for some for a while, between turns of its loop, before it sleeps. */
import { availableParallelism } from 'node:os';
import { Board } from './board.js';
import { SPIN_MS } from './completions.js';

const SPIN_TURN_MS = 0.05;
/** Twice what a client spins: it is the client who is rung by us. */
const WORKER_SPIN_MS = 2 * SPIN_MS;
const LOOKS = 50;
const SPINNERS_AT_MOST = Math.max(1, availableParallelism() - 1);

export class Spinner {
  readonly #words: Int32Array;
  readonly #hasWork: () => boolean;
  #spinning = false;
  #spinEnd = 0;

  constructor(board: Int32Array, hasWork: () => boolean) {
    this.#words = board;
    this.#hasWork = hasWork;
  }

  /** There was a task: the next time without counts from its beginning. */
  reset(): void {
    this.#spinEnd = 0;
  }

  /** Looks for tasks for a moment; true: there may be one, or it pays to look again in the next turn. */
  look(): boolean {
    const now = performance.now();
    if (this.#spinEnd === 0) {
      if (WORKER_SPIN_MS === 0) return false;
      this.#spinEnd = now + WORKER_SPIN_MS;
    } else if (now >= this.#spinEnd) {
      this.#spinEnd = 0;
      this.stop();
      return false;
    }
    if (!this.#spinning) {
      if (Atomics.add(this.#words, Board.SPINNERS, 1) >= SPINNERS_AT_MOST) {
        Atomics.sub(this.#words, Board.SPINNERS, 1);
        this.#spinEnd = 0;
        return false;
      }
      this.#spinning = true;
    }
    const end = now + SPIN_TURN_MS;
    do {
      for (let i = 0; i < LOOKS; i++) {
        if (this.#hasWork()) return true;
      }
    } while (performance.now() < end);
    return true;
  }

  stop(): void {
    if (!this.#spinning) return;
    this.#spinning = false;
    Atomics.sub(this.#words, Board.SPINNERS, 1);
  }
}
