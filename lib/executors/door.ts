/**
 * How a task that brings memory with it gets to a worker that has nothing to do, without being sent for: the client
 * posts to the worker at once, and mails.
 *
 * Memory that has been posted is the receiver's: it cannot be had back from one that does not come to take it. So the
 * client posts to a worker only that takes it next, whatever else happens. While it looks for tasks, a worker holds the
 * door open, the board's word OPEN, which there is one of:
 *
 *   worker   OPEN: VACANT → w, looks, OPEN: w → VACANT. If that fails, the client has been quicker: w stays until it has mail
 *   client   OPEN: w → VACANT. If that succeeds: task RUNNING(w), posts, mails
 *
 * Whoever finds no door open queues the task, and it is sent for: see `fetching.ts`. Until the first task of that kind
 * nobody holds the door.
 */
import { Board, recordAt, WorkerWord } from './board.js';

/** Values of Board.OPEN beside workers' identifiers, which are larger. */
const UNUSED = 0;
const VACANT = 1;

/** A client that has taken a worker from the door mails within microseconds, unless it is held up, or cannot send. Milliseconds. */
export const MAIL_MS = 5;

/** Takes the worker that holds the door: its identifier, or 0. */
export function takeFromDoor(board: Int32Array): number {
  const open = Atomics.load(board, Board.OPEN);
  if (open === VACANT) return 0;
  if (open === UNUSED) {
    Atomics.compareExchange(board, Board.OPEN, UNUSED, VACANT);
    return 0;
  }
  return Atomics.compareExchange(board, Board.OPEN, open, VACANT) === open ? open : 0;
}

/** A worker is no more. */
export function closeDoorOf(board: Int32Array, worker: number): void {
  Atomics.compareExchange(board, Board.OPEN, worker, VACANT);
}

/** The worker's side. */
export class Door {
  readonly #board: Int32Array;
  readonly #worker: number;
  readonly #awaitsMail: number;

  constructor(board: Int32Array, worker: number) {
    this.#board = board;
    this.#worker = worker;
    this.#awaitsMail = recordAt(worker) + WorkerWord.AWAITS_MAIL;
  }

  /** Before it looks: true when it holds the door from now on. Who mails does not ring meanwhile. */
  open(): boolean {
    const board = this.#board;
    if (board[Board.OPEN] !== VACANT) return false;
    Atomics.store(board, this.#awaitsMail, 1);
    if (Atomics.compareExchange(board, Board.OPEN, VACANT, this.#worker) === VACANT) return true;
    Atomics.store(board, this.#awaitsMail, 0);
    return false;
  }

  /** After it has looked: false when a client has taken it, so that there is mail or will be. */
  close(): boolean {
    return Atomics.compareExchange(this.#board, Board.OPEN, this.#worker, VACANT) === this.#worker;
  }

  /** From now on who mails rings; who has not has mailed before. */
  rest(): void {
    Atomics.store(this.#board, this.#awaitsMail, 0);
  }
}
