/**
 * The submitting side: an isolate's tasks in one executor, from `dispatch` to the settled future.
 *
 *   dispatch ─► entry written, QUEUED, hint in the ring ─► a worker's claim … ─► `finished` ─► future settled
 *      └─► no room in the table: kept here (backlog) ─► `pump`, as entries become free ─┘
 *
 * What happens to one entry at the same time, and how it ends:
 *
 *   cancel, queue timeout, signal  while QUEUED: one compare-and-swap against the claim; the winner decides.
 *   cancel, timeout, signal        while RUNNING: the ABORT word is set and the worker rung. The task may finish
 *                                  meanwhile: then the abort was for nothing. It may not stop within `grace`:
 *                                  then it is OVERDUE, and its worker ends once nothing else runs there.
 *   its worker dies                `mourn` first settles what was finished, then fails what still RUNs on a worker
 *                                  that is no more.
 *
 * A timeout, and an aborted signal, settle the future at once: the entry is then *detached*, and stays in use
 * until the worker gives it back or dies. `cancel()` of a running task lets the task say how it ends.
 */
import { discard, encode, own } from '../codec/codec.js';
import { show } from '../engine/arguments.js';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { noRoom, settleOwnGrants } from '../engine/wait.js';
import {
  BrokenExecutorError,
  CancelledError,
  DeadlockError,
  QueueFullError,
  TimeoutError,
  WorkerLostError,
} from '../errors.js';
import { Outcome } from '../memory/layout.js';
import { encodeKey } from '../queues/priority-key.js';
import { PriorityQueue } from '../queues/priority-queue.js';
import { SharedArray } from '../shared/shared-array.js';
import {
  Abort,
  Board,
  BoardFlag,
  CLIENT_SHIFT,
  clock,
  ENTRIES_PER_SEGMENT,
  Entry,
  EntryState,
  Flag,
  LANE_WORDS,
  Lane,
  MAX_CLIENTS,
  MAX_SEGMENTS,
  RING_MASK,
  RING_SIZE,
  recordAt,
  STATE_MASK,
  WorkerWord,
  workerOf,
} from './board.js';
import { Completions, type Settler } from './completions.js';
import { type KnownFunction, knownFunction } from './functions.js';
import { Future, type FutureSource } from './future.js';
import { ownLoop, ownSubmissions } from './own-loop.js';
import type { Parts } from './parts.js';
import { addSite, noteSite } from './submit-site.js';
import type { TaskOptions } from './task-options.js';
import { blockOf, emptyParcel, placeOf, TaskTable } from './task-table.js';

type AnyFuture = Future<unknown>;

/** What the isolate that made the executor does for its tasks. */
export interface Owner {
  /** A task is queued and nobody sleeps: another worker, if there may be one. */
  consider(): void;
  /** A task on this worker is overdue. */
  endWorker(worker: number): void;
  /** Why a worker is no more. */
  lossOf(worker: number): WorkerLostError;
  /** Nothing of this client is in flight any more. */
  atRest(): void;
  /** Sees, while the thread is blocked, to what its event loop would. */
  tend(): void;
}

/** Counts of a client's tasks. */
export interface Tally {
  completed: number;
  failed: number;
  /** A task has finished: how long it waited and ran, in milliseconds. */
  record(waited: number, ran: number): void;
}

/** A task that waits for an entry. */
interface Waiting {
  readonly future: AnyFuture;
  readonly fn: KnownFunction;
  readonly item: EncodedItem | undefined;
  readonly flags: number;
  readonly submitted: number;
  extra: Extra | undefined;
}

/** What few tasks have: options that have to be seen to. */
class Extra {
  timeout = -1;
  priority = 0;
  grace: number;
  /** The worker it is for, 0 for any. */
  worker = 0;
  signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  readonly alarms = new Set<Alarm>();
  constructor(grace: number) {
    this.grace = grace;
  }
}

/** @throws TypeError for what cannot be moved by way of the arena. */
function requireBuffers(transfer: readonly unknown[]): void {
  transfer.forEach((item, index) => {
    if (!(item instanceof ArrayBuffer))
      throw new TypeError(
        `transfer[${index}] must be an ArrayBuffer, got ${show(item)}; ports and handles cannot follow a task to whichever worker takes it`,
      );
  });
}

/** Takes buffers away from the sender, whose contents have been written. */
function detachAll(transfer: readonly unknown[]): void {
  structuredClone(undefined, { transfer: [...(transfer as ArrayBuffer[])] });
}

