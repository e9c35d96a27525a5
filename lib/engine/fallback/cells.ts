/**
 * Cells: allocation, and references. A cell is allocated and freed in one run (see `journal.ts`) under
 * CELLS_GUARD, together with the word that says whose it is.
 */
import {
  CELLS_START,
  Cell,
  Header,
  Kind,
  MAX_CELLS,
  Node,
  REF_WORDS_PER_SLOT,
  REFS_START,
  SLOTS_START,
  Slot,
  WORDS_PER_CELL,
  WORDS_PER_SLOT,
} from '../../memory/layout.js';
import { freeSimpleGuard, type IsDead, takeSimpleGuard } from './guard.js';
import { Journal } from './journal.js';

export class Cells {
  readonly #words: Int32Array;
  readonly #journals: Int32Array;
  readonly #self: number;
  readonly #isDead: IsDead;

  constructor(words: Int32Array, journals: Int32Array, self: number, isDead: IsDead) {
    this.#words = words;
    this.#journals = journals;
    this.#self = self;
    this.#isDead = isDead;
  }

  #lock(): void {
    takeSimpleGuard(this.#words, Header.CELLS_GUARD, this.#self, this.#isDead);
  }

  /** A zeroed cell with one reference, which this isolate holds; 0 when there is none left. */
  create(kind: number): number {
    const words = this.#words;
    const top = SLOTS_START + this.#self * WORDS_PER_SLOT + Slot.REFS_TOP;
    this.#lock();
    const free = words[Header.FREE_CELLS] as number;
    const fresh = words[Header.CELLS_TOP] as number;
    const index = free !== 0 ? free - 1 : fresh;
    const cell = CELLS_START + index * WORDS_PER_CELL;
    const bits = REFS_START + this.#self * REF_WORDS_PER_SLOT + (index >>> 5);
    // One run from here on.
    if (free !== 0) words[Header.FREE_CELLS] = words[cell + Cell.REFS] as number;
    else if (fresh < MAX_CELLS) words[Header.CELLS_TOP] = fresh + 1;
    if (index < MAX_CELLS) {
      words[Header.CELLS_LIVE] = (words[Header.CELLS_LIVE] as number) + 1;
      words[cell + Cell.REFS] = 1;
      words[bits] = (words[bits] as number) | (1 << (index & 31));
      if (index > (words[top] as number)) words[top] = index;
      words[cell + Cell.KIND] = kind;
    }
    freeSimpleGuard(words, Header.CELLS_GUARD);
    return index < MAX_CELLS ? cell : 0;
  }

  /** A waiter node of this isolate, or 0. */
  createNode(): number {
    const words = this.#words;
    this.#lock();
    const free = words[Header.FREE_CELLS] as number;
    const fresh = words[Header.CELLS_TOP] as number;
    const index = free !== 0 ? free - 1 : fresh;
    const cell = CELLS_START + index * WORDS_PER_CELL;
    // One run from here on.
    if (free !== 0) words[Header.FREE_CELLS] = words[cell + Cell.REFS] as number;
    else if (fresh < MAX_CELLS) words[Header.CELLS_TOP] = fresh + 1;
    if (index < MAX_CELLS) {
      words[Header.CELLS_LIVE] = (words[Header.CELLS_LIVE] as number) + 1;
      words[cell + Cell.REFS] = 0;
      words[cell + Node.SLOT] = this.#self;
      words[cell + Cell.KIND] = Kind.NODE;
    }
    freeSimpleGuard(words, Header.CELLS_GUARD);
    return index < MAX_CELLS ? cell : 0;
  }

  /** Gives back a cell that nobody refers to any more: a node, or (`doomed` ≥ 0) the first of the journal's doomed objects. */
  free(cell: number, doomed: number): void {
    const words = this.#words;
    const journals = this.#journals;
    const index = indexOf(cell);
    this.#lock();
    // One run from here on.
    if (doomed >= 0) journals[doomed] = words[cell + Cell.STATE] as number;
    words[cell + 2] = 0;
    words[cell + 3] = 0;
    words[cell + 4] = 0;
    words[cell + 5] = 0;
    words[cell + 6] = 0;
    words[cell + 7] = 0;
    words[cell + 8] = 0;
    words[cell + 9] = 0;
    words[cell + 10] = 0;
    words[cell + 11] = 0;
    words[cell + 12] = 0;
    words[cell + 13] = 0;
    words[cell + 14] = 0;
    words[cell + 15] = 0;
    words[cell + Cell.KIND] = Kind.FREE;
    words[cell + Cell.REFS] = words[Header.FREE_CELLS] as number;
    words[Header.FREE_CELLS] = index + 1;
    words[Header.CELLS_LIVE] = (words[Header.CELLS_LIVE] as number) - 1;
    freeSimpleGuard(words, Header.CELLS_GUARD);
  }

  /** Makes a reference of a message this isolate's one, or drops it when there is one already. */
  adopt(cell: number): void {
    const words = this.#words;
    const index = indexOf(cell);
    const bits = REFS_START + this.#self * REF_WORDS_PER_SLOT + (index >>> 5);
    const top = SLOTS_START + this.#self * WORDS_PER_SLOT + Slot.REFS_TOP;
    const mask = 1 << (index & 31);
    if (((words[bits] as number) & mask) !== 0) {
      // Cannot be the last: the isolate's own is left.
      Atomics.sub(words, cell + Cell.REFS, 1);
      return;
    }
    words[bits] = (words[bits] as number) | mask;
    if (index > (words[top] as number)) words[top] = index;
  }
}

/**
 * Drops a reference. `array[word]`, which stands for it, becomes `value` in the same run (-1: there is
 * no such word), and a queue's reservation is noted there too, if any. When it was the last reference,
 * the object is doomed: `destroyDoomed` in `references.ts`.
 */
export function dropReference(
  words: Int32Array,
  journals: Int32Array,
  base: number,
  object: number,
  array: Int32Array,
  word: number,
  value: number,
  reservation: number,
  what: number,
): void {
  const doomed = base + Journal.DOOMED;
  const before = Atomics.sub(words, object + Cell.REFS, 1);
  if (word >= 0) array[word] = value;
  if (reservation !== 0) {
    journals[reservation] = object;
    journals[reservation + 1] = what + 1;
  }
  if (before !== 1) return;
  const first = journals[doomed] as number;
  if (first === 0) {
    words[object + Cell.STATE] = 0;
    journals[doomed] = object;
  } else {
    // Behind the first, which may be half destroyed.
    words[object + Cell.STATE] = words[first + Cell.STATE] as number;
    words[first + Cell.STATE] = object;
  }
}

/** The word of a slot's bitmap, and the bit in it, that stands for a reference. */
export function referenceWord(slot: number, cell: number): number {
  return REFS_START + slot * REF_WORDS_PER_SLOT + (indexOf(cell) >>> 5);
}
export function referenceMask(cell: number): number {
  return 1 << (indexOf(cell) & 31);
}

/** Number of a cell. */
function indexOf(cell: number): number {
  return (cell - CELLS_START) / WORDS_PER_CELL;
}
