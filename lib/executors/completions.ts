/**
 * How a client hears of its finished tasks.
 *
 * Workers push them on the lane's DONE stack. The client takes the whole stack at once and settles the
 * futures oldest first. Nobody rings while it looks by itself; before it sleeps it says that it listens
 * and looks once more:
 *
 *   client   LISTENING = LOOP; DONE ≠ 0? look again : sleep
 *   worker   push on DONE; LISTENING ≠ NOT? → NOT, release the bell
 *
 * Each reads what the other has written after writing its own, so one of them sees the other. Whoever
 * takes LISTENING back to NOT decides whether a permit of the bell is on its way; one that comes without
 * need is a look for nothing.
 *
 * Where tasks run on every core, a client that looks takes the core of one of them. So while enough others are
 * queued it hears of them in batches instead: it sleeps, and is rung when the queue runs low or a worker needs
 * something of it, or else wakes by itself within a millisecond. Tasks submitted meanwhile do not make it look.
 *
 * Looking is a `setImmediate` turn that spins for some microseconds, between the turns of the loop, as long
 * as tasks keep coming back soon. A thread blocked in a Sync call takes tasks from the same stack, and
 * settles whatever comes until what it waits for is there.
 */
import { availableParallelism } from 'node:os';
import { engine } from '../engine/select.js';
import { block, LONGEST_TIMER, timeLeft, unwatch, watch } from '../engine/wait.js';
import { FIRST_TICKET, WaiterMode } from '../memory/layout.js';
import { Semaphore } from '../sync/semaphore.js';
import { Lane, Listening } from './board.js';
import { lookUntil, mayLook } from './look.js';
import type { TaskTable } from './task-table.js';

/** Who settles futures. Nothing here may throw. */
export interface Settler {
  /** A task has finished; its entry is the settler's again. */
  finished(index: number): void;
  /** Tasks in flight. */
  readonly inFlight: number;
  /** Whether tasks run on all cores. */
  readonly coresAreTaken: boolean;
  /** Is about to sleep with tasks in flight: those that are queued are to have a worker awake. */
  sleeps(): void;
  /** Sees to what has happened to workers; `blocked`: and to what the event loop would, were the thread not blocked. */
  tend(blocked: boolean): void;
  /** Runs a queued task, if this isolate is a worker and there is one; false when there is none. */
  help(): boolean;
}

/** Entries that are fetched at a time: about as many cache lines as a processor fetches side by side. */
const AHEAD = 16;
/** The longest that somebody who hears of tasks in batches sleeps. Milliseconds. */
const BATCH_MS = 1;
/** A blocked thread sees to other things this often. Milliseconds. */
const SLICE_MS = 20;
/** About what waking a sleeping loop takes, and half as much again. Microseconds. */
const DEFAULT_SPIN_US = 60;
/** Looks before the loop gets to its timers and input. Microseconds. */
const TURN_US = 20;
const MOST_SKIPPED = 31;
/** What the other side is given for payloads, in terms of the time that this side took to write its own; and at most. Milliseconds. */
const TIMES_AS_LONG = 4;
const LONGEST_ALLOWANCE_MS = 0.5;

function spinLimitMs(): number {
  if (availableParallelism() < 2) return 0;
  const text = process.env.HEDDLE_SPIN_US ?? '';
  return (/^\d+$/.test(text) ? Math.min(Number(text), 10_000) : DEFAULT_SPIN_US) / 1000;
}
/** How long looking pays, in milliseconds; 0 where it never does. */
export const SPIN_MS = spinLimitMs();

/**
 * How much longer looking pays where large payloads travel, which the other side has to copy as well: it reads one that
 * took `wrote` ms to write, and answers with such a one, mostly into memory that is colder.
 */
export function allowanceFor(wrote: number): number {
  return Math.min(TIMES_AS_LONG * wrote, LONGEST_ALLOWANCE_MS);
}

export class Completions {
  readonly #table: TaskTable;
  readonly #words: Int32Array;
  readonly #settler: Settler;
  readonly #loopBell = new Semaphore(0);
  readonly #threadBell = new Semaphore(0);
  /** Finished entries that are not settled yet, newest first. A nested wait goes on where the outer one is. */
  #batch = new Int32Array(1024);
  #left = 0;
  #scheduled = false;
  #spinEnd = 0;
  /** On top of SPIN_MS, ms. */
  #allowance = 0;
  #skip = 0;
  #penalty = 0;
  /** Wait for the loop's bell, 0 for none. */
  #ticket = 0;
  /** Sleeps until the queue runs low, or the timer wakes it. */
  #inBatches = false;
  #batchTimer: NodeJS.Timeout | undefined;
  #holding = false;
  /** What is in flight does not keep the loop alive. */
  daemon = false;
  readonly #keepAlive: NodeJS.Timeout;

