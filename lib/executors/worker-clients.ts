/**
 * The isolates that submit to an executor, as one of its workers sees them: each has a lane with a table of tasks. The
 * worker claims tasks of each in turn. Its mail are tasks for this worker alone, linked from a word of its record.
 */
import { Board, CLIENT_SHIFT, Entry, recordAt, WorkerWord } from './board.js';
import type { Functions } from './functions.js';
import type { Client } from './running-task.js';
import { blockOf, placeOf, TaskTable } from './task-table.js';

export class WorkerClients {
  /** Whose task the last claim was. */
  claimed: Client | undefined;
  readonly #board: Int32Array;
  readonly #mailbox: number;
  /** What an entry says that this worker has claimed. */
  readonly #mark: number;
  readonly #makeFunctions: () => Functions;
  readonly #all: Client[] = [];
  #next = 0;
  /** Tasks for this worker alone that it has not looked at yet, oldest last. */
  readonly #mail: [Client, number][] = [];

  constructor(board: Int32Array, worker: number, mark: number, makeFunctions: () => Functions) {
    this.#makeFunctions = makeFunctions;
    this.#board = board;
    this.#mailbox = recordAt(worker) + WorkerWord.MAIL;
    this.#mark = mark;
  }

  /** Claims a task: its index, or -1. `helping`: for a task that waits. */
  claim(helping: boolean): number {
    if (this.#all.length < (this.#board[Board.CLIENTS] as number)) this.#meet();
    const count = this.#all.length;
    for (let i = 0; i < count; i++) {
      const client = this.#all[this.#next] as Client;
      const index = client.table.claim(this.#mark, helping);
      if (count > 1) this.#next = (this.#next + 1) % count;
      if (index >= 0) {
        this.claimed = client;
        return index;
      }
    }
    return -1;
  }

  #meet(): void {
    const count = Atomics.load(this.#board, Board.CLIENTS);
    for (let number = this.#all.length; number < count; number++) {
      const handle = Atomics.load(this.#board, Board.LANES + number);
      // Being written: the next look finds it.
      if (handle === 0) return;
      this.#all.push({ number, table: new TaskTable(blockOf(handle)), functions: this.#makeFunctions() });
    }
  }

  /** Whether there is mail that has not been taken out of its word. */
  get hasMail(): boolean {
    return Atomics.load(this.#board, this.#mailbox) !== 0;
  }

  /** The next task of the mail. */
  nextMail(): [Client, number] | undefined {
    // Who mails rings as well: what is not seen yet is looked for again.
    if (this.#mail.length > 0 || this.#board[this.#mailbox] === 0) return this.#mail.pop();
    this.#meet();
    let address = Atomics.exchange(this.#board, this.#mailbox, 0);
    while (address !== 0) {
      const client = this.#all[address >> CLIENT_SHIFT] as Client;
      const index = (address & ((1 << CLIENT_SHIFT) - 1)) - 1;
      this.#mail.push([client, index]);
      address = client.table.segment(index).words[placeOf(index) + Entry.NEXT] as number;
    }
    return this.#mail.pop();
  }

  /** Whether somebody has come whose tasks have not been looked at. */
  get hasNew(): boolean {
    return this.#all.length < Atomics.load(this.#board, Board.CLIENTS);
  }

  hasQueued(): boolean {
    for (const { table } of this.#all) if (!table.isEmpty()) return true;
    return false;
  }

  /** Whether nobody has a task, not even one that there is no room for yet. */
  haveNone(): boolean {
    return this.#all.every(({ table }) => table.isEmpty() && table.countWaiting() === 0);
  }
}
