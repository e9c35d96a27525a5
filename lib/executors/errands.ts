/** The client's part in sending what moves with a task, ahead (`door.ts`) or when it is sent for (`fetching.ts`). */
import { Entry, EntryState, Flag, recordAt, runningOn, STATE_MASK, WorkerWord, workerOf } from './board.js';
import type { Cargo } from './cargo.js';
import { takeFromDoor } from './door.js';
import type { Extras } from './extras.js';
import type { Publisher } from './publisher.js';
import { placeOf, type TaskTable } from './task-table.js';

export class Errands {
  readonly #board: Int32Array;
  readonly #table: TaskTable;
  readonly #cargo: Cargo;
  readonly #publisher: Publisher;
  readonly #extras: Extras;
  /** Tasks to be queued anew as soon as there is room for them. */
  readonly #returned: number[] = [];

  constructor(board: Int32Array, table: TaskTable, cargo: Cargo, publisher: Publisher, extras: Extras) {
    this.#board = board;
    this.#table = table;
    this.#cargo = cargo;
    this.#publisher = publisher;
    this.#extras = extras;
  }

  /**
   * A worker that takes next what is posted and handed to it, or 0: none looks, or tasks are queued, which come first.
   * Nothing need be handed to it.
   */
  takeLooking(): number {
    if (!this.#table.isEmpty()) return 0;
    const worker = takeFromDoor(this.#board);
    if (worker === 0 || !this.#reaches(worker)) return 0;
    // One that is to take no more tasks is killed when it does not answer.
    return Atomics.load(this.#board, recordAt(worker) + WorkerWord.DRAINING) === 0 ? worker : 0;
  }

  /** Gives it a new task. What the task brings has been posted. */
  handOver(index: number, worker: number): void {
    const { words } = this.#table.segment(index);
    Atomics.store(words, placeOf(index), runningOn(worker));
    this.#publisher.mail(index, worker);
  }

  /**
   * Sends what an entry of the DONE stack asks for, or queues the task anew. False when it was withdrawn: the entry is
   * free. Throws what cannot be sent after all; then the worker fails.
   */
  answer(index: number): boolean {
    const { words } = this.#table.segment(index);
    const at = placeOf(index);
    const state = Atomics.load(words, at);
    if ((state & STATE_MASK) === EntryState.WITHDRAWN) {
      Atomics.store(words, at, EntryState.FREE);
      return false;
    }
    const worker = workerOf(state);
    if (
      !this.#reaches(worker) ||
      // It gives up at this moment.
      Atomics.compareExchange(words, at, state, runningOn(worker)) !== state
    ) {
      this.queueAgain(index);
      return true;
    }
    try {
      this.#cargo.post(index, worker);
    } finally {
      this.#publisher.mail(index, worker);
    }
    return true;
  }

  #reaches(worker: number): boolean {
    return (
      worker !== 0 &&
      Atomics.load(this.#board, recordAt(worker) + WorkerWord.ID) === worker &&
      this.#cargo.reaches(worker)
    );
  }

  /** Queues a task anew that was claimed and has not begun. */
  queueAgain(index: number): void {
    const { words } = this.#table.segment(index);
    const at = placeOf(index);
    words[at + Entry.LANE] = (words[at + Entry.LANE] as number) | Flag.RETURNED;
    Atomics.store(words, at, EntryState.RETURNED);
    this.#returned.push(index);
    this.queueReturned();
  }

  /** There are some for which there was no room. */
  get hasReturned(): boolean {
    return this.#returned.length > 0;
  }

  queueReturned(): void {
    while (this.#returned.length > 0 && this.#publisher.hasRoom) {
      const index = this.#returned.shift() as number;
      this.#publisher.publish(index, this.#extras.get(index), false);
    }
  }

  /** Takes a task back that has been sent for; undefined when it is too late. Unless `isFree`, its entry is still on the DONE stack. */
  withdraw(index: number): { readonly isFree: boolean } | undefined {
    const { words } = this.#table.segment(index);
    const at = placeOf(index);
    for (;;) {
      const state = Atomics.load(words, at);
      const kind = state & STATE_MASK;
      if (kind !== EntryState.FETCHING && kind !== EntryState.RETURNED) return undefined;
      const withdrawn = (state & ~STATE_MASK) | EntryState.WITHDRAWN;
      if (Atomics.compareExchange(words, at, state, withdrawn) !== state) continue;
      if (kind === EntryState.FETCHING) this.#publisher.ringWorker(workerOf(state));
      const late = this.#returned.indexOf(index);
      if (late < 0) return { isFree: false };
      this.#returned.splice(late, 1);
      Atomics.store(words, at, EntryState.FREE);
      return { isFree: true };
    }
  }
}
