/**
 * An executor without its face: the board, the workers, and the client of the isolate that made it.
 *
 * The core does not know the executor object. When that is collected without a shutdown, the core is told:
 * it lets what is in flight finish, then ends the workers.
 *
 *   OPEN ──shutdown, or collected──► CLOSED: takes nothing on ──nothing in flight──► STOPPING: workers end ──► done
 */
import { engine } from '../engine/select.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { SharedArray } from '../shared/shared-array.js';
import { Lock } from '../sync/lock.js';
import { Semaphore } from '../sync/semaphore.js';
import { isAttached, signUp } from './attachment.js';
import { BOARD_WORDS, Board, BoardFlag, ENTRIES_PER_SEGMENT, Entry, Lane, LINKS, WORDS_PER_ENTRY } from './board.js';
import { Client } from './client.js';
import { knownFunction } from './functions.js';
import type { Future } from './future.js';
import { Histogram } from './histogram.js';
import type { Owner } from './owner.js';
import type { Note, Parts } from './parts.js';
import { siteOf } from './task-origin.js';
import { blockOf, TaskTable } from './task-table.js';
import type { WorkerHost } from './worker-host.js';
import { type WorkerPlan, WorkerSet } from './worker-set.js';

/** A worker that has been told to end, and does not, is made to after so many milliseconds. */
const PATIENCE_MS = 1000;

export interface CoreOptions {
  readonly maxWorkers: number;
  readonly minWorkers: number;
  /** Milliseconds; -1: never. */
  readonly idleTimeout: number;
  readonly maxQueue: number;
  readonly maxTasksPerChild: number;
  readonly concurrency: number;
  /** Milliseconds that a task told to stop has for it. */
  readonly grace: number;
}

export class ExecutorCore {
  readonly parts: Parts;
  readonly client: Client;
  readonly runTime = new Histogram();
  readonly waitTime = new Histogram();
  readonly tally = {
    completed: 0,
    failed: 0,
    record: (waited: number, ran: number): void => {
      this.waitTime.record(waited);
      this.runTime.record(ran);
    },
  };
  readonly #workers: WorkerSet;
  readonly #board: Int32Array;
  #closed = false;
  #stopped: Promise<void> | undefined;
  #atRest: (() => void)[] = [];

  constructor(options: CoreOptions, host: WorkerHost, plan: WorkerPlan) {
    const board = new SharedArray('i', BOARD_WORDS, { lock: false });
    const life = new Lock();
    life.tryAcquire();
    this.parts = { board, idle: new Semaphore(0), notes: new SimpleQueue<Note>(), owner: new Semaphore(0), life };
    const words = board.array;
    this.#board = words;
    signUp(words, Board.OWNER_SLOT);
    words[Board.MAX_SIZE] = options.maxWorkers;
    words[Board.MIN_SIZE] = options.minWorkers;
    words[Board.IDLE_TIMEOUT] = options.idleTimeout;
    words[Board.MAX_QUEUE] = options.maxQueue;
    words[Board.MAX_TASKS] = options.maxTasksPerChild;
    words[Board.CONCURRENCY] = options.concurrency;
    if (host.isApart) words[Board.FLAGS] = BoardFlag.APART;
    this.#workers = new WorkerSet(this.parts, host, plan);
    const workers = this.#workers;
    const owner: Owner = {
      carries: host.carries ?? false,
      carrierOf: (worker) => workers.carrierOf(worker),
      consider: () => workers.consider(),
      endWorker: (worker) => workers.endWorker(worker),
      lossOf: (worker, task) => workers.lossOf(worker, task),
      tend: () => workers.tend(),
      atRest: () => this.#rest(),
    };
    this.client = new Client(this.parts, this.tally, options.grace, owner);
    workers.attach(this.client);
  }

  get closed(): boolean {
    return this.#closed || (Atomics.load(this.#board, Board.FLAGS) & BoardFlag.BROKEN) !== 0;
  }

  /** Runs a function once on each worker that there may be. */
  broadcast(fn: Function, args: readonly unknown[], caller: Function): Future<unknown>[] {
    const known = knownFunction(fn);
    const site = siteOf(caller);
    return this.#workers.fullRoll().map((worker) => this.client.dispatch(known, args, undefined, worker, site));
  }

  shutdown(wait: boolean, cancelFutures: boolean): Promise<void> {
    this.close();
    if (cancelFutures) this.client.failQueued(undefined);
    this.#stopped ??= this.#stop();
    return wait ? this.#stopped : Promise.resolve();
  }

  /** Takes nothing more on. */
  close(): void {
    this.#closed = true;
    Atomics.or(this.#board, Board.FLAGS, BoardFlag.CLOSED);
  }

  /** Ends everything now: queued tasks are cancelled, running ones lose their worker. */
  terminate(): Promise<void> {
    this.close();
    this.client.cancelAll();
    this.#workers.terminate('terminate');
    // A process may see to SIGTERM by itself, and may not end.
    const patience = setTimeout(() => this.#workers.terminate('kill'), PATIENCE_MS).unref();
    this.#stopped ??= this.#stop();
    return this.#stopped.finally(() => clearTimeout(patience));
  }

  /** Ends the workers now: queued tasks are cancelled, running ones fail with WorkerLostError. */
  endWorkers(how: 'terminate' | 'kill'): Promise<void> {
    this.close();
    this.client.failQueued(undefined);
    this.#workers.terminate(how);
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.client.inFlight > 0) await new Promise<void>((resolve) => this.#atRest.push(resolve));
    this.#workers.stop();
    await this.#workers.empty();
    this.#workers.close();
    this.client.close();
    this.#release();
  }

  #rest(): void {
    if (this.#atRest.length > 0) for (const resolve of this.#atRest.splice(0)) resolve();
  }

  /** Gives up what the board and the lanes hold: no worker is left to look at it. */
  #release(): void {
    const count = Atomics.load(this.#board, Board.CLIENTS);
    for (let number = 0; number < count; number++) {
      const handle = Atomics.exchange(this.#board, Board.LANES + number, 0);
      if (handle === 0) continue;
      const table = new TaskTable(blockOf(handle));
      const isInUse = isAttached(table.words[Lane.SLOT] as number, table.words[Lane.GENERATION] as number);
      // Another client may look at its lane still: what that holds stays until the client gives it up.
      if (number === this.client.number || !isInUse) releaseLane(table);
      engine.release(handle);
    }
  }
}

/** Drops the references that a lane holds. */
function releaseLane(table: TaskTable): void {
  const { words } = table;
  const segments = Atomics.load(words, Lane.SEGMENTS);
  for (let number = 0; number < segments; number++) {
    const { words: entries } = table.segment(number * ENTRIES_PER_SEGMENT);
    for (let at = 0; at < LINKS; at += WORDS_PER_ENTRY) {
      const parcel = Atomics.exchange(entries, at + Entry.PARCEL, 0);
      if (parcel !== 0) engine.release(parcel);
    }
    engine.release(Atomics.exchange(words, Lane.SEGMENT + number, 0));
  }
  for (const word of [Lane.LOOP_BELL, Lane.THREAD_BELL, Lane.PRIORITY]) {
    const handle = Atomics.exchange(words, word, 0);
    if (handle !== 0) engine.release(handle);
  }
}