  constructor(table: TaskTable, settler: Settler) {
    this.#table = table;
    this.#words = table.words;
    this.#settler = settler;
    this.#keepAlive = setInterval(() => {}, LONGEST_TIMER).unref();
    for (const [word, bell] of [
      [Lane.LOOP_BELL, this.#loopBell],
      [Lane.THREAD_BELL, this.#threadBell],
    ] as const) {
      bell._remember();
      engine.retain(bell._handle);
      this.#words[word] = bell._handle;
    }
  }

  /** A task has been submitted: its end will be seen. `wrote`: how long it took to write a large payload, ms. */
  expect(wrote = 0): void {
    if (wrote > 0) this.#allowance = allowanceFor(wrote);
    if (this.#scheduled || this.#inBatches) return;
    this.#scheduled = true;
    if (this.#ticket !== 0) Atomics.store(this.#words, Lane.LISTENING, Listening.NOT);
    setImmediate(this.#turn);
  }

  /** Settles what has finished; how many. */
  drain(): number {
    let count = 0;
    if (this.#left === 0) this.#take();
    while (this.#left > 0) {
      if (count % AHEAD === 0) this.#table.fetchLines(this.#batch, Math.max(0, this.#left - AHEAD), this.#left);
      this.#settler.finished(this.#batch[--this.#left] as number);
      count++;
    }
    return count;
  }

  #take(): void {
    if (Atomics.load(this.#words, Lane.DONE) === 0) return;
    let top = Atomics.exchange(this.#words, Lane.DONE, 0);
    const table = this.#table;
    let count = 0;
    while (top !== 0) {
      const index = top - 1;
      if (count === this.#batch.length) {
        const longer = new Int32Array(2 * count);
        longer.set(this.#batch);
        this.#batch = longer;
      }
      this.#batch[count++] = index;
      top = table.linkAt(index);
    }
    this.#left = count;
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    const count = this.drain();
    if (this.#settler.coresAreTaken && this.#table.isWellSupplied()) {
      this.#listen(Listening.BATCHES);
      return;
    }
    if (count > 0 || this.#spin()) {
      this.#penalty >>= 1;
      this.#spinEnd = 0;
      this.#allowance = 0;
      if (this.#settler.inFlight > 0) this.expect();
      else this.#rest();
      return;
    }
    if (this.#settler.inFlight === 0) this.#rest();
    else if (this.#spinEnd > 0) this.expect();
    else this.#listen(Listening.LOOP);
  };

  /** Looks for a moment; true when something came. `#spinEnd` is 0 when looking does not pay any longer. */
  #spin(): boolean {
    const now = performance.now();
    if (this.#spinEnd === 0) {
      if (SPIN_MS === 0 || this.#skip > 0 || !mayLook()) {
        if (this.#skip > 0) this.#skip--;
        return false;
      }
      this.#spinEnd = now + SPIN_MS + this.#allowance;
    } else if (now >= this.#spinEnd || !mayLook()) {
      this.#penalty = Math.min(2 * this.#penalty + 1, MOST_SKIPPED);
      this.#skip = this.#penalty;
      this.#spinEnd = 0;
      return false;
    }
    return this.look(Math.min(this.#spinEnd, now + TURN_US / 1000)) && this.drain() > 0;
  }

  readonly #hasFinished = (): boolean => Atomics.load(this.#words, Lane.DONE) !== 0;

  /** Looks until something has finished, which it does not take, or `end` has passed. */
  look(end: number): boolean {
    return lookUntil(end, this.#hasFinished);
  }

  /** Nothing is in flight: the loop need not live for it. */
  #rest(): void {
    this.#hold(false);
  }

  #hold(holding: boolean): void {
    if (this.#holding === holding || (holding && this.daemon)) return;
    this.#holding = holding;
    if (holding) this.#keepAlive.ref();
    else this.#keepAlive.unref();
  }

  /** Lets the loop sleep until it is rung. */
  #listen(how: typeof Listening.LOOP | typeof Listening.BATCHES): void {
    this.#hold(true);
    if (this.#ticket === 0) {
      const begun = engine.semaphoreAcquire(this.#loopBell._handle, WaiterMode.LOOP, -1);
      if (begun < FIRST_TICKET) {
        // A permit of an earlier time, or no room for a waiter: look again.
        this.expect();
        return;
      }
      this.#ticket = begun;
      watch(begun, this.#rung);
    }
    this.#settler.sleeps();
    Atomics.store(this.#words, Lane.LISTENING, how);
    if (how === Listening.BATCHES) {
      // What is done by now is seen to when the timer fires, if nobody rings before.
      this.#inBatches = true;
      if (this.#batchTimer === undefined) this.#batchTimer = setTimeout(this.#batchIsOver, BATCH_MS).unref();
      else this.#batchTimer.refresh();
    } else if (Atomics.load(this.#words, Lane.DONE) !== 0) this.expect();
  }

  readonly #batchIsOver = (): void => {
    if (!this.#inBatches) return;
    this.#inBatches = false;
    this.expect();
  };

  readonly #rung = (): void => {
    this.#ticket = 0;
    this.#inBatches = false;
    this.drain();
    this.#settler.tend(false);
    if (this.#settler.inFlight > 0) this.expect();
    else this.#rest();
  };

  /** Blocks until `done()` or the deadline (see `deadlineOf`); true when done. */
  waitSync(done: () => boolean, deadline: number): boolean {
    const words = this.#words;
    const settler = this.#settler;
    this.#inBatches = false;
    for (;;) {
      this.drain();
      if (done()) break;
      const left = timeLeft(deadline);
      if (left === 0) break;
      if (settler.help()) continue;
      const patience = SPIN_MS + this.#allowance;
      if (this.look(performance.now() + Math.min(patience, left < 0 ? patience : left))) continue;
      settler.sleeps();
      Atomics.store(words, Lane.LISTENING, Listening.THREAD);
      if (Atomics.load(words, Lane.DONE) === 0) {
        const slice = left < 0 ? SLICE_MS : Math.min(SLICE_MS, left);
        block(engine.semaphoreAcquire(this.#threadBell._handle, WaiterMode.THREAD, slice), performance.now() + slice);
        settler.tend(true);
      }
      Atomics.store(words, Lane.LISTENING, Listening.NOT);
    }
    // The loop has missed its rings meanwhile.
    if (settler.inFlight > 0) this.expect();
    return done();
  }

  /** Nothing will come any more. */
  close(): void {
    clearInterval(this.#keepAlive);
    clearTimeout(this.#batchTimer);
    if (this.#ticket !== 0) unwatch(this.#ticket);
    this.#ticket = 0;
  }
}
