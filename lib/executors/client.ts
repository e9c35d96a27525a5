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
import { Audience, discard, encode, own } from '../codec/codec.js';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { noRoom } from '../engine/wait.js';
import { BrokenExecutorError, CancelledError, QueueFullError, WorkerLostError } from '../errors.js';
import { SharedArray } from '../shared/shared-array.js';
import { signUp } from './attachment.js';
import { Backlog, type Waiting } from './backlog.js';
import { BlockedWait } from './blocked-wait.js';
import {
  Abort,
  Board,
  BoardFlag,
  ENTRIES_PER_SEGMENT,
  Entry,
  EntryState,
  Flag,
  LANE_WORDS,
  Lane,
  MAX_CLIENTS,
  MAX_WORKERS,
  recordAt,
  STATE_MASK,
  WorkerWord,
  workerOf,
} from './board.js';
import { Cargo } from './cargo.js';
import { clock } from './clock.js';
import { Completions, type Settler } from './completions.js';
import { Errands } from './errands.js';
import { Extra, Extras } from './extras.js';
import { FreeEntries } from './free-entries.js';
import type { KnownFunction } from './functions.js';
import { Future, type FutureSource } from './future.js';
import { areCoresTaken, lowWaterOf } from './lookers.js';
import { enrol, OtherClients } from './other-clients.js';
import { ownLoop, ownSubmissions } from './own-loop.js';
import type { Owner } from './owner.js';
import { OwnerWatch } from './owner-watch.js';
import type { Parts } from './parts.js';
import { Publisher } from './publisher.js';
import type { Tally } from './tally.js';
import type { TaskOptions } from './task-options.js';
import { addOrigin, originOf, type Site, type TaskOrigin } from './task-origin.js';
import { emptyParcel, placeOf, TaskTable } from './task-table.js';

type AnyFuture = Future<unknown>;

/** Bytes of a payload whose copying takes longer than to hear of its end. */
const LARGE = 16 * 1024;

export class Client implements FutureSource, Settler {
  readonly parts: Parts;
  readonly number: number;
  readonly tally: Tally;
  readonly table: TaskTable;
  readonly #board: Int32Array;
  readonly #words: Int32Array;
  readonly #owner: Owner | undefined;
  /** Who arguments are for. */
  readonly #audience: Audience;
  readonly #grace: number;
  readonly #completions: Completions;
  /** By index; undefined where the entry is free or detached. */
  readonly #futures: (AnyFuture | undefined)[] = [];
  readonly #origins: (TaskOrigin | undefined)[] = [];
  readonly #submitted: number[] = [];
  readonly #extras: Extras;
  readonly #publisher: Publisher;
  readonly others: OtherClients;
  readonly #blockedWait: BlockedWait;
  readonly #free: FreeEntries;
  readonly #backlog = new Backlog();
  readonly #cargo: Cargo;
  readonly #errands: Errands;
  #deathsSeen: number;
  #broken: BrokenExecutorError | undefined;
  readonly #ownerWatch: OwnerWatch | undefined;
  #orphaned = false;
  inFlight = 0;

