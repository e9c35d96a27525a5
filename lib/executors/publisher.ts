/**
 * How workers come to see a client's tasks: by a hint in the ring, or in the priority queue once a task has had
 * a priority, or in the mail of the one worker that a task is for. Who is woken: see `lookers.ts`.
 */
import { encode } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { noRoom, settleOwnGrants } from '../engine/wait.js';
import { Outcome } from '../memory/layout.js';
import { encodeKey } from '../queues/priority-key.js';
import { PriorityQueue } from '../queues/priority-queue.js';
import {
  Board,
  CLIENT_SHIFT,
  ENTRIES_PER_SEGMENT,
  Entry,
  EntryState,
  Lane,
  RING_MASK,
  recordAt,
  WorkerWord,
} from './board.js';
import type { Extra, Extras } from './extras.js';
import { askForWorker, wakeSleeper } from './lookers.js';
import type { Owner } from './owner.js';
import type { Parts } from './parts.js';
import { placeOf, type TaskTable } from './task-table.js';

export class Publisher {
  readonly #parts: Parts;
  readonly #board: Int32Array;
  readonly #table: TaskTable;
  readonly #words: Int32Array;
  /** Of the client. */
  readonly #number: number;
  readonly #extras: Extras;
  readonly #owner: Owner | undefined;
  #priorities: PriorityQueue<number> | undefined;
  /** Whether this client has woken a worker, and RISEN and DEATHS as they were before. */
  #hasWoken = false;
  #risen = 0;
  #deaths = 0;

  constructor(parts: Parts, table: TaskTable, number: number, extras: Extras, owner: Owner | undefined) {
    this.#parts = parts;
    this.#board = parts.board.array;
    this.#table = table;
    this.#words = table.words;
    this.#number = number;
    this.#extras = extras;
    this.#owner = owner;
  }

  /** Lets workers see an entry. `isBrisk`: its function's tasks take next to no time. */
  publish(index: number, extra: Extra | undefined, isBrisk: boolean): void {
    const words = this.#words;
    const { words: entries } = this.#table.segment(index);
    const at = placeOf(index);
    if (extra !== undefined && extra.worker !== 0) {
      Atomics.store(entries, at, EntryState.MAILED);
      this.mail(index, extra.worker);
      return;
    }
    Atomics.store(entries, at, EntryState.QUEUED);
    if (this.#priorities !== undefined || (extra !== undefined && extra.priority !== 0)) {
      this.#putByPriority(index, extra?.priority ?? 0);
    } else {
      const tail = words[Lane.TAIL] as number;
      words[Lane.RING + (tail & RING_MASK)] = index;
      Atomics.store(words, Lane.TAIL, (tail + 1) | 0);
    }
    if (Atomics.load(this.#board, Board.LOOKERS) <= 0 && !(isBrisk && this.#isOneRising())) this.wakeWorker();
  }

  /** Whether a worker that was woken from here has yet to look at the rings. */
  #isOneRising(): boolean {
    return (
      this.#hasWoken &&
      Atomics.load(this.#board, Board.RISEN) === this.#risen &&
      Atomics.load(this.#board, Board.DEATHS) === this.#deaths
    );
  }

  /** Wakes a worker that sleeps, or asks for one more. */
  wakeWorker(): void {
    const board = this.#board;
    this.#risen = Atomics.load(board, Board.RISEN);
    this.#deaths = Atomics.load(board, Board.DEATHS);
    this.#hasWoken = wakeSleeper(this.#parts);
    if (this.#hasWoken) return;
    if (Atomics.load(board, Board.SIZE) >= (board[Board.MAX_SIZE] as number)) return;
    if (this.#owner !== undefined) this.#owner.consider();
    else askForWorker(this.#parts);
  }

  #putByPriority(index: number, priority: number): void {
    if (this.#priorities === undefined) {
      const queue = new PriorityQueue<number>();
      queue._remember();
      engine.retain(queue._handle);
      this.#priorities = queue;
      // What is in the ring gets a second hint; the one in the ring counts only when the queue is empty.
      this.#hintAll(queue);
      Atomics.store(this.#words, Lane.PRIORITY, queue._handle);
    }
    this.#hint(this.#priorities, index, priority);
  }

  /** Whether there is a place for another hint of a task that had one before. */
  get hasRoom(): boolean {
    return this.#priorities !== undefined || this.#table.hasRoom();
  }

  #hint(queue: PriorityQueue<number>, index: number, priority: number): void {
    if (engine.queuePut(queue._handle, false, encode(index), encodeKey(priority, 'priority')) !== Outcome.OK)
      throw noRoom();
    settleOwnGrants();
  }

  /** Puts the index of each QUEUED entry into the priority queue: one too many does no harm. */
  #hintAll(queue: PriorityQueue<number>): void {
    const { segments } = this.#table;
    for (let index = 0; index < segments.length * ENTRIES_PER_SEGMENT; index++) {
      if (this.#table.stateOf(index) === EntryState.QUEUED)
        this.#hint(queue, index, this.#extras.get(index)?.priority ?? 0);
    }
  }

  /** Puts an entry into the mail of the worker that it is for. */
  mail(index: number, worker: number): void {
    const board = this.#board;
    const record = recordAt(worker);
    const address = (this.#number << CLIENT_SHIFT) | (index + 1);
    const { words } = this.#table.segment(index);
    for (;;) {
      const top = Atomics.load(board, record + WorkerWord.MAIL);
      words[placeOf(index) + Entry.NEXT] = top;
      if (Atomics.compareExchange(board, record + WorkerWord.MAIL, top, address) === top) break;
    }
    if (Atomics.load(board, record + WorkerWord.AWAITS_MAIL) === 0) this.ringWorker(worker);
  }

  /** Makes a certain worker look up. */
  ringWorker(worker: number): void {
    const bell = Atomics.load(this.#board, recordAt(worker) + WorkerWord.BELL);
    if (bell === 0) return;
    engine.semaphoreRelease(bell, 1);
    settleOwnGrants();
  }

  /** A worker may have died with a hint in its hands: gives each queued task another. */
  hintAgain(): void {
    if (this.#priorities !== undefined) this.#hintAll(this.#priorities);
  }
}
