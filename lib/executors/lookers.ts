/**
 * Who is woken when a task is queued, so that none is left lying while a worker sleeps, and none is woken in vain.
 *
 * LOOKERS counts the workers that will look at the rings within microseconds by themselves: those that look
 * without pause, and those at a task of a function whose tasks are brisk: a matter of a microsecond or two
 * (`pace.ts`). Who queues a task moves TAIL and then reads LOOKERS: where there is one, nobody need be woken.
 *
 *   client   TAIL + 1; LOOKERS > 0? done : wake a sleeper, or ask for one more worker
 *   worker   LOOKERS − 1; work left, and LOOKERS ≤ 0? wake a sleeper, or ask for one more worker
 *
 * No task is left queued while a worker sleeps. A client that wakes nobody has read LOOKERS after it moved TAIL, and a worker
 * was counted then. That worker, and every other that is counted meanwhile, takes itself off before it does
 * anything long (runs a task, turns its event loop, sleeps) and looks at the rings *after* that. It sees the task, unless
 * somebody has claimed it, and then either wakes another or finds one counted still, of whom the same holds;
 * the last of them finds none. The operations are sequentially consistent, so "after" means the same to all.
 * Going to sleep has one step more: the worker takes itself off LOOKERS, waits for a permit of `idle`, and only
 * then looks, so whoever found LOOKERS without it finds it waiting, or is seen.
 *
 * A task that is brisk as a rule may once take long, and a worker that is counted may die. For the first a client
 * that is about to sleep while tasks of its own are queued wakes a worker whatever LOOKERS says; for the second
 * the worker's record says that it is counted, and who buries it takes it off. The record is set before counting
 * and cleared after taking off, so a worker that dies in between leaves the count right or too low, never
 * too high: then somebody is woken in vain.
 *
 * Where tasks are brisk, one worker that is awake soon has them all, and a second one only takes its core, or the
 * client's. So a client that has woken a worker wakes no other for a brisk task while that one has yet to look, which
 * RISEN tells: whoever stops sleeping, for whatever reason, counts it up and then looks at the rings. The client reads
 * it before it reads that somebody sleeps. As long as it is the same, that one has not risen, and looks after whatever
 * the client has queued by then: it is as good as counted. (It may die; DEATHS tells that, and then the client
 * looks after its tasks.) Tasks of other functions are to run side by side, and each wakes somebody.
 *
 * Who sleeps is known to `idle` alone, which the engine puts in order whoever dies: there is no count beside it
 * that a death could leave wrong. Who wakes reads whether anybody waits for a permit, and gives one. Two may do so
 * for one sleeper: the permit that is left over sends the next worker that is about to sleep once more round the rings.
 */
import { availableParallelism } from 'node:os';
import { wordsAt } from '../engine/words-at.js';
import { Cell, Semaphore as SemaphoreWord } from '../memory/layout.js';
import type { Semaphore } from '../sync/semaphore.js';
import { Board, recordAt, WorkerWord } from './board.js';
import type { Parts } from './parts.js';

const CORES = availableParallelism();
/** The client needs a core as well. */
export const LOOKERS_AT_MOST = Math.max(1, CORES - 1);
/** So many tasks for each worker that can run at a time last longer than it takes to wake the client. */
const SUPPLY = 8;

/** Tasks queued with which the workers of a board can do without the client for a moment. */
export function lowWaterOf(board: Int32Array): number {
  return SUPPLY * Math.min(CORES, board[Board.MAX_SIZE] as number);
}

/** Whether workers are at tasks that are not brisk on every core; a hint. */
export function areCoresTaken({ board: { array: board }, idle }: Parts): boolean {
  const lookers = Math.max(0, board[Board.LOOKERS] as number);
  return (board[Board.SIZE] as number) - lookers >= CORES && !anybodySleeps(idle);
}

function anybodySleeps(idle: Semaphore): boolean {
  return (Atomics.load(wordsAt(idle._handle), idle._handle + Cell.STATE) & SemaphoreWord.PARKED) !== 0;
}

/** Wakes a worker that sleeps: true when there was one. */
export function wakeSleeper({ idle }: Parts): boolean {
  if (!anybodySleeps(idle)) return false;
  idle.release();
  return true;
}

/** After a worker has begun to wait for a permit of `idle`: what it reads from now on is later, to all, than that. */
export function declareAsleep({ idle }: Parts): void {
  Atomics.or(wordsAt(idle._handle), idle._handle + Cell.STATE, 0);
}

/** Asks the owner for one more worker; for those who are not it. */
export function askForWorker({ board: { array: board }, owner }: Parts): void {
  if (Atomics.load(board, Board.SIZE) >= (board[Board.MAX_SIZE] as number)) return;
  if (Atomics.exchange(board, Board.WANTED, 1) === 0) owner.release();
}

/** A worker's place among the lookers. */
export class Lookers {
  readonly #parts: Parts;
  readonly #words: Int32Array;
  readonly #record: number;
  readonly #hasQueued: () => boolean;
  #counted = false;

  constructor(parts: Parts, worker: number, hasQueued: () => boolean) {
    this.#parts = parts;
    this.#words = parts.board.array;
    this.#record = recordAt(worker) + WorkerWord.LOOKS;
    this.#hasQueued = hasQueued;
  }

  /** From now on this worker looks. */
  enter(): void {
    if (this.#counted) return;
    this.#counted = true;
    Atomics.store(this.#words, this.#record, 1);
    Atomics.add(this.#words, Board.LOOKERS, 1);
  }

  /** It does not any more; what is queued is its own to look after, once, from now on. */
  withdraw(): void {
    if (!this.#counted) return;
    this.#counted = false;
    Atomics.sub(this.#words, Board.LOOKERS, 1);
    Atomics.store(this.#words, this.#record, 0);
  }

  /** It is about to do something long: sees to it that another does what is queued. */
  leave(): void {
    if (!this.#counted) return;
    this.withdraw();
    if (!this.another && this.#hasQueued()) this.callAnother();
  }

  callAnother(): void {
    if (!wakeSleeper(this.#parts)) askForWorker(this.#parts);
  }

  /** With this one not counted: there is another. */
  get another(): boolean {
    return Atomics.load(this.#words, Board.LOOKERS) > 0;
  }

  /** With this one counted: there are more than can look at a time. */
  get crowded(): boolean {
    return (this.#words[Board.LOOKERS] as number) > LOOKERS_AT_MOST;
  }

  /** With this one counted: another would find a core. */
  get few(): boolean {
    return (this.#words[Board.LOOKERS] as number) < LOOKERS_AT_MOST;
  }
}