const LONGEST_TIMER = 0x7fffffff;

/** Something to be done at a time, by the event loop or by `tend`. */
class Alarm {
  readonly #due: number;
  readonly #ring: () => void;
  readonly #all: Set<Alarm>;
  #timer: NodeJS.Timeout | undefined;

  constructor(all: Set<Alarm>, delay: number, ring: () => void) {
    this.#all = all;
    this.#due = performance.now() + delay;
    this.#ring = ring;
    all.add(this);
    this.#set();
  }

  #set(): void {
    const left = Math.max(1, Math.ceil(this.#due - performance.now()));
    // The task in flight keeps the loop alive.
    this.#timer = setTimeout(() => this.look(), Math.min(left, LONGEST_TIMER)).unref();
  }

  look(): void {
    if (!this.#all.has(this)) return;
    clearTimeout(this.#timer);
    if (performance.now() < this.#due) {
      this.#set();
      return;
    }
    this.#all.delete(this);
    this.#ring();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#all.delete(this);
  }
}

export class Client implements FutureSource, Settler {
  readonly parts: Parts;
  readonly number: number;
  readonly tally: Tally;
  readonly table: TaskTable;
  readonly #board: Int32Array;
  readonly #words: Int32Array;
  readonly #owner: Owner | undefined;
  readonly #grace: number;
  readonly #completions: Completions;
  /** By index; undefined where the entry is free or detached. */
  readonly #futures: (AnyFuture | undefined)[] = [];
  readonly #functions: (KnownFunction | undefined)[] = [];
  readonly #submitted: number[] = [];
  readonly #extras = new Map<number, Extra>();
  readonly #alarms = new Set<Alarm>();
  /** Free indices. */
  readonly #free: number[] = [];
  #backlog: Waiting[] = [];
  #backlogStart = 0;
  #backlogDead = 0;
  #priorities: PriorityQueue<number> | undefined;
  #deathsSeen: number;
  #broken: BrokenExecutorError | undefined;
  /** This worker is blocked, and another may take its place. */
  #replaced = false;
  inFlight = 0;

  constructor(parts: Parts, tally: Tally, grace: number, owner: Owner | undefined) {
    this.parts = parts;
    this.tally = tally;
    this.#grace = grace;
    this.#owner = owner;
    this.#board = parts.board.array;
    const lane = new SharedArray('i', LANE_WORDS, { lock: false });
    lane._remember();
    this.table = new TaskTable(lane);
    this.#words = this.table.words;
    this.#completions = new Completions(this.table, this);
    this.#deathsSeen = Atomics.load(this.#board, Board.DEATHS);
    this.number = Atomics.add(this.#board, Board.CLIENTS, 1);
    if (this.number >= MAX_CLIENTS) {
      Atomics.sub(this.#board, Board.CLIENTS, 1);
      throw new RangeError(`an executor can be used by ${MAX_CLIENTS} threads at most`);
    }
    // The board's reference: workers find the lane by it, also when this isolate is gone.
    engine.retain(lane._handle);
    Atomics.store(this.#board, Board.LANES + this.number, lane._handle);
    if (ownLoop?.board === parts.board._handle) ownSubmissions.set(ownLoop.board, () => this.inFlight);
  }

  /** From now on tasks in flight do not keep the event loop alive. */
  beDaemon(): void {
    this.#completions.daemon = true;
  }

  /** Tasks that no worker has begun. */
  get queued(): number {
    return this.#backlog.length - this.#backlogStart - this.#backlogDead + this.#queuedEntries();
  }

  #queuedEntries(): number {
    let count = 0;
    for (const { words } of this.table.segments)
      for (let at = 0; at < words.length; at += 16) {
        const state = words[at];
        if (state === EntryState.QUEUED || state === EntryState.MAILED) count++;
      }
    return count;
  }

  /** Tasks that run now. */
  get runningTasks(): number {
    let count = 0;
    for (const { words } of this.table.segments)
      for (let at = 0; at < words.length; at += 16)
        if (((words[at] as number) & STATE_MASK) === EntryState.RUNNING) count++;
    return count;
  }

  /**
   * Sends a task on its way. Throws, with nothing done, when the function or an argument cannot travel.
   *
   * @param worker Identifier of the one worker it is for; 0: any.
   * @param caller The function whose caller is the place of submission.
   * @param call CHUNK when `args` are those of a chunk, beside the function; 0 otherwise.
   */
  dispatch(
    fn: Function,
    args: readonly unknown[],
    options: TaskOptions | undefined,
    worker: number,
    caller: Function,
    call: 0 | typeof Flag.CHUNK = 0,
  ): AnyFuture {
    const transfer = options?.transfer;
    if (transfer !== undefined) requireBuffers(transfer);
    const known = knownFunction(fn);
    noteSite(known, caller);
    const future = new Future<unknown>(this);
    const refusal = this.#refusal(options);
    if (refusal !== undefined) {
      future._reject(refusal.error);
      return future;
    }
    let flags = known.isAsync ? call | Flag.ASYNC : call;
    let item: EncodedItem | undefined;
    if (args.length === 0) flags |= Flag.NONE;
    else if (args.length === 1) {
      flags |= Flag.SINGLE;
      item = encode(args[0], 'args[0]');
    } else item = encode(args, 'args');
    const extra = options === undefined && worker === 0 ? undefined : this.#extraOf(options, worker);
    this.inFlight++;
    const submitted = clock();
    const index = this.#backlog.length > this.#backlogStart ? -1 : this.#reserve();
    if (index < 0) {
      const owned = item === undefined ? undefined : own(item);
      if (transfer !== undefined) detachAll(transfer);
      this.#postpone({ future, fn: known, item: owned, flags, submitted, extra });
    } else {
      try {
        this.#fill(index, known, item, flags);
        if (transfer !== undefined) detachAll(transfer);
      } catch (error) {
        if (item !== undefined) discard(item);
        this.#free.push(index);
        this.inFlight--;
        throw error;
      }
      this.#futures[index] = future;
      this.#functions[index] = known;
      this.#submitted[index] = submitted;
      future._task = index + 1;
      if (extra !== undefined) this.#attach(index, extra, options);
      this.#publish(index, extra);
    }
    this.#completions.expect();
    return future;
  }

  /** Why a task is not taken on. */
  #refusal(options: TaskOptions | undefined): { readonly error: unknown } | undefined {
    if (this.#broken !== undefined) return { error: this.#broken };
    if (options?.signal?.aborted) return { error: options.signal.reason };
    const maxQueue = this.#board[Board.MAX_QUEUE] as number;
    if (maxQueue === 0 || this.inFlight < maxQueue || this.queued < maxQueue) return undefined;
    return { error: new QueueFullError(`the executor has ${maxQueue} tasks queued, as many as maxQueue allows`) };
  }

  /** A free entry, or -1 when there is none, or no room in the ring. */
  #reserve(): number {
    const index = this.#free.pop();
    if (index === undefined) {
      const { table } = this;
      if (table.segments.length === MAX_SEGMENTS) return -1;
      const first = table.grow() * ENTRIES_PER_SEGMENT;
      // The lowest is taken first.
      for (let i = ENTRIES_PER_SEGMENT - 1; i > 0; i--) this.#free.push(first + i);
      return this.#reserveRing(first);
    }
    return this.#reserveRing(index);
  }

  #reserveRing(index: number): number {
    if (this.table.queued() < RING_SIZE) return index;
    this.#free.push(index);
    return -1;
  }

  #fill(index: number, fn: KnownFunction, item: EncodedItem | undefined, flags: number): void {
    const segment = this.table.segment(index);
    const { words } = segment;
    const at = placeOf(index);
    words[at + Entry.FUNCTION] = fn.number;
    words[at + Entry.DEFINITION] = fn.handle;
    words[at + Entry.ABORT] = Abort.NOT;
    if (item === undefined) words[at + Entry.LANE] = flags;
    else this.table.write(segment, at, item, flags);
  }

  /** Lets workers see an entry. */
  #publish(index: number, extra: Extra | undefined): void {
    const words = this.#words;
    const { words: entries } = this.table.segment(index);
    const at = placeOf(index);
    if (extra !== undefined && extra.worker !== 0) {
      Atomics.store(entries, at, EntryState.MAILED);
      this.#mail(index, extra.worker);
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
    this.#wakeWorker();
  }

  #wakeWorker(): void {
    const board = this.#board;
    for (;;) {
      const sleepers = Atomics.load(board, Board.SLEEPERS);
      if (sleepers <= 0) break;
      if (Atomics.compareExchange(board, Board.SLEEPERS, sleepers, sleepers - 1) === sleepers) {
        this.parts.idle.release();
        return;
      }
    }
    if (Atomics.load(board, Board.SIZE) < (board[Board.MAX_SIZE] as number)) this.#wantWorker();
  }

  #wantWorker(): void {
    if (this.#owner !== undefined) this.#owner.consider();
    else if (Atomics.exchange(this.#board, Board.WANTED, 1) === 0) this.parts.owner.release();
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

  #hint(queue: PriorityQueue<number>, index: number, priority: number): void {
    if (engine.queuePut(queue._handle, false, encode(index), encodeKey(priority, 'priority')) !== Outcome.OK)
      throw noRoom();
    settleOwnGrants();
  }

  /** Puts the index of each QUEUED entry into the priority queue: one too many does no harm. */
  #hintAll(queue: PriorityQueue<number>): void {
    const { segments } = this.table;
    for (let index = 0; index < segments.length * ENTRIES_PER_SEGMENT; index++) {
      if (this.#stateOf(index) === EntryState.QUEUED) this.#hint(queue, index, this.#extras.get(index)?.priority ?? 0);
    }
  }

  #stateOf(index: number): number {
    return Atomics.load(this.table.segment(index).words, placeOf(index));
  }

  #mail(index: number, worker: number): void {
    const board = this.#board;
    const record = recordAt(worker);
    const address = (this.number << CLIENT_SHIFT) | (index + 1);
    const { words } = this.table.segment(index);
    for (;;) {
      const top = Atomics.load(board, record + WorkerWord.MAIL);
      words[placeOf(index) + Entry.NEXT] = top;
      if (Atomics.compareExchange(board, record + WorkerWord.MAIL, top, address) === top) break;
    }
    this.#ringWorker(worker);
  }

  #ringWorker(worker: number): void {
    const bell = Atomics.load(this.#board, recordAt(worker) + WorkerWord.BELL);
    if (bell === 0) return;
    engine.semaphoreRelease(bell, 1);
    settleOwnGrants();
  }

  // --- tasks that wait for an entry

  #postpone(waiting: Waiting): void {
    this.#backlog.push(waiting);
    waiting.future._task = -this.#backlog.length;
    Atomics.store(this.#words, Lane.BACKLOG, 1);
    if (waiting.extra !== undefined) this.#watch(waiting.future, waiting.extra, undefined);
  }

  /** Gives entries to waiting tasks, as far as there are any. */
  #pump(): void {
    while (this.#backlogStart < this.#backlog.length) {
      const waiting = this.#backlog[this.#backlogStart] as Waiting;
      if (waiting.future.done()) {
        // Cancelled while it waited.
        this.#backlogDead--;
        this.#backlogStart++;
        continue;
      }
      const index = this.#reserve();
      if (index < 0) return;
      this.#backlogStart++;
      const { future, fn, extra } = waiting;
      try {
        this.#fill(index, fn, waiting.item, waiting.flags);
      } catch (error) {
        if (waiting.item !== undefined) discard(waiting.item);
        this.#free.push(index);
        if (extra !== undefined) this.#release(extra);
        this.#oneLess();
        future._reject(error);
        continue;
      }
      this.#futures[index] = future;
      this.#functions[index] = fn;
      this.#submitted[index] = waiting.submitted;
      future._task = index + 1;
      if (extra !== undefined) this.#extras.set(index, extra);
      this.#publish(index, extra);
    }
    this.#backlog = [];
    this.#backlogStart = 0;
    Atomics.store(this.#words, Lane.BACKLOG, 0);
  }

  // --- options

  #extraOf(options: TaskOptions | undefined, worker: number): Extra {
    const extra = new Extra(this.#grace);
    extra.worker = worker;
    if (options?.timeout !== undefined) extra.timeout = options.timeout;
    if (options?.priority !== undefined) extra.priority = options.priority;
    extra.signal = options?.signal;
    return extra;
  }

  #attach(index: number, extra: Extra, options: TaskOptions | undefined): void {
    this.#extras.set(index, extra);
    this.#watch(this.#futures[index] as AnyFuture, extra, options);
  }

