/**
 * The slots of a run, in the order in which their results are handed out: that of the items, or of completion.
 * A slot is a chunk under way or finished, or an error at its place.
 */
import type { Future } from './future.js';

/** A chunk, or an error at its place. */
export interface Slot {
  future: Future<unknown[]> | undefined;
  readonly count: number;
  settled: boolean;
  values: readonly unknown[];
  taken: number;
  failed: boolean;
  error: unknown;
}

export const NO_VALUES: readonly unknown[] = [];

export function slotOf(count: number, future: Future<unknown[]> | undefined): Slot {
  return { future, count, settled: false, values: NO_VALUES, taken: 0, failed: false, error: undefined };
}
/** In place of slots that have been handed out. */
const EMPTY = slotOf(0, undefined);

export class Slots {
  readonly #ordered: boolean;
  /** Those before `#head` have been handed out. */
  #slots: Slot[] = [];
  #head = 0;
  /** Chunks under way; those of an unordered run are not in `#slots` yet. */
  readonly underWay = new Set<Slot>();
  /** An unordered run's error of the source, which comes last. */
  #last: Slot | undefined;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Slots that have not been handed out. */
  get waiting(): number {
    return this.#slots.length - this.#head;
  }

  /** Nothing is under way, and nothing is left to hand out. */
  get areDone(): boolean {
    return this.underWay.size === 0 && this.#last === undefined && this.#head === this.#slots.length;
  }

  /** A chunk is on its way. */
  begin(slot: Slot): void {
    this.underWay.add(slot);
    if (this.#ordered) this.#slots.push(slot);
  }

  /** A chunk has come back. */
  settled(slot: Slot): void {
    if (!this.#ordered) this.#slots.push(slot);
  }

  addError(error: unknown): void {
    const slot = slotOf(0, undefined);
    slot.settled = true;
    slot.failed = true;
    slot.error = error;
    if (this.#ordered) this.#slots.push(slot);
    else this.#last = slot;
  }

  /** The slot whose turn it is, if it has something to hand out. */
  ready(): Slot | undefined {
    if (this.#head === this.#slots.length) {
      if (this.#last !== undefined && this.underWay.size === 0) {
        this.#slots.push(this.#last);
        this.#last = undefined;
      } else return undefined;
    }
    const slot = this.#slots[this.#head] as Slot;
    return slot.settled ? slot : undefined;
  }

  /** The first has been handed out. */
  drop(): void {
    this.#slots[this.#head++] = EMPTY;
    if (this.#head >= 64 && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
  }
}
