/**
 * The workers of an executor: how many there are, when one more is made, and what becomes of one that has ended.
 *
 *   none ──consider──► STARTING ──► LIVE ──leaves by itself, or is ended──► GONE ──bury──► none
 *
 * SIZE on the board counts those that are to be counted on: a worker that leaves takes itself off first, so
 * that whoever queues a task from then on asks for another. A worker's record, and its number, is free again
 * once the worker is buried: then it is certain to touch nothing any more, and its tasks are looked after.
 *
 * Only the isolate that made the executor makes and ends workers. Others ask it: by WANTED, or by a note.
 */
import { decodeBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { LONGEST_TIMER, unwatch, watch } from '../engine/wait.js';
import { BrokenExecutorError, WorkerLostError } from '../errors.js';
import { FIRST_TICKET, WaiterMode } from '../memory/layout.js';
import { Semaphore } from '../sync/semaphore.js';
import { noSignOfLife } from '../threads/lifeline.js';
import { isAttached } from './attachment.js';
import { Board, BoardFlag, MAX_WORKERS, recordAt, WorkerState, WorkerWord, workerId } from './board.js';
import { Carrier } from './carrier.js';
import type { Client } from './client.js';
import { closeDoorOf } from './door.js';
import type { Parts } from './parts.js';
import type { Ending, HostedWorker, WorkerHost } from './worker-host.js';

/** A worker that does not answer within this, milliseconds, is taken to be blocked. */
const ANSWER_MS = 250;
/** So many workers that end before they are set up, each without a reason of its own, and there will be no more. */
const MOST_STILLBORN = 5;
/** Losses whose reason is kept, for clients that hear of them later. */
const KEPT_LOSSES = 64;

export interface WorkerPlan {
  readonly prefix: string;
  readonly initializer: ((...args: unknown[]) => unknown) | undefined;
  readonly initArgs: unknown[];
}

interface Member {
  readonly id: number;
  readonly record: number;
  readonly hosted: HostedWorker;
  /** When to look whether it has answered, of `performance.now()`; 0 when it is not asked. */
  due: number;
  timer: NodeJS.Timeout | undefined;
  /** It was ended for the sake of a task that did not stop. */
  overdue: boolean;
}

export class WorkerSet {
  readonly #parts: Parts;
  readonly #board: Int32Array;
  readonly #host: WorkerHost;
  readonly #plan: WorkerPlan;
  readonly #members = new Map<number, Member>();
  readonly #carriers = new Map<number, Carrier>();
  /** Bells of the records, kept from one worker to the next. */
  readonly #bells: Semaphore[] = [];
  readonly #losses = new Map<number, Ending>();
  /** By worker: the errors of which they are about to end. */
  readonly #uncaught = new Map<number, { readonly error: unknown }>();
  /** Workers that have ended, one after another, before they were set up. */
  #stillborn = 0;
  #client: Client | undefined;
  #made = 0;
  #names = 0;
  #ticket = 0;
  #terminated = false;
  #whenEmpty: (() => void)[] = [];

  constructor(parts: Parts, host: WorkerHost, plan: WorkerPlan) {
    this.#parts = parts;
    this.#board = parts.board.array;
    this.#host = host;
    this.#plan = plan;
  }

  attach(client: Client): void {
    this.#client = client;
    // Not before: it keeps this set, which an executor that cannot be made has no use for.
    this.#awaitBell();
    while (client.broken === undefined && this.#isTooSmall()) this.#make();
  }

  #isTooSmall(): boolean {
    return Atomics.load(this.#board, Board.SIZE) < (this.#board[Board.MIN_SIZE] as number);
  }

  /** Workers that are there or starting. */
  get size(): number {
    return this.#members.size;
  }

  /** Identifiers of as many workers as there may be, which are made as far as they are not there. */
  fullRoll(): number[] {
    const most = this.#board[Board.MAX_SIZE] as number;
    for (let size = Atomics.load(this.#board, Board.SIZE); size < most; size++) {
      if (this.#client?.broken !== undefined) break;
      this.#make();
    }
    return [...this.#members.values()]
      .filter(({ record }) => Atomics.load(this.#board, record + WorkerWord.COUNTED) === 1)
      .map(({ id }) => id);
  }

  consider(): void {
    const board = this.#board;
    const client = this.#client;
    if (client === undefined || this.#terminated || client.broken !== undefined) return;
    if (Atomics.load(board, Board.SIZE) >= (board[Board.MAX_SIZE] as number)) return;
    let starting = 0;
    for (const { record } of this.#members.values())
      if (Atomics.load(board, record + WorkerWord.STATE) === WorkerState.STARTING) starting++;
    // Those that are about to come will take as many tasks.
    if (starting > 0 && client.table.queued() <= starting) return;
    this.#make();
  }

  #make(): void {
    const board = this.#board;
    let number = 0;
    while (number < MAX_WORKERS && Atomics.load(board, recordAt(number) + WorkerWord.ID) !== 0) number++;
    if (number === MAX_WORKERS) return;
    const id = workerId(number, ++this.#made);
    const record = recordAt(number);
    let bell: Semaphore;
    try {
      bell = this.#bellOf(number);
    } catch (error) {
      this.#break(error);
      return;
    }
    const set = (word: number, value: number): void => void Atomics.store(board, record + word, value);
    set(WorkerWord.BELL, bell._handle);
    set(WorkerWord.MAIL, 0);
    set(WorkerWord.SLOT, 0);
    set(WorkerWord.DRAINING, 0);
    set(WorkerWord.LOOKS, 0);
    set(WorkerWord.REPLACED, 0);
    set(WorkerWord.AWAITS_MAIL, 0);
    set(WorkerWord.STATE, WorkerState.STARTING);
    set(WorkerWord.COUNTED, 1);
    set(WorkerWord.ID, id);
    Atomics.add(board, Board.SIZE, 1);
    const { prefix, initializer, initArgs } = this.#plan;
    try {
      const hosted = this.#host.start(
        { parts: this.#parts, id, bell, name: `${prefix}_${this.#names++}`, initializer, initArgs },
        (ending) => this.#bury(id, ending),
      );
      if (hosted.port !== undefined) this.#carriers.set(id, new Carrier(hosted.port));
      this.#members.set(id, { id, record, hosted, due: 0, timer: undefined, overdue: false });
    } catch (error) {
      set(WorkerWord.ID, 0);
      set(WorkerWord.STATE, WorkerState.NONE);
      Atomics.sub(board, Board.SIZE, 1);
      this.#break(error);
    }
  }

  #bellOf(number: number): Semaphore {
    let bell = this.#bells[number];
    if (bell === undefined) {
      bell = new Semaphore(0);
      bell._remember();
      this.#bells[number] = bell;
    }
    return bell;
  }

  #bury(id: number, how: Ending): void {
    // It may have said why.
    this.#takeNotes();
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    const uncaught = this.#uncaught.get(id);
    this.#uncaught.delete(id);
    const ending = { ...how, ...uncaught, overdue: member.overdue };
    clearTimeout(member.timer);
    const board = this.#board;
    const { record } = member;
    const starting = Atomics.exchange(board, record + WorkerWord.STATE, WorkerState.NONE) === WorkerState.STARTING;
    const slot = Atomics.load(board, record + WorkerWord.SLOT);
    // Where no hook of the engine runs as an isolate ends, whoever started it says so.
    if (slot !== 0) engine.sweep(slot - 1, Atomics.load(board, record + WorkerWord.GENERATION));
    if (Atomics.exchange(board, record + WorkerWord.COUNTED, 0) === 1) Atomics.sub(board, Board.SIZE, 1);
    this.#correctSize();
    if (Atomics.exchange(board, record + WorkerWord.REPLACED, 0) === 1) Atomics.sub(board, Board.MAX_SIZE, 1);
    this.#losses.set(id, ending);
    if (this.#losses.size > KEPT_LOSSES) this.#losses.delete(this.#losses.keys().next().value as number);
    // First: it might be counted on to look after what is queued.
    if (Atomics.exchange(board, record + WorkerWord.LOOKS, 0) === 1) Atomics.sub(board, Board.LOOKERS, 1);
    closeDoorOf(board, id);
    Atomics.store(board, record + WorkerWord.ID, 0);
    Atomics.add(board, Board.DEATHS, 1);
    const client = this.#client;
    client?.mourn();
    // What it had posted for tasks that it finished has been taken by now.
    this.#carriers.get(id)?.close();
    this.#carriers.delete(id);
    this.#tellClients();
    if (!starting) this.#stillborn = 0;
    else if (!this.#terminated) this.#considerStillborn(ending);
    if (client !== undefined && (!client.table.isEmpty() || this.#othersWait())) this.consider();
    while (
      !this.#terminated &&
      client?.broken === undefined &&
      (Atomics.load(board, Board.FLAGS) & BoardFlag.STOPPING) === 0 &&
      this.#isTooSmall()
    )
      this.#make();
    if (this.#members.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** One that could not be set up. Another would not fare better, unless somebody has killed this one. */
  #considerStillborn(ending: Ending): void {
    if (ending.error !== undefined) this.#break(ending.error);
    else if (ending.exitCode !== undefined || ++this.#stillborn >= MOST_STILLBORN)
      this.#break(new WorkerLostError(`it ended${describeEnding(ending)}`));
  }

  /** A worker may die between leaving and taking itself off the count, which then is too high. */
  #correctSize(): void {
    const board = this.#board;
    const most = this.#members.size;
    for (let size = Atomics.load(board, Board.SIZE); size > most; ) {
      const seen = Atomics.compareExchange(board, Board.SIZE, size, most);
      if (seen === size) return;
      size = seen;
    }
  }

  #othersWait(): boolean {
    return Atomics.exchange(this.#board, Board.WANTED, 0) === 1;
  }

  /** Other clients look after their own tasks. */
  #tellClients(): void {
    this.#client?.others.ring();
  }

  carrierOf(worker: number): Carrier | undefined {
    return this.#carriers.get(worker);
  }

  lossOf(worker: number, task: string): WorkerLostError {
    return describeLoss(this.#losses.get(worker), task);
  }

  /** A task on this worker should have stopped: the worker takes no more, and ends when nothing else runs there. */
  endWorker(worker: number): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    const board = this.#board;
    const { record } = member;
    Atomics.store(board, record + WorkerWord.DRAINING, 1);
    if (Atomics.exchange(board, record + WorkerWord.COUNTED, 0) === 1) Atomics.sub(board, Board.SIZE, 1);
    if (member.due === 0) {
      Atomics.add(board, record + WorkerWord.PING, 1);
      member.due = performance.now() + ANSWER_MS;
      member.timer = setTimeout(() => this.#checkAnswer(member), ANSWER_MS);
    }
    (this.#bells[worker & (MAX_WORKERS - 1)] as Semaphore).release();
    if (this.#client !== undefined && !this.#client.table.isEmpty()) this.consider();
  }

  /** A worker whose loop turns ends by itself; one whose loop is blocked has to be ended. */
  #checkAnswer(member: Member): void {
    if (member.due === 0 || !this.#members.has(member.id)) return;
    clearTimeout(member.timer);
    const left = member.due - performance.now();
    if (left > 0) {
      // Timers go off up to a millisecond early.
      member.timer = setTimeout(() => this.#checkAnswer(member), Math.ceil(left));
      return;
    }
    member.due = 0;
    const { record } = member;
    if (Atomics.load(this.#board, record + WorkerWord.PING) !== Atomics.load(this.#board, record + WorkerWord.PONG)) {
      member.overdue = true;
      member.hosted.kill();
    }
  }

  /** What the event loop does here, for a thread that is blocked. */
  tend(): void {
    for (const member of [...this.#members.values()]) {
      this.#checkAnswer(member);
      const { id, hosted } = member;
      const ending = hosted.ending === undefined ? this.#endingOfThread(member) : hosted.ending();
      if (ending !== undefined) this.#bury(id, ending);
    }
    this.#takeNotes();
  }

  /** What is known of a thread's end without the event loop: that its slot is free, or another's, or its lifeline broken. */
  #endingOfThread({ record, hosted }: Member): Ending | undefined {
    const board = this.#board;
    if (Atomics.load(board, record + WorkerWord.STATE) === WorkerState.GONE) return {};
    const slot = Atomics.load(board, record + WorkerWord.SLOT);
    if (slot !== 0 && !isAttached(slot, Atomics.load(board, record + WorkerWord.GENERATION))) return {};
    const { lifeline } = hosted;
    if (lifeline?.isBroken()) return {};
    if (slot !== 0 || !lifeline?.isOverdue) return undefined;
    hosted.kill();
    return { error: noSignOfLife('its isolate') };
  }

  #awaitBell(): void {
    const begun = engine.semaphoreAcquire(this.#parts.owner._handle, WaiterMode.LOOP, -1);
    if (begun < FIRST_TICKET) {
      setImmediate(this.#rung).unref();
      return;
    }
    this.#ticket = begun;
    watch(begun, this.#rung);
  }

  readonly #rung = (): void => {
    this.#ticket = 0;
    if (this.#terminated && this.#members.size === 0) return;
    this.#awaitBell();
    this.#takeNotes();
  };

  #takeNotes(): void {
    const { notes } = this.#parts;
    while (!notes.empty()) {
      const note = notes.getNowait();
      if (note.kind === 'end') this.endWorker(note.worker);
      else if (note.kind === 'uncaught') this.#uncaught.set(note.worker, { error: decodeBytes(note.error) });
      else this.#break(decodeBytes(note.error));
    }
    if (this.#othersWait()) this.consider();
  }

  #break(cause: unknown): void {
    const client = this.#client;
    if (client === undefined || client.broken !== undefined) return;
    Atomics.or(this.#board, Board.FLAGS, BoardFlag.BROKEN | BoardFlag.CLOSED);
    const why = cause instanceof Error ? cause.message : String(cause);
    client.breakWith(
      new BrokenExecutorError(`a worker could not be set up (${why}), so the executor takes no more tasks`, { cause }),
    );
    this.#tellClients();
    this.stop();
  }

  /** Workers end when nothing is queued. */
  stop(): void {
    Atomics.or(this.#board, Board.FLAGS, BoardFlag.STOPPING | BoardFlag.CLOSED);
    this.#parts.idle.release(this.#members.size + 1);
    for (const member of this.#members.values()) (this.#bells[member.id & (MAX_WORKERS - 1)] as Semaphore).release();
  }

  /** Ends all workers at once. Tasks that other clients have queued fail. */
  terminate(how: 'terminate' | 'kill'): void {
    this.#terminated = true;
    Atomics.or(this.#board, Board.FLAGS, BoardFlag.BROKEN | BoardFlag.CLOSED);
    for (const { hosted } of this.#members.values()) hosted[how]();
    this.#tellClients();
  }

  /** Resolves when no worker is left. */
  empty(): Promise<void> {
    if (this.#members.size === 0) return Promise.resolve();
    // Workers do not keep the loop alive; who waits for their end does.
    const hold = setInterval(() => {}, LONGEST_TIMER);
    return new Promise((resolve) => {
      this.#whenEmpty.push(() => {
        clearInterval(hold);
        resolve();
      });
    });
  }

  /** Nothing is to be heard of any more. */
  close(): void {
    this.#terminated = true;
    if (this.#ticket !== 0) unwatch(this.#ticket);
    this.#ticket = 0;
  }
}

function describeLoss(ending: Ending | undefined, task: string): WorkerLostError {
  const cause = ending?.error;
  return new WorkerLostError(
    `the worker that ran ${task} has ended${describeEnding(ending ?? {})}`,
    cause === undefined ? undefined : { cause },
  );
}

function describeEnding({ error, exitCode, signal, overdue }: Ending): string {
  if (overdue) return ' because another task there did not stop within its grace';
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return ': out of memory; raise resourceLimits, or hold less';
  if (error !== undefined) return ` with an uncaught error: ${describe(error)}`;
  if (signal === 'SIGABRT')
    return ' by SIGABRT, as Node.js does when out of memory; raise --max-old-space-size in execArgv, or hold less';
  if (signal !== undefined) return ` by ${signal}`;
  return exitCode === undefined ? ' unexpectedly' : ` with exit code ${exitCode}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
