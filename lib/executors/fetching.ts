/**
 * How a worker comes by a task whose memory is moved to it, if it has not been posted there at once (`door.ts`). Only the isolate that made the worker can move memory there,
 * and only to a worker that is named, but who runs a task is known when it is claimed. So the client keeps what
 * moves (`cargo.ts`), and whoever claims the task sends for it:
 *
 *   worker   RUNNING(w) → FETCHING(w), pushes the entry on DONE as if it had finished, looks for mail
 *   client   takes it from DONE, FETCHING(w) → RUNNING(w), posts, mails
 *   worker   finds it in its mail, takes what was posted, begins
 *
 * The client may be long at something else. After a while the worker gives the task up, FETCHING(w) → RETURNED,
 * and does others; the client then queues it anew, with Flag.RETURNED: the next that claims it waits for
 * as long as it takes, or else a client that is never quick would never get it run. Until it begins, the
 * client can cancel it: FETCHING(w) or RETURNED → WITHDRAWN, and w is rung.
 *
 * Each of these is one compare-and-swap of the state: so the client posts only to a worker that will run the task, and
 * a worker that gave it up, or died, before has cost nothing: the client still has what moves. A worker that ends between
 * tasks posts back what it has got and not begun: RUNNING(w) → RETURNED(w), for the client to find when it mourns.
 */
import { EntryState, fetchedBy, recordAt, runningOn, WorkerWord } from './board.js';
import { SPIN_MS } from './completions.js';
import { lookUntil } from './look.js';
import type { Client } from './running-task.js';
import { placeOf } from './task-table.js';

/** What a client that sleeps needs to wake up and answer, and a few times as long. Milliseconds. */
const PATIENCE_MS = 5;

interface Errand {
  readonly client: Client;
  readonly index: number;
  readonly since: number;
  /** Somebody has given it up before. */
  readonly returned: boolean;
}

export class Fetching {
  readonly #board: Int32Array;
  readonly #record: number;
  readonly #mark: number;
  readonly #asked: number;
  readonly #errands: Errand[] = [];

  constructor(board: Int32Array, worker: number) {
    this.#board = board;
    this.#record = recordAt(worker);
    this.#mark = runningOn(worker);
    this.#asked = fetchedBy(worker);
  }

  /** Tasks that were sent for. */
  get size(): number {
    return this.#errands.length;
  }

  /** Sends for a task that this worker has claimed. */
  send(client: Client, index: number, returned: boolean): void {
    // One of the same entry is of another task, withdrawn meanwhile.
    this.#errands.push({ client, index, since: performance.now(), returned });
    Atomics.store(client.table.segment(index).words, placeOf(index), this.#asked);
    client.table.sendFor(index);
  }

  /** Looks for mail for a moment; true when there is some. Who sends it does not ring meanwhile. */
  look(): boolean {
    const board = this.#board;
    const awaits = this.#record + WorkerWord.AWAITS_MAIL;
    const mail = this.#record + WorkerWord.MAIL;
    Atomics.store(board, awaits, 1);
    lookUntil(performance.now() + 2 * SPIN_MS, () => Atomics.load(board, mail) !== 0);
    Atomics.store(board, awaits, 0);
    // Whoever has seen that it looked has sent before.
    return Atomics.load(board, mail) !== 0;
  }

  /** It came by mail: true when this one waits for it. */
  arrived(client: Client, index: number): boolean {
    const { words } = client.table.segment(index);
    if (Atomics.load(words, placeOf(index)) !== this.#mark) return false;
    const at = this.#errands.findIndex((errand) => errand.client === client && errand.index === index);
    if (at < 0) return false;
    this.#errands.splice(at, 1);
    return true;
  }

  /** Forgets those that were withdrawn; how many. */
  review(): number {
    return this.#forget((state) => state !== this.#asked && state !== this.#mark);
  }

  /** Gives up those for which it has waited long enough, or all; how many. */
  giveUp(all = false): number {
    const late = performance.now() - PATIENCE_MS;
    return this.#forget(
      (state, { since, returned }, words, at) =>
        state === this.#asked &&
        (all || (!returned && since <= late)) &&
        Atomics.compareExchange(words, at, this.#asked, EntryState.RETURNED) === this.#asked,
    );
  }

  /** When one of them is to be given up, in so many milliseconds; -1: never. */
  get patience(): number {
    const first = this.#errands.find(({ returned }) => !returned);
    return first === undefined ? -1 : Math.max(1, Math.ceil(first.since + PATIENCE_MS - performance.now()));
  }

  /** Gives one up at once: true when it was not on its way. */
  drop(client: Client, index: number): boolean {
    return (
      this.#forget(
        (state, errand, words, at) =>
          errand.client === client &&
          errand.index === index &&
          state === this.#asked &&
          Atomics.compareExchange(words, at, this.#asked, EntryState.RETURNED) === this.#asked,
      ) > 0
    );
  }

  #forget(isOver: (state: number, errand: Errand, words: Int32Array, at: number) => boolean): number {
    const errands = this.#errands;
    let kept = 0;
    for (const errand of errands) {
      const { words } = errand.client.table.segment(errand.index);
      const at = placeOf(errand.index);
      if (!isOver(Atomics.load(words, at), errand, words, at)) errands[kept++] = errand;
    }
    const count = errands.length - kept;
    errands.length = kept;
    return count;
  }
}
