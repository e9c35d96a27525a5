/** The clients of an executor beside one: other isolates that submit to it. */
import { engine } from '../engine/select.js';
import { Board, Lane, MAX_CLIENTS } from './board.js';
import { blockOf, TaskTable } from './task-table.js';

/**
 * Enters a lane on the board; returns its number, -1 when there is no place. Whoever dies in between leaves no
 * gap: CLIENTS is raised after the lane is there, by the next client if need be.
 */
export function enrol(board: Int32Array, lane: number): number {
  for (let number = 0; number < MAX_CLIENTS; number++) {
    if (Atomics.compareExchange(board, Board.LANES + number, 0, lane) !== 0) continue;
    for (let count = Atomics.load(board, Board.CLIENTS); count <= number; )
      count = Atomics.compareExchange(board, Board.CLIENTS, count, number + 1);
    return number;
  }
  return -1;
}

export class OtherClients {
  readonly #board: Int32Array;
  /** The number of the one that is none of them. */
  readonly #own: number;
  readonly #tables = new Map<number, TaskTable>();

  constructor(board: Int32Array, own: number) {
    this.#board = board;
    this.#own = own;
  }

  get areNone(): boolean {
    return Atomics.load(this.#board, Board.CLIENTS) <= 1;
  }

  /** Has their loops look, also those whose ring a worker owed that has died: a blocked thread looks by itself. */
  ring(): void {
    for (const { words } of this.tables()) engine.semaphoreRelease(words[Lane.LOOP_BELL] as number, 1);
  }

  /** Tasks of theirs that no worker has begun. */
  countQueued(): number {
    let count = 0;
    for (const table of this.tables()) count += table.countQueued() + table.countWaiting();
    return count;
  }

  *tables(): Generator<TaskTable> {
    const count = Math.min(MAX_CLIENTS, Atomics.load(this.#board, Board.CLIENTS));
    for (let number = 0; number < count; number++) {
      const handle = number === this.#own ? 0 : Atomics.load(this.#board, Board.LANES + number);
      if (handle === 0) continue;
      let table = this.#tables.get(number);
      if (table === undefined) {
        table = new TaskTable(blockOf(handle));
        this.#tables.set(number, table);
      }
      yield table;
    }
  }
}
