/** How a worker that is out of tasks looks for some for a while, between turns of its loop, before it sleeps. */
import { allowanceFor, SPIN_MS } from './completions.js';
import { lookUntil, mayLook } from './look.js';
import type { Lookers } from './lookers.js';

/** Twice what a client spins: it is the client who is rung by us. */
const WORKER_SPIN_MS = 2 * SPIN_MS;
/** Looks before the loop gets to its timers and input. Milliseconds. */
const TURN_MS = 0.05;

/** What came of looking. */
export const Look = { FOUND: 0, AGAIN: 1, OVER: 2 } as const;
export type Look = (typeof Look)[keyof typeof Look];

export class Spinner {
  readonly #lookers: Lookers;
  readonly #hasWork: () => boolean;
  #spinEnd = 0;
  /** On top of WORKER_SPIN_MS, ms. */
  #allowance = 0;

  constructor(lookers: Lookers, hasWork: () => boolean) {
    this.#lookers = lookers;
    this.#hasWork = hasWork;
  }

  /** There was a task: the next time without counts from its beginning. */
  reset(): void {
    this.#spinEnd = 0;
    this.#allowance = 0;
  }

  /** It took `wrote` ms to write a large result, which the client will have to read before it sends another task. */
  allowFor(wrote: number): void {
    this.#allowance = allowanceFor(wrote);
  }

  /** Looks for tasks for a moment. AGAIN: it pays to look again in the next turn of the loop. */
  look(): Look {
    const now = performance.now();
    if (this.#spinEnd === 0) this.#spinEnd = now + WORKER_SPIN_MS + this.#allowance;
    else if (now >= this.#spinEnd) return this.#over();
    // One that looks is enough, where there are no cores for more.
    if (WORKER_SPIN_MS === 0 || this.#lookers.crowded || !mayLook()) return this.#over();
    return lookUntil(now + TURN_MS, this.#hasWork) ? Look.FOUND : Look.AGAIN;
  }

  #over(): Look {
    this.#spinEnd = 0;
    return Look.OVER;
  }
}
