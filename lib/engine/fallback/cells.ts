/**
 * Cells: allocation, and references. A cell is allocated and freed in one run of statements under
 * CELLS_GUARD (see `journal.ts`), together with the word that says whose it is.
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
import { type IsDead, takeSimpleGuard } from './guard.js';

export class Cells {
  readonly #words: Int32Array;
  readonly #self: number;
  readonly #isDead: IsDead;

  constructor(words: Int32Array, self: number, isDead: IsDead) {
    this.#words = words;
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
    else if (fresh < MAX_CELLS) Atomics.store(words, Header.CELLS_TOP, fresh + 1);
    if (index < MAX_CELLS) {
      Atomics.add(words, Header.CELLS_LIVE, 1);
      words[cell + Cell.REFS] = 1;
      words[bits] = (words[bits] as number) | (1 << (index & 31));
      if (index > (words[top] as number)) words[top] = index;
      Atomics.store(words, cell + Cell.KIND, kind);
    }
    if ((Atomics.exchange(words, Header.CELLS_GUARD, 0) & 1) !== 0) Atomics.notify(words, Header.CELLS_GUARD, 1);
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
    else if (fresh < MAX_CELLS) Atomics.store(words, Header.CELLS_TOP, fresh + 1);
    if (index < MAX_CELLS) {
      Atomics.add(words, Header.CELLS_LIVE, 1);
      words[cell + Cell.REFS] = 0;
      words[cell + Node.SLOT] = this.#self;
      Atomics.store(words, cell + Cell.KIND, Kind.NODE);
    }
    if ((Atomics.exchange(words, Header.CELLS_GUARD, 0) & 1) !== 0) Atomics.notify(words, Header.CELLS_GUARD, 1);
    return index < MAX_CELLS ? cell : 0;
  }

  /** Gives back a cell that nobody refers to any more. */
  free(cell: number): void {
    const words = this.#words;
    this.#lock();
    // One run from here on.
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
    Atomics.store(words, cell + Cell.KIND, Kind.FREE);
    words[cell + Cell.REFS] = words[Header.FREE_CELLS] as number;
    words[Header.FREE_CELLS] = indexOf(cell) + 1;
    Atomics.sub(words, Header.CELLS_LIVE, 1);
    if ((Atomics.exchange(words, Header.CELLS_GUARD, 0) & 1) !== 0) Atomics.notify(words, Header.CELLS_GUARD, 1);
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

  /** Drops this isolate's reference, if it has one; true when it was the last of all. */
  disown(cell: number): boolean {
    return dropOwned(this.#words, this.#self, indexOf(cell));
  }
}

/** Drops the reference that an isolate holds to the cell of that index; true when it was the last of all. */
export function dropOwned(words: Int32Array, slot: number, index: number): boolean {
  const bits = REFS_START + slot * REF_WORDS_PER_SLOT + (index >>> 5);
  const mask = 1 << (index & 31);
  if (((words[bits] as number) & mask) === 0) return false;
  words[bits] = (words[bits] as number) & ~mask;
  return Atomics.sub(words, CELLS_START + index * WORDS_PER_CELL + Cell.REFS, 1) === 1;
}

/** Number of a cell. */
export function indexOf(cell: number): number {
  return (cell - CELLS_START) / WORDS_PER_CELL;
}