  /** Sets the alarms of a task and listens to its signal. */
  #watch(future: AnyFuture, extra: Extra, options: TaskOptions | undefined): void {
    const queueTimeout = options?.queueTimeout;
    if (queueTimeout !== undefined && queueTimeout !== Number.POSITIVE_INFINITY)
      this.#alarm(extra, queueTimeout, () => {
        if (this.#withdraw(future))
          future._reject(new TimeoutError(`the task was queued longer than its queueTimeout of ${queueTimeout} ms`));
      });
    if (extra.timeout >= 0 && extra.timeout !== Number.POSITIVE_INFINITY)
      this.#alarm(extra, extra.timeout, () => this.#checkTimeout(future, extra));
    const { signal } = extra;
    if (signal !== undefined) {
      extra.onAbort = () => {
        if (this.#withdraw(future)) future._cancelled(signal.reason as CancelledError);
        else this.#giveUp(future, Abort.SIGNAL, signal.reason);
      };
      signal.addEventListener('abort', extra.onAbort, { once: true });
    }
  }

  #alarm(extra: Extra, delay: number, ring: () => void): void {
    const alarm = new Alarm(this.#alarms, delay, () => {
      extra.alarms.delete(alarm);
      ring();
    });
    extra.alarms.add(alarm);
  }

  /**
   * A task cannot have run for its timeout before this has passed since it was submitted, or since it was last
   * found queued: looking then is never too early, and never later than its end.
   */
  #checkTimeout(future: AnyFuture, extra: Extra): void {
    const index = future._task - 1;
    const again = (delay: number): void => this.#alarm(extra, delay, () => this.#checkTimeout(future, extra));
    if (index < 0 || (this.#stateOf(index) & STATE_MASK) !== EntryState.RUNNING) {
      again(extra.timeout);
      return;
    }
    const segment = this.table.segment(index);
    const now = clock();
    const written = segment.doubles[(placeOf(index) + Entry.STARTED) >> 1] as number;
    // Claimed a moment ago: the function's number stands there still, which is no time.
    const started = written > 1e9 && written <= now ? written : now;
    const left = started + extra.timeout - now;
    if (left > 0) again(left);
    else
      this.#giveUp(
        future,
        Abort.TIMED_OUT,
        new TimeoutError(`the task ran longer than its timeout of ${extra.timeout} ms`),
      );
  }

  #dropExtra(index: number): Extra | undefined {
    const extra = this.#extras.get(index);
    if (extra === undefined) return undefined;
    this.#extras.delete(index);
    this.#release(extra);
    return extra;
  }

  #release(extra: Extra): void {
    for (const alarm of extra.alarms) alarm.stop();
    extra.alarms.clear();
    if (extra.onAbort !== undefined) extra.signal?.removeEventListener('abort', extra.onAbort);
  }

  // --- cancelling

  cancel(future: AnyFuture): boolean {
    if (this.#withdraw(future)) {
      future._cancelled();
      return true;
    }
    this.#completions.drain();
    if (future.done()) return future.cancelled();
    this.#abort(future._task - 1, Abort.CANCELLED);
    return false;
  }

  running(future: AnyFuture): boolean {
    const index = future._task - 1;
    return index >= 0 && this.#futures[index] === future && (this.#stateOf(index) & STATE_MASK) === EntryState.RUNNING;
  }

  /** Takes a task back that no worker has begun; its future is the caller's to settle. */
  #withdraw(future: AnyFuture): boolean {
    if (future.done()) return false;
    if (future._task < 0) {
      const waiting = this.#backlog[-future._task - 1] as Waiting;
      if (waiting.extra !== undefined) this.#release(waiting.extra);
      this.#backlogDead++;
      this.#oneLess();
      return true;
    }
    const index = future._task - 1;
    const segment = this.table.segment(index);
    const at = placeOf(index);
    const state = Atomics.load(segment.words, at);
    if (state !== EntryState.QUEUED && state !== EntryState.MAILED) return false;
    if (Atomics.compareExchange(segment.words, at, state, EntryState.FREE) !== state) return false;
    if (((segment.words[at + Entry.LANE] as number) & Flag.NONE) === 0) this.table.discard(segment, at);
    this.#vacate(index, state === EntryState.MAILED);
    return true;
  }

  /** The entry is nobody's any more. */
  #vacate(index: number, mailed = false): void {
    this.#dropExtra(index);
    this.#futures[index] = undefined;
    this.#functions[index] = undefined;
    // What lies in a worker's mail is linked there; it is found again when that is gone.
    if (!mailed) this.#free.push(index);
    this.#oneLess();
  }

  #oneLess(): void {
    if (--this.inFlight === 0) this.#owner?.atRest();
  }

  /** Settles the future of a running task at once and tells the task to stop. */
  #giveUp(future: AnyFuture, why: number, error: unknown): void {
    this.#completions.drain();
    if (future.done()) return;
    const index = future._task - 1;
    this.#abort(index, why);
    this.#futures[index] = undefined;
    if (why === Abort.SIGNAL) {
      future._cancelled(error as CancelledError);
      return;
    }
    addSite(error, this.#functions[index]?.site);
    future._reject(error);
  }

  #abort(index: number, why: number): void {
    const { words } = this.table.segment(index);
    const at = placeOf(index);
    const word = at + Entry.ABORT;
    if (Atomics.compareExchange(words, word, Abort.NOT, why) !== Abort.NOT) return;
    let extra = this.#extras.get(index);
    if (extra === undefined) {
      extra = new Extra(this.#grace);
      this.#extras.set(index, extra);
    }
    this.#ringWorker(workerOf(Atomics.load(words, at)));
    if (extra.grace === Number.POSITIVE_INFINITY) return;
    this.#alarm(extra, extra.grace, () => {
      const state = Atomics.load(words, at);
      if ((state & STATE_MASK) !== EntryState.RUNNING) return;
      Atomics.or(words, word, Abort.OVERDUE);
      const worker = workerOf(state);
      if (this.#owner !== undefined) this.#owner.endWorker(worker);
      else {
        this.parts.notes.putSync({ kind: 'end', worker });
        this.parts.owner.release();
      }
    });
  }

  // --- the end of tasks

  finished(index: number): void {
    const segment = this.table.segment(index);
    const { words } = segment;
    const at = placeOf(index);
    const flags = words[at + Entry.LANE] as number;
    let failed = (flags & Flag.THROWN) !== 0;
    let value: unknown;
    try {
      value = this.table.read(segment, at);
    } catch (error) {
      value = error;
      failed = true;
    }
    if (failed && flags === (Flag.THROWN | 1)) value = noRoom();
    const started = segment.doubles[(at + Entry.STARTED) >> 1] as number;
    const took = segment.floats[at + Entry.TOOK] as number;
    this.tally.record(started - (this.#submitted[index] as number), took);
    const future = this.#futures[index];
    const site = this.#functions[index]?.site;
    Atomics.store(words, at, EntryState.FREE);
    this.#futures[index] = undefined;
    this.#functions[index] = undefined;
    if (this.#extras.size > 0) this.#dropExtra(index);
    this.#free.push(index);
    if (this.#backlog.length > 0) this.#pump();
    if (failed) {
      this.tally.failed++;
      addSite(value, site);
      future?._reject(value);
    } else {
      this.tally.completed++;
      future?._resolve(value);
    }
    this.#oneLess();
  }

  /** Fails the tasks that ran on workers which are no more. */
  mourn(): void {
    const deaths = Atomics.load(this.#board, Board.DEATHS);
    if (deaths === this.#deathsSeen) return;
    this.#deathsSeen = deaths;
    while (this.#completions.drain() > 0);
    const { segments } = this.table;
    for (let index = 0; index < segments.length * ENTRIES_PER_SEGMENT; index++) {
      const state = this.#stateOf(index);
      const kind = state & STATE_MASK;
      const worker = kind === EntryState.MAILED ? (this.#extras.get(index)?.worker ?? 0) : workerOf(state);
      if ((kind !== EntryState.RUNNING && kind !== EntryState.MAILED) || this.#isAlive(worker)) continue;
      this.#lose(index, worker, kind === EntryState.RUNNING);
    }
    if (this.#priorities !== undefined) this.#hintAll(this.#priorities);
    this.#pump();
    if (!this.table.isEmpty()) this.#wakeWorker();
  }

  #isAlive(worker: number): boolean {
    return Atomics.load(this.#board, recordAt(worker) + WorkerWord.ID) === worker;
  }

  #lose(index: number, worker: number, ran: boolean): void {
    const segment = this.table.segment(index);
    const { words } = segment;
    const at = placeOf(index);
    const future = this.#futures[index];
    const cancelled = ran && (words[at + Entry.ABORT] as number) === (Abort.CANCELLED | Abort.OVERDUE);
    const site = this.#functions[index]?.site;
    emptyParcel(words[at + Entry.PARCEL] as number);
    Atomics.store(words, at, EntryState.FREE);
    this.tally.failed++;
    this.#dropExtra(index);
    this.#futures[index] = undefined;
    this.#functions[index] = undefined;
    this.#free.push(index);
    if (cancelled)
      future?._cancelled(
        new CancelledError(
          `the task was cancelled; it did not stop within ${this.#grace} ms, and its worker was ended`,
        ),
      );
    else {
      const error =
        this.#owner?.lossOf(worker) ?? new WorkerLostError('the worker that ran the task has ended unexpectedly');
      addSite(error, site);
      future?._reject(error);
    }
    this.#oneLess();
  }

  /** Fails every task that is queued; `error` makes the error of each. With `cancel`, marks them as cancelled. */
  failQueued(error: (() => Error) | undefined): void {
    for (const waiting of this.#backlog.slice(this.#backlogStart)) this.#failOne(waiting.future, error);
    for (const future of [...this.#futures]) if (future !== undefined) this.#failOne(future, error);
  }

  /** Cancels every task, whatever it does: all workers are about to be ended. */
  cancelAll(): void {
    while (this.#completions.drain() > 0);
    this.failQueued(undefined);
    for (let index = 0; index < this.#futures.length; index++) {
      const future = this.#futures[index];
      // The entry stays in use until its worker is buried.
      this.#futures[index] = undefined;
      future?._cancelled(new CancelledError('the task was cancelled: its workers were terminated'));
    }
  }

  #failOne(future: AnyFuture, error: (() => Error) | undefined): void {
    if (!this.#withdraw(future)) return;
    if (error === undefined) future._cancelled();
    else future._reject(error());
  }

  /** No worker can be set up: queued tasks, and those to come, fail. */
  breakWith(error: BrokenExecutorError): void {
    this.#broken = error;
    this.failQueued(() => error);
  }

  get broken(): BrokenExecutorError | undefined {
    return this.#broken;
  }

  // --- blocking

  waitSync(future: AnyFuture, deadline: number): boolean {
    const done = (): boolean => future.done() || this.#refuseDeadlock(future);
    if (ownLoop?.board !== this.parts.board._handle) return this.#completions.waitSync(done, deadline);
    try {
      return this.#completions.waitSync(done, deadline);
    } finally {
      if (this.#replaced) Atomics.sub(this.#board, Board.MAX_SIZE, 1);
      this.#replaced = false;
    }
  }

  /** @throws DeadlockError when only this thread, which is about to block, could finish the task. */
  #refuseDeadlock(future: AnyFuture): false {
    if (ownLoop !== undefined && ownLoop.board === this.parts.board._handle && future._task > 0) {
      const state = this.#stateOf(future._task - 1);
      if ((state & STATE_MASK) === EntryState.RUNNING && workerOf(state) === ownLoop.id)
        throw new DeadlockError(
          'the task awaits something in this very thread, which a Sync call would block: await its future instead',
        );
    }
    return false;
  }

  help(): boolean {
    if (ownLoop === undefined || ownLoop.board !== this.parts.board._handle) return false;
    if (ownLoop.help()) return true;
    // What is left, if anything, needs an event loop: while this one is blocked there may be a worker more.
    if (!this.#replaced) {
      this.#replaced = true;
      Atomics.add(this.#board, Board.MAX_SIZE, 1);
      if (!this.table.isEmpty()) this.#wakeWorker();
    }
    return false;
  }

  tend(blocked: boolean): void {
    if (blocked) {
      for (const alarm of [...this.#alarms]) alarm.look();
      // Otherwise the event that tells of a worker's end comes by itself, and says why.
      this.#owner?.tend();
    }
    this.mourn();
    if (this.#owner === undefined && (Atomics.load(this.#board, Board.FLAGS) & BoardFlag.BROKEN) !== 0)
      this.breakWith(new BrokenExecutorError('a worker of the executor could not be set up'));
  }

  /** Wakes the other clients: a worker has died, or the executor is broken. */
  ringOthers(): void {
    const count = Math.min(MAX_CLIENTS, Atomics.load(this.#board, Board.CLIENTS));
    for (let number = 0; number < count; number++) {
      const handle = number === this.number ? 0 : Atomics.load(this.#board, Board.LANES + number);
      if (handle === 0) continue;
      let table = this.#others.get(number);
      if (table === undefined) {
        table = new TaskTable(blockOf(handle));
        this.#others.set(number, table);
      }
      table.ring();
    }
  }
  readonly #others = new Map<number, TaskTable>();

  close(): void {
    this.#completions.close();
  }
}
