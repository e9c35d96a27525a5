/**
 * Blocking for a future, on any thread. A worker that blocks for a task of its own executor runs queued tasks
 * meanwhile; what needs an event loop is left to one worker more, which it may have for that time.
 */
import { DeadlockError } from '../errors.js';
import { Board, EntryState, recordAt, STATE_MASK, WorkerWord, workerOf } from './board.js';
import type { Completions } from './completions.js';
import type { Future } from './future.js';
import { ownLoop } from './own-loop.js';
import type { Parts } from './parts.js';
import type { Publisher } from './publisher.js';
import type { TaskTable } from './task-table.js';

type AnyFuture = Future<unknown>;

export class BlockedWait {
  readonly #board: Int32Array;
  readonly #handle: number;
  readonly #table: TaskTable;
  readonly #completions: Completions;
  readonly #publisher: Publisher;
  /** This worker is blocked, and another may take its place. */
  #replaced = false;

  constructor(parts: Parts, table: TaskTable, completions: Completions, publisher: Publisher) {
    this.#board = parts.board.array;
    this.#handle = parts.board._handle;
    this.#table = table;
    this.#completions = completions;
    this.#publisher = publisher;
  }

  waitSync(future: AnyFuture, deadline: number): boolean {
    const done = (): boolean => future.done() || this.#refuseDeadlock(future);
    const own = ownLoop();
    if (own?.board !== this.#handle) return this.#completions.waitSync(done, deadline);
    try {
      return this.#completions.waitSync(done, deadline);
    } finally {
      if (this.#replaced) this.#takeBack(own.id);
    }
  }

  /** Unless who buries this worker has. */
  #takeBack(worker: number): void {
    this.#replaced = false;
    if (Atomics.exchange(this.#board, recordAt(worker) + WorkerWord.REPLACED, 0) === 1)
      Atomics.sub(this.#board, Board.MAX_SIZE, 1);
  }

  /** @throws DeadlockError when only this thread, which is about to block, could finish the task. */
  #refuseDeadlock(future: AnyFuture): false {
    const own = ownLoop();
    if (own !== undefined && own.board === this.#handle && future._task > 0) {
      const state = this.#table.stateOf(future._task - 1);
      if ((state & STATE_MASK) === EntryState.RUNNING && workerOf(state) === own.id)
        throw new DeadlockError(
          'the task awaits something in this very thread, which a Sync call would block: await its future instead',
        );
    }
    return false;
  }

  help(): boolean {
    const own = ownLoop();
    if (own === undefined || own.board !== this.#handle) return false;
    if (own.help()) return true;
    // What is left, if anything, needs an event loop: while this one is blocked there may be a worker more.
    if (!this.#replaced) {
      this.#replaced = true;
      Atomics.add(this.#board, Board.MAX_SIZE, 1);
      Atomics.store(this.#board, recordAt(own.id) + WorkerWord.REPLACED, 1);
      if (!this.#table.isEmpty()) this.#publisher.wakeWorker();
    }
    return false;
  }
}
