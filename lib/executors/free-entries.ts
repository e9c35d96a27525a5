/** The entries of a client that no task has. */
import { ENTRIES_PER_SEGMENT, MAX_SEGMENTS } from './board.js';
import type { TaskTable } from './task-table.js';

export class FreeEntries {
  readonly #table: TaskTable;
  readonly #indices: number[] = [];

  constructor(table: TaskTable) {
    this.#table = table;
  }

  give(index: number): void {
    this.#indices.push(index);
  }

  /** A free entry, or -1 when there is none, or no room in the ring. */
  take(): number {
    const index = this.#indices.pop();
    if (index === undefined) {
      const table = this.#table;
      if (table.segments.length === MAX_SEGMENTS) return -1;
      const first = table.grow() * ENTRIES_PER_SEGMENT;
      // The lowest is taken first.
      for (let i = ENTRIES_PER_SEGMENT - 1; i > 0; i--) this.#indices.push(first + i);
      return this.#unlessRingIsFull(first);
    }
    return this.#unlessRingIsFull(index);
  }

  #unlessRingIsFull(index: number): number {
    if (this.#table.hasRoom()) return index;
    this.#indices.push(index);
    return -1;
  }
}