  constructor(parts: Parts, tally: Tally, grace: number, owner: Owner | undefined) {
    this.parts = parts;
    this.tally = tally;
    this.#grace = grace;
    this.#owner = owner;
    this.#cargo = new Cargo(owner);
    this.#board = parts.board.array;
    const isApart = ((this.#board[Board.FLAGS] as number) & BoardFlag.APART) !== 0;
    this.#audience = isApart ? Audience.PROCESS : Audience.FAMILY;
    const lane = new SharedArray('i', LANE_WORDS, { lock: false });
    lane._remember();
    this.table = new TaskTable(lane);
    this.#words = this.table.words;
    signUp(this.#words, Lane.SLOT);
    this.#words[Lane.LOW_WATER] = lowWaterOf(this.#board);
    this.#free = new FreeEntries(this.table);
    this.#completions = new Completions(this.table, this);
    this.#deathsSeen = Atomics.load(this.#board, Board.DEATHS);
    // The board's reference: workers find the lane by it, also when this isolate is gone.
    engine.retain(lane._handle);
    this.number = enrol(this.#board, lane._handle);
    if (this.number < 0) {
      engine.release(lane._handle);
      throw new RangeError(`an executor can be used by ${MAX_CLIENTS} threads at most`);
    }
    this.#extras = new Extras(this.table, grace, {
      withdraw: (future) => this.#withdraw(future),
      giveUp: (future, why, error) => this.#giveUp(future, why, error),
    });
    this.#ownerWatch = owner === undefined ? new OwnerWatch(parts, () => this.#orphan()) : undefined;
    this.others = new OtherClients(parts.board.array, this.number);
    this.#publisher = new Publisher(parts, this.table, this.number, this.#extras, owner);
    this.#errands = new Errands(this.#board, this.table, this.#cargo, this.#publisher, this.#extras);
    this.#blockedWait = new BlockedWait(parts, this.table, this.#completions, this.#publisher);
    const { _handle: board } = parts.board;
    if (ownLoop()?.board === board) ownSubmissions.set(board, () => this.inFlight);
  }

  /** From now on tasks in flight do not keep the event loop alive. */
  beDaemon(): void {
    this.#completions.daemon = true;
  }

  /** Tasks that no worker has begun, of all clients. */
  get queued(): number {
    return this.#backlog.size + this.table.countQueued() + this.others.countQueued();
  }

  /** Tasks that run, of all clients, and how many workers run them. */
  activity(): { readonly running: number; readonly busy: number } {
    const busy = new Set<number>();
    let running = this.table.countRunning(busy);
    for (const table of this.others.tables()) running += table.countRunning(busy);
    return { running, busy: busy.size };
  }

  /**
   * Sends a task on its way. Throws, with nothing done, when an argument cannot travel.
   *
   * @param worker Identifier of the one worker it is for; 0: any.
   * @param from The place of submission, or the function whose caller it is.
   * @param call CHUNK when `args` are those of a chunk, beside the function; 0 otherwise.
   */
  dispatch(
    fn: KnownFunction,
    args: readonly unknown[],
    options: TaskOptions | undefined,
    worker: number,
    from: Function | Site,
    call: 0 | typeof Flag.CHUNK = 0,
  ): AnyFuture {
    if (this.#audience === Audience.PROCESS && fn.obstacle !== undefined) throw fn.obstacle;
    const carriage = this.#cargo.carriage(options?.transfer);
    const submitted = clock();
    const origin = originOf(fn, from, options?.name, submitted);
    const future = new Future<unknown>(this);
    const refusal = this.#refusal(options);
    if (refusal !== undefined) {
      future._reject(refusal.error);
      return future;
    }
    let flags = fn.isAsync ? call | Flag.ASYNC : call;
    let item: EncodedItem | undefined;
    if (args.length === 0) flags |= Flag.NONE;
    else if (args.length === 1) {
      flags |= Flag.SINGLE;
      item = encode(args[0], 'args[0]', carriage, this.#audience);
    } else item = encode(args, 'args', carriage, this.#audience);
    const carries = carriage.carried.length > 0;
    const givesAway = carriage.listed.length > 0;
    if (carries) flags |= Flag.CARRIED;
    else if (!givesAway) this.#cargo.giveBack(carriage);
    const extra = options === undefined && worker === 0 ? undefined : this.#extras.of(options, worker, origin);
    const index = this.#backlog.isEmpty ? this.#free.take() : -1;
    let filled = false;
    let cargo: object[] | undefined;
    /** The worker that has it already. */
    let ahead = 0;
    try {
      if (index >= 0) {
        this.#fill(index, fn, item, flags);
        filled = true;
      } else if (item !== undefined) item = own(item);
      if (carries && index >= 0 && worker === 0) ahead = this.#errands.takeLooking();
      if (ahead !== 0) {
        this.#cargo.postAhead(index, ahead, carriage);
        this.#errands.handOver(index, ahead);
      } else if (carries || givesAway) cargo = carriage.load();
    } catch (error) {
      if (filled) this.#empty(index);
      else if (item !== undefined) discard(item);
      if (index >= 0) this.#free.give(index);
      throw error;
    }
    this.inFlight++;
    if (index < 0)
      this.#postpone({ future, origin, item, flags, submitted, extra, cargo: carries ? cargo : undefined }, options);
    else {
      if (cargo !== undefined && carries) this.#cargo.set(index, cargo);
      this.#futures[index] = future;
      this.#origins[index] = origin;
      this.#submitted[index] = submitted;
      future._task = index + 1;
      if (extra !== undefined) {
        this.#extras.set(index, extra);
        this.#extras.watch(future, extra, options);
      }
      if (ahead === 0) this.#publisher.publish(index, extra, fn.pace.isBrisk);
    }
    const isLarge = item !== undefined && item.length >= LARGE;
    this.#completions.expect(isLarge ? clock() - submitted : 0);
    return future;
  }

  /** Why a task is not taken on. */
  #refusal(options: TaskOptions | undefined): { readonly error: unknown } | undefined {
    if (this.#broken !== undefined) return { error: this.#broken };
    if (options?.signal?.aborted) return { error: options.signal.reason };
    const maxQueue = this.#board[Board.MAX_QUEUE] as number;
    if (maxQueue === 0 || (this.inFlight < maxQueue && this.others.areNone) || this.queued < maxQueue) return undefined;
    return { error: new QueueFullError(`the executor has ${maxQueue} tasks queued, as many as maxQueue allows`) };
  }

  #fill(index: number, fn: KnownFunction, item: EncodedItem | undefined, flags: number): void {
    const segment = this.table.segment(index);
    const { words } = segment;
    const at = placeOf(index);
    words[at + Entry.FUNCTION] = fn.number;
    words[at + Entry.DEFINITION] = fn.handle;
    words[at + Entry.ABORT] = Abort.NOT;
    // Whose isolate has made the executor outlives its workers; another may end before its tasks have begun.
    const all = this.#owner === undefined ? flags | Flag.DEFINED : flags;
    if (item === undefined) words[at + Entry.LANE] = all;
    else this.table.write(segment, at, item, all);
    if (this.#owner === undefined) engine.retain(fn.handle);
  }

  /** Drops the arguments in an entry, and what else it owns. */
  #empty(index: number): void {
    const segment = this.table.segment(index);
    const at = placeOf(index);
    const flags = segment.words[at + Entry.LANE] as number;
    if ((flags & Flag.NONE) === 0) this.table.discard(segment, at);
    if ((flags & Flag.DEFINED) !== 0) engine.release(segment.words[at + Entry.DEFINITION] as number);
  }

  // --- tasks that wait for an entry

  #postpone(waiting: Waiting, options: TaskOptions | undefined): void {
    this.#backlog.push(waiting);
    this.#tellBacklog();
    if (waiting.extra !== undefined) this.#extras.watch(waiting.future, waiting.extra, options);
  }

  /** Gives entries to waiting tasks, as far as there are any. */
  #pump(): void {
    this.#errands.queueReturned();
    for (let waiting = this.#backlog.first(); waiting !== undefined; waiting = this.#backlog.first()) {
      const index = this.#free.take();
      if (index < 0) {
        this.#tellBacklog();
        return;
      }
      this.#backlog.shift();
      const { future, origin, extra } = waiting;
      try {
        this.#fill(index, origin.fn, waiting.item, waiting.flags);
      } catch (error) {
        if (waiting.item !== undefined) discard(waiting.item);
        this.#free.give(index);
        if (extra !== undefined) this.#extras.release(extra);
        this.#oneLess();
        future._reject(error);
        continue;
      }
      this.#futures[index] = future;
      this.#origins[index] = origin;
      this.#submitted[index] = waiting.submitted;
      if (waiting.cargo !== undefined) this.#cargo.set(index, waiting.cargo);
      future._task = index + 1;
      if (extra !== undefined) this.#extras.set(index, extra);
      this.#publisher.publish(index, extra, origin.fn.pace.isBrisk);
    }
    this.#clearBacklog();
  }

  #clearBacklog(): void {
    this.#backlog.clear();
    this.#tellBacklog();
  }

  #tellBacklog(): void {
    Atomics.store(this.#words, Lane.BACKLOG, this.#backlog.size);
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
    return (
      index >= 0 && this.#futures[index] === future && (this.table.stateOf(index) & STATE_MASK) === EntryState.RUNNING
    );
  }

  /** Takes a task back that no worker has begun; its future is the caller's to settle. */
  #withdraw(future: AnyFuture): boolean {
    if (future.done()) return false;
    if (future._task < 0) {
      const { extra, item } = this.#backlog.of(future);
      if (extra !== undefined) this.#extras.release(extra);
      if (item !== undefined) discard(item);
      this.#backlog.bury();
      // Workers do not end while there is a backlog: the last that leaves it has to say so, if no pump follows.
      if (this.#backlog.size === 0) this.#clearBacklog();
      else this.#tellBacklog();
      this.#oneLess();
      return true;
    }
    const index = future._task - 1;
    const { words } = this.table.segment(index);
    const at = placeOf(index);
    const state = Atomics.load(words, at);
    if ((state & STATE_MASK) >= EntryState.FETCHING) return this.#withdrawSentFor(index);
    if (state !== EntryState.QUEUED && state !== EntryState.MAILED) return false;
    if (Atomics.compareExchange(words, at, state, EntryState.FREE) !== state) return false;
    this.#empty(index);
    this.#vacate(index, state === EntryState.MAILED);
    return true;
  }

  /** The same for a task that a worker has sent for. */
  #withdrawSentFor(index: number): boolean {
    const withdrawn = this.#errands.withdraw(index);
    if (withdrawn === undefined) return false;
    this.#empty(index);
    this.#vacate(index, !withdrawn.isFree);
    return true;
  }

