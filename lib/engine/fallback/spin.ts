/** Spinning before sleeping: bounded, adaptive, and never where it cannot help. */
import { availableParallelism } from 'node:os';

/** About what waking a sleeping thread takes. Microseconds. */
const DEFAULT_SPIN_US = 30;
const LONGEST_SPIN_US = 10_000;
/** Looks at a word per microsecond, roughly. */
const LOOKS_PER_US = 100;
/** Enough to see an answer that is already under way, an operation or two of another thread, so that the budget can grow again. */
const LEAST_LOOKS = 300;

const cores = availableParallelism();

/** Whether so many threads can run at the same time. Where they cannot, one that spins keeps a core from the one it waits for. */
export function allCanRun(threads: number): boolean {
  return threads <= cores;
}

/** HEDDLE_SPIN_US in looks; 0 on a machine with one core, where the one waited for could not run meanwhile. */
function limit(): number {
  if (!allCanRun(2)) return 0;
  const text = process.env.HEDDLE_SPIN_US ?? '';
  const us = /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_SPIN_US) : DEFAULT_SPIN_US;
  return us * LOOKS_PER_US;
}

/** How long one thread spins. A spin that found what it waited for was worth it, one that ended in sleep was not. */
export class Spinner {
  readonly #limit = limit();
  #budget = this.#limit;

  /** Looks that a spin may take now. */
  get looks(): number {
    return this.#budget;
  }

  succeeded(): void {
    this.#budget = Math.min(this.#limit, this.#budget * 2);
  }

  failed(): void {
    if (this.#limit !== 0) this.#budget = Math.max(LEAST_LOOKS, this.#budget >>> 1);
  }

  /** Looks at a word until it is not `value` any more, or the budget is spent. */
  whileEqual(words: Int32Array, word: number, value: number): void {
    const looks = this.#budget;
    for (let look = 0; look < looks; look++) {
      if (Atomics.load(words, word) !== value) {
        this.succeeded();
        return;
      }
    }
    this.failed();
  }

  /** Looks at a word until one of `bits` is clear, or the budget is spent; true if so. */
  whileSet(words: Int32Array, word: number, bits: number): boolean {
    const looks = this.#budget;
    for (let look = 0; look < looks; look++) {
      if ((Atomics.load(words, word) & bits) === 0) return true;
    }
    return false;
  }
}