  /** The entry is nobody's any more; `linked`: but for a list that it is in still. */
  #vacate(index: number, linked = false): void {
    this.#extras.drop(index);
    this.#cargo.drop(index);
    this.#futures[index] = undefined;
    this.#origins[index] = undefined;
    // What lies in a worker's mail is linked there; it is found again when that is gone.
    if (!linked) this.#free.give(index);
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
    addOrigin(error, this.#origins[index] as TaskOrigin);
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
    this.#publisher.ringWorker(workerOf(Atomics.load(words, at)));
    if (extra.grace === Number.POSITIVE_INFINITY) return;
    this.#extras.alarm(extra, extra.grace, () => {
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
    if (this.#orphaned) return;
    const segment = this.table.segment(index);
    const { words } = segment;
    const at = placeOf(index);
    const state = words[at] as number;
    if ((state & STATE_MASK) !== EntryState.RUNNING) {
      this.#answer(index);
      return;
    }
    const flags = words[at + Entry.LANE] as number;
    let failed = (flags & Flag.THROWN) !== 0;
    let value: unknown;
    try {
      const carried = (flags & Flag.CARRIED) === 0 ? undefined : this.#cargo.receive(index, workerOf(state));
      value = this.table.read(segment, at, carried);
    } catch (error) {
      value = error;
      failed = true;
    }
    if (failed && flags === (Flag.THROWN | 1)) value = noRoom();
    const started = segment.doubles[(at + Entry.STARTED) >> 1] as number;
    const took = segment.floats[at + Entry.TOOK] as number;
    this.tally.record(started - (this.#submitted[index] as number), took);
    const future = this.#futures[index];
    const origin = this.#origins[index] as TaskOrigin;
    origin.fn.pace.took(took);
    // Whoever has a hint of it finds it not QUEUED either way.
    words[at] = EntryState.FREE;
    this.#futures[index] = undefined;
    this.#origins[index] = undefined;
    if (this.#extras.size > 0) this.#extras.drop(index);
    this.#free.give(index);
    if (!this.#backlog.isEmpty || this.#errands.hasReturned) this.#pump();
    if (failed) {
      this.tally.failed++;
      addOrigin(value, origin);
      future?._reject(value);
    } else {
      this.tally.completed++;
      future?._resolve(value);
    }
    this.#oneLess();
  }

  /** A worker has sent for what a task brings with it. */
  #answer(index: number): void {
    try {
      if (this.#errands.answer(index)) return;
    } catch (error) {
      const future = this.#futures[index];
      this.#futures[index] = undefined;
      future?._reject(error);
      return;
    }
    this.#free.give(index);
    if (!this.#backlog.isEmpty) this.#pump();
  }

  /** Fails the tasks that ran on workers which are no more. */
  mourn(): void {
    const deaths = Atomics.load(this.#board, Board.DEATHS);
    if (deaths === this.#deathsSeen) return;
    this.#deathsSeen = deaths;
    while (this.#completions.drain() > 0);
    const { segments } = this.table;
    for (let index = 0; index < segments.length * ENTRIES_PER_SEGMENT; index++) {
      const state = this.table.stateOf(index);
      const kind = state & STATE_MASK;
      const worker = kind === EntryState.MAILED ? (this.#extras.get(index)?.worker ?? 0) : workerOf(state);
      if (kind === EntryState.FREE || kind === EntryState.QUEUED || worker === 0 || this.#isAlive(worker)) continue;
      if (kind === EntryState.WITHDRAWN) {
        // It died before it had sent for it.
        Atomics.store(this.table.segment(index).words, placeOf(index), EntryState.FREE);
        this.#free.give(index);
      } else if (kind === EntryState.RETURNED) {
        if (this.#carries(index)) this.#cargo.takeBack(index, worker);
        this.#begunByNobody(index, worker);
      } else if (kind === EntryState.FETCHING || (kind === EntryState.RUNNING && this.#cargo.has(index))) {
        this.#begunByNobody(index, worker);
      } else this.#lose(index, worker, kind === EntryState.RUNNING);
    }
    this.#publisher.hintAgain();
    this.#pump();
    if (!this.table.isEmpty()) this.#publisher.wakeWorker();
  }

  /** Something travels beside the arguments of a task. */
  #carries(index: number): boolean {
    return ((this.table.segment(index).words[placeOf(index) + Entry.LANE] as number) & Flag.CARRIED) !== 0;
  }

  /** A worker has died that had claimed a task, or been sent it, and had not begun. Another may, if it is to be run at all. */
  #begunByNobody(index: number, worker: number): void {
    const isBroken = (Atomics.load(this.#board, Board.FLAGS) & BoardFlag.BROKEN) !== 0;
    const { words } = this.table.segment(index);
    const isToStop = (words[placeOf(index) + Entry.ABORT] as number) !== Abort.NOT;
    if (isBroken || isToStop || this.#extras.get(index)?.worker) this.#lose(index, worker, false);
    else this.#errands.queueAgain(index);
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
    const origin = this.#origins[index] as TaskOrigin;
    emptyParcel(words[at + Entry.PARCEL] as number);
    Atomics.store(words, at, EntryState.FREE);
    this.tally.failed++;
    this.#extras.drop(index);
    this.#cargo.drop(index);
    this.#futures[index] = undefined;
    this.#origins[index] = undefined;
    this.#free.give(index);
    if (cancelled)
      future?._cancelled(
        new CancelledError(
          `${origin.task} was cancelled; it did not stop within ${this.#grace} ms, and its worker was ended`,
        ),
      );
    else {
      const error =
        this.#owner?.lossOf(worker, origin.task) ??
        new WorkerLostError(`the worker that ran ${origin.task} has ended unexpectedly`);
      addOrigin(error, origin);
      future?._reject(error);
    }
    this.#oneLess();
  }

  /** Fails every task that is queued; `error` makes the error of each. With `cancel`, marks them as cancelled. */
  failQueued(error: (() => Error) | undefined): void {
    for (const waiting of this.#backlog.all()) this.#failOne(waiting.future, error);
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
    this.#broken ??= error;
    this.failQueued(() => error);
  }

  get broken(): BrokenExecutorError | undefined {
    return this.#broken;
  }

  // --- blocking

  waitSync(future: AnyFuture, deadline: number): boolean {
    return this.#blockedWait.waitSync(future, deadline);
  }

  help(): boolean {
    return this.#blockedWait.help();
  }

  get coresAreTaken(): boolean {
    return areCoresTaken(this.parts);
  }

  sleeps(): void {
    // Whoever is counted on to look may be at a task that has never taken so long.
    if (!this.table.isEmpty()) this.#publisher.wakeWorker();
  }

  tend(blocked: boolean): void {
    if (blocked) {
      this.#extras.lookAtAlarms();
      // Otherwise the event that tells of a worker's end comes by itself, and says why.
      this.#owner?.tend();
    }
    this.mourn();
    if (blocked && this.#ownerWatch?.hasEnded) this.#orphan();
    if (this.#owner === undefined && (Atomics.load(this.#board, Board.FLAGS) & BoardFlag.BROKEN) !== 0)
      this.breakWith(
        new BrokenExecutorError('the executor takes no more tasks: its workers were ended, or one could not be set up'),
      );
  }

  /** The isolate that made the executor has ended, and its workers have or are about to. */
  #orphan(): void {
    if (this.#orphaned) return;
    while (this.#completions.drain() > 0);
    this.#orphaned = true;
    // Processes that a thread has made outlive it.
    Atomics.or(this.#board, Board.FLAGS, BoardFlag.BROKEN | BoardFlag.CLOSED | BoardFlag.STOPPING);
    this.parts.idle.release(MAX_WORKERS);
    const error = new BrokenExecutorError(
      'the thread or process that made the executor has ended, and its workers with it',
    );
    this.breakWith(error);
    for (let index = 0; index < this.#futures.length; index++) {
      const future = this.#futures[index];
      this.#futures[index] = undefined;
      this.#extras.drop(index);
      future?._reject(error);
    }
    this.inFlight = 0;
    this.#completions.expect();
  }

  close(): void {
    this.#ownerWatch?.close();
    this.#completions.close();
  }
}
