/**
 * What a worker does: claims tasks, runs them, gives the results back, and sleeps in its event loop
 * when there are none.
 *
 *          ┌────────────── wake ◄── a permit of `idle`: somebody has queued a task ──────────────┐
 *          ▼                                                                                     │
 *   run: claim ─► call ─► sync result ─► finish ─┐        nothing to claim                       │
 *          ▲         └─► promise: awaits ────────┤      ──► spin, between turns of the loop ──► sleep
 *          └─────────────────────────────────────┘
 *
 * While it looks, and at tasks that take next to no time, it is one of the LOOKERS, for whose sake nobody is
 * woken: see `lookers.ts`. To sleep it waits for a permit of `idle`, and then looks at the rings once more; who
 * queues a task moves TAIL and then looks whether anybody waits: one sees the other. A worker that takes a permit
 * looks at the rings afterwards, and so does one that stops waiting by itself.
 *
 * The worker leaves only with no task running but those that it need not wait for:
 * when the executor stops and nothing is queued, when it has been idle for too long, when it has run as
 * many tasks as it may, or when a task did not heed its signal and all others here have finished.
 */

import { engine } from '../engine/select.js';
import { LONGEST_TIMER, unwatch, watch } from '../engine/wait.js';
import { FIRST_TICKET, Outcome, WaiterMode } from '../memory/layout.js';
import { signUp } from './attachment.js';
import {
  Board,
  BoardFlag,
  Entry,
  EntryState,
  Flag,
  recordAt,
  returnedBy,
  runningOn,
  WorkerState,
  WorkerWord,
} from './board.js';
import type { Carrier } from './carrier.js';
import { clock } from './clock.js';
import { Door, MAIL_MS } from './door.js';
import { Fetching } from './fetching.js';
import { FunctionCache, type LoadedFunction } from './functions.js';
import { insistUntil } from './look.js';
import { declareAsleep, Lookers } from './lookers.js';
import { type OwnLoop, ownSubmissions } from './own-loop.js';
import type { LoopSetup } from './parts.js';
import type { Arrived, Relay } from './relay.js';
import { writeResult, writeThrown } from './result.js';
import { type Client, callBeside, callWithList, RunningTask, unmade } from './running-task.js';
import { Look, Spinner } from './spinner.js';
import { contexts, setCurrentContext } from './task-context.js';
import { placeOf } from './task-table.js';
import { WorkerClients } from './worker-clients.js';

/** Tasks run so long, one after another, before the event loop gets its turn. */
const TURN_MS = 5;
/** Tasks that help out are nested on the stack. */
const DEEPEST_HELP = 200;

export class WorkerLoop implements OwnLoop {
  readonly board: number;
  readonly id: number;
  readonly #words: Int32Array;
  readonly #record: number;
  readonly #mark: number;
  readonly #setup: LoopSetup;
  readonly #relay: Relay | undefined;
  readonly #carrier: Carrier | undefined;
  readonly #fetching: Fetching;
  readonly #door: Door;
  #patience: NodeJS.Timeout | undefined;
  readonly #clients: WorkerClients;
  /** Those that await. */
  readonly #pending = new Set<RunningTask>();
  /** Tasks that run or await here. */
  #active = 0;
  #done = 0;
  /** Of those, tasks whose functions are being loaded: none of them has begun. */
  #loading = 0;
  #concurrency: number;
  #maxTasks: number;
  #leaving = false;
  #gone = false;
  readonly #end: () => void;
  /** The clock at the end of the last task, when the next begins. */
  #now = 0;
  #scheduled = false;
  #depth = 0;
  readonly #lookers: Lookers;
  readonly #spinner: Spinner;
  #ticket = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * @param exit Ends the isolate, now or when what the tasks have left behind has finished.
   * @param carrier Leads to the isolate that made the worker; undefined when memory cannot be moved there.
   * @param relay Has the tasks run elsewhere. Default: they run here.
   */
  constructor(setup: LoopSetup, exit: () => void, carrier?: Carrier, relay?: Relay) {
    this.#setup = setup;
    this.#end = exit;
    this.#carrier = carrier;
    this.#words = setup.parts.board.array;
    this.board = setup.parts.board._handle;
    this.id = setup.id;
    this.#mark = runningOn(setup.id);
    this.#relay = relay;
    const makeFunctions = () => relay?.makeFunctions() ?? new FunctionCache();
    this.#clients = new WorkerClients(this.#words, setup.id, this.#mark, makeFunctions);
    this.#lookers = new Lookers(setup.parts, setup.id, () => this.#clients.hasQueued());
    this.#spinner = new Spinner(this.#lookers, () => this.#hasWork());
    this.#fetching = new Fetching(this.#words, setup.id);
    this.#door = new Door(this.#words, setup.id);
    this.#record = recordAt(setup.id);
    this.#concurrency = this.#words[Board.CONCURRENCY] as number;
    this.#maxTasks = this.#words[Board.MAX_TASKS] as number;
    signUp(this.#words, this.#record + WorkerWord.SLOT);
    // Keeps the isolate: the owner decides when it ends.
    setInterval(() => {}, LONGEST_TIMER);
    process.on('exit', () => {
      this.#lookers.leave();
      this.#handBack();
      // One that ends before it is set up stays STARTING: another would not fare better.
      Atomics.compareExchange(this.#words, this.#record + WorkerWord.STATE, WorkerState.LIVE, WorkerState.GONE);
    });
    this.#awaitBell();
  }

  /** The worker is set up: takes tasks from now on. */
  start(): void {
    this.#set(WorkerWord.STATE, WorkerState.LIVE);
    this.#run();
  }

  poke(): void {
    this.#schedule();
  }

  help(): boolean {
    if (this.#depth >= DEEPEST_HELP) return false;
    // The task that waits may have been a brisk one.
    this.#lookers.leave();
    const index = this.#clients.claim(true);
    if (index < 0) return false;
    this.#depth++;
    try {
      this.#execute(this.#clients.claimed as Client, index);
    } finally {
      this.#depth--;
    }
    return true;
  }

  #set(word: number, value: number): void {
    Atomics.store(this.#words, this.#record + word, value);
  }

  #get(word: number): number {
    return Atomics.load(this.#words, this.#record + word);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    if (this.#gone) return;
    // Scheduled while it slept: a permit that came to it from now on, at work, would be missed by those who do sleep.
    if (this.#ticket !== 0) this.#quitSleep();
    this.#now = clock();
    const end = this.#now + TURN_MS;
    do {
      this.#lookers.enter();
      this.#takeMail();
      if (this.#fetching.size > 0) this.#active -= this.#fetching.review();
      if (this.#mustLeave() || this.#isFull()) {
        this.#lookers.leave();
        return;
      }
      const index = this.#clients.claim(false);
      if (index >= 0) {
        this.#spinner.reset();
        this.#execute(this.#clients.claimed as Client, index);
        if (this.#lookers.crowded && this.#standDown()) return;
      } else if (!this.#rest()) return;
    } while (this.#now <= end);
    this.#lookers.leave();
    this.#schedule();
  };

  /** As many tasks as it may have, or one that may block it; but it must not wait for one that only itself could run. */
  #isFull(): boolean {
    if (this.#active < this.#concurrency && this.#loading === 0 && !this.#relay?.isBusy) return false;
    return !((ownSubmissions.get(this.board)?.() ?? 0) > 0);
  }

  /** Takes the tasks that are for this worker alone. */
  #takeMail(): void {
    const clients = this.#clients;
    for (let next = clients.nextMail(); next !== undefined; next = clients.nextMail()) {
      const [client, index] = next;
      const { words } = client.table.segment(index);
      const state = Atomics.compareExchange(words, placeOf(index), EntryState.MAILED, this.#mark);
      if (state === EntryState.MAILED) {
        this.#execute(client, index);
        continue;
      }
      // It was cancelled.
      if (state !== this.#mark) continue;
      if (!this.#fetching.arrived(client, index)) {
        // Nobody had to send for it.
        this.#spinner.reset();
        this.#count();
      }
      this.#now = clock();
      this.#begin(client, index, this.#carrier?.take(index));
    }
  }

  /** It ends, and gives back what was posted to it for tasks that it has not begun. */
  #handBack(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    const fetching = this.#fetching;
    const clients = this.#clients;
    // From now on nothing is posted but what is under way.
    fetching.giveUp(true);
    for (const end = performance.now() + MAIL_MS; ; ) {
      for (let next = clients.nextMail(); next !== undefined; next = clients.nextMail()) {
        const [client, index] = next;
        const { words } = client.table.segment(index);
        if (Atomics.load(words, placeOf(index)) !== this.#mark) continue;
        fetching.arrived(client, index);
        carrier.post(index, carrier.take(index));
        Atomics.store(words, placeOf(index), returnedBy(this.id));
      }
      fetching.review();
      if (fetching.size === 0 || !insistUntil(end, () => clients.hasMail)) return;
    }
  }

  /** One task more is its own. */
  #count(): void {
    this.#active++;
    if (this.#maxTasks > 0 && ++this.#done >= this.#maxTasks) this.#leave();
  }

  #execute(client: Client, index: number): void {
    this.#count();
    const flags = client.table.segment(index).words[placeOf(index) + Entry.LANE] as number;
    if ((flags & Flag.CARRIED) === 0) this.#begin(client, index, undefined);
    else this.#fetch(client, index, flags);
  }

  /** Sends for what a task brings with it, and begins the task if it comes soon. */
  #fetch(client: Client, index: number, flags: number): void {
    const fetching = this.#fetching;
    this.#lookers.leave();
    fetching.send(client, index, (flags & Flag.RETURNED) !== 0);
    if (this.#depth > 0) {
      // Within a task that waits, which may take long, nobody looks for mail.
      if (fetching.drop(client, index)) this.#gaveUp(1);
    } else if (fetching.look()) this.#takeMail();
    if (fetching.size > 0) this.#bePatient();
  }

  /** Gives up, in a while, what has been sent for and does not come. */
  #bePatient(): void {
    const patience = this.#leaving ? -1 : this.#fetching.patience;
    if (this.#patience !== undefined || patience < 0) return;
    this.#patience = setTimeout(() => {
      this.#patience = undefined;
      // One that leaves has no other tasks to do.
      if (!this.#leaving) this.#gaveUp(this.#fetching.giveUp());
      this.#bePatient();
      this.#schedule();
    }, patience);
  }

  #gaveUp(count: number): void {
    this.#active -= count;
    this.#done -= count;
  }

  #begin(client: Client, index: number, carried: readonly unknown[] | undefined): void {
    const segment = client.table.segment(index);
    const at = placeOf(index);
    const { words } = segment;
    const definition = words[at + Entry.DEFINITION] as number;
    let fn: LoadedFunction | Promise<LoadedFunction>;
    try {
      fn = client.functions.get(words[at + Entry.FUNCTION] as number, definition);
    } catch (error) {
      this.#unready(client, index, error);
      return;
    } finally {
      // It has been read, if it was not known.
      if (((words[at + Entry.LANE] as number) & Flag.DEFINED) !== 0) {
        words[at + Entry.LANE] = (words[at + Entry.LANE] as number) & ~Flag.DEFINED;
        engine.release(definition);
      }
    }
    if (!(fn instanceof Promise)) {
      if (!fn.pace.isBrisk) this.#lookers.leave();
      this.#call(new RunningTask(client, index, segment, at, fn, this.#now, carried));
      return;
    }
    this.#lookers.leave();
    this.#loading++;
    fn.then(
      (loaded) => {
        this.#loading--;
        this.#now = clock();
        this.#call(new RunningTask(client, index, segment, at, loaded, this.#now, carried));
        this.#schedule();
      },
      (error: unknown) => {
        this.#loading--;
        this.#unready(client, index, error);
        this.#schedule();
      },
    );
  }

  /** The function could not be made. */
  #unready(client: Client, index: number, error: unknown): void {
    const segment = client.table.segment(index);
    const at = placeOf(index);
    client.table.discard(segment, at);
    this.#finish(new RunningTask(client, index, segment, at, unmade, this.#now), error, true);
  }

  #call(task: RunningTask): void {
    const { client, segment, at, fn } = task;
    const flags = segment.words[at + Entry.LANE] as number;
    segment.doubles[(at + Entry.STARTED) >> 1] = task.started;
    const before = setCurrentContext(task);
    let result: unknown;
    try {
      if (this.#relay !== undefined) result = this.#relay.run(task, flags);
      else if (this.#concurrency > 1) result = contexts.run(task, callBeside, task, flags);
      else if ((flags & Flag.NONE) !== 0) result = fn();
      else if ((flags & Flag.SINGLE) !== 0) result = fn(client.table.read(segment, at, task.carried));
      else result = callWithList(fn, client.table.read(segment, at, task.carried) as unknown[], flags);
    } catch (error) {
      setCurrentContext(before);
      this.#finish(task, error, true);
      return;
    }
    if (typeof result !== 'object' || result === null || typeof (result as { then?: unknown }).then !== 'function') {
      setCurrentContext(before);
      this.#finish(task, result, false);
      return;
    }
    // While it awaits, it stays the current task, unless another is run within or beside it.
    if (this.#depth > 0 || this.#concurrency > 1) setCurrentContext(before);
    this.#pending.add(task);
    const settle = (value: unknown, thrown: boolean): void => {
      this.#pending.delete(task);
      this.#finish(task, value, thrown);
      this.#schedule();
    };
    // A thenable of the user's may call back twice, or throw.
    Promise.resolve(result as PromiseLike<unknown>).then(
      (value) => settle(value, false),
      (error: unknown) => settle(error, true),
    );
  }

  /** Gives the result back: what `task` returned or has thrown. */
  #finish(task: RunningTask, value: unknown, thrown: boolean): void {
    const { segment, at } = task;
    const { table } = task.client;
    task.end();
    this.#now = clock();
    if (thrown) writeThrown(task, value);
    else if (this.#relay !== undefined) this.#relay.write(task, value as Arrived);
    else writeResult(task, value, this.#carrier);
    const took = this.#now - task.started;
    segment.floats[at + Entry.TOOK] = took;
    task.loaded.pace.took(took);
    this.#active--;
    const isLarge = ((segment.words[at + Entry.LANE] as number) & Flag.PARCEL) !== 0;
    table.finish(task.index);
    if (isLarge) this.#spinner.allowFor(clock() - this.#now);
  }

  /** Takes no more tasks, and lets another worker have the place. */
  #leave(): void {
    this.#leaving = true;
    if (Atomics.exchange(this.#words, this.#record + WorkerWord.COUNTED, 0) === 1)
      Atomics.sub(this.#words, Board.SIZE, 1);
  }

  /** True when it takes no more tasks. Ends the isolate when there is nothing to wait for. */
  #mustLeave(): boolean {
    // Who sets it rings as well.
    if (!this.#leaving && this.#words[this.#record + WorkerWord.DRAINING] === 0) return false;
    for (const task of this.#pending) if (!task.overdue) return true;
    if (this.#active === this.#pending.size) this.#exit();
    return true;
  }

  #exit(): void {
    this.#lookers.leave();
    this.#leaving = true;
    this.#gone = true;
    this.#end();
  }

  /** There is nothing to claim. True: look again at once; otherwise the worker will be called, or has called itself. */
  #rest(): boolean {
    if (
      (Atomics.load(this.#words, Board.FLAGS) & BoardFlag.STOPPING) !== 0 &&
      this.#active === 0 &&
      this.#clients.haveNone()
    ) {
      this.#exit();
      return false;
    }
    if (this.#active === 0 && this.#isOneTooMany()) {
      this.#leaving = true;
      this.#lookers.leave();
      this.#schedule();
      return false;
    }
    const looked = this.#look();
    this.#now = clock();
    if (looked === Look.FOUND) return true;
    this.#lookers.withdraw();
    if (looked === Look.AGAIN) {
      if (this.#hasWork()) return true;
      this.#schedule();
      return false;
    }
    return !this.#sleep(() => this.#hasWork());
  }

  /** Looks for a moment, if possible as one that can be posted to. */
  #look(): Look {
    const door = this.#door;
    if (this.#carrier === undefined || this.#active > 0 || !door.open()) return this.#spinner.look();
    const looked = this.#spinner.look();
    const isTaken = !door.close();
    if (isTaken) insistUntil(performance.now() + MAIL_MS, () => this.#clients.hasMail);
    door.rest();
    if (!isTaken) return looked;
    // Before anything else can happen here: it cannot be had back.
    this.#takeMail();
    return Look.FOUND;
  }

  /**
   * Sleeps although there may be work, which another worker is at: brisk tasks, that one gets done as fast as they
   * come. False when there is none, or this one awaits something: then it goes on.
   */
  #standDown(): boolean {
    if (this.#active > 0 || this.#leaving) return false;
    this.#lookers.withdraw();
    return this.#sleep(() => !this.#lookers.another && this.#hasWork());
  }

  /** True: sleeps. False when `needed`, asked after it has begun to wait, says that it must not. */
  #sleep(needed: () => boolean): boolean {
    const begun = engine.semaphoreAcquire(this.#setup.parts.idle._handle, WaiterMode.LOOP, -1);
    // A permit, or no room for a waiter.
    if (begun < FIRST_TICKET) {
      this.#rise();
      return false;
    }
    declareAsleep(this.#setup.parts);
    if (needed()) {
      // If a permit has come meanwhile, it is for what is looked at now.
      engine.cancel(begun);
      this.#rise();
      return false;
    }
    this.#ticket = begun;
    watch(begun, () => {
      // Not if it has stopped waiting at the same moment, and waits anew.
      if (this.#ticket === begun) this.#ticket = 0;
      clearTimeout(this.#idleTimer);
      this.#rise();
      this.#run();
    });
    const timeout = this.#words[Board.IDLE_TIMEOUT] as number;
    if (timeout >= 0 && this.#active === 0) this.#idleTimer = setTimeout(this.#retire, timeout);
    return true;
  }

  /** Stops waiting for a permit. False when there was one for it: there may be something to be done. */
  #quitSleep(): boolean {
    const outcome = unwatch(this.#ticket);
    this.#ticket = 0;
    clearTimeout(this.#idleTimer);
    this.#rise();
    return outcome === Outcome.TIMED_OUT;
  }

  /** It sleeps no longer, and is about to look. */
  #rise(): void {
    Atomics.add(this.#words, Board.RISEN, 1);
  }

  /** It was made in place of one that was blocked, which is not any more. Takes itself off the count. */
  #isOneTooMany(): boolean {
    const words = this.#words;
    for (;;) {
      const size = Atomics.load(words, Board.SIZE);
      if (size <= Atomics.load(words, Board.MAX_SIZE)) return false;
      if (Atomics.compareExchange(words, Board.SIZE, size, size - 1) !== size) continue;
      this.#set(WorkerWord.COUNTED, 0);
      return true;
    }
  }

  #hasWork(): boolean {
    const clients = this.#clients;
    if (clients.hasMail || clients.hasNew || clients.hasQueued()) return true;
    return (Atomics.load(this.#words, Board.FLAGS) & BoardFlag.STOPPING) !== 0 && this.#active === 0;
  }

  /** Idle for too long: leaves, unless it is needed, or one of the few that stay. */
  readonly #retire = (): void => {
    if (this.#ticket === 0 || this.#active > 0) return;
    const words = this.#words;
    for (;;) {
      const size = Atomics.load(words, Board.SIZE);
      if (size <= (words[Board.MIN_SIZE] as number)) return;
      if (Atomics.compareExchange(words, Board.SIZE, size, size - 1) === size) break;
    }
    this.#set(WorkerWord.COUNTED, 0);
    // Who queues a task now finds too few workers and asks for one more; who did before is seen here.
    // Who found this one asleep, and called it, had queued the task before: it is seen once it does not wait any more.
    if (!this.#hasWork() && this.#quitSleep() && !this.#hasWork()) {
      this.#exit();
      return;
    }
    this.#set(WorkerWord.COUNTED, 1);
    Atomics.add(words, Board.SIZE, 1);
    this.#schedule();
  };

  #awaitBell(): void {
    const begun = engine.semaphoreAcquire(this.#setup.bell._handle, WaiterMode.LOOP, -1);
    if (begun < FIRST_TICKET) setImmediate(this.#rung);
    else watch(begun, this.#rung);
  }

  /** Somebody wants this very worker: mail, an abort, or to know whether it answers. */
  readonly #rung = (): void => {
    this.#awaitBell();
    const ping = this.#get(WorkerWord.PING);
    if (this.#relay === undefined) this.#set(WorkerWord.PONG, ping);
    else if (ping !== this.#get(WorkerWord.PONG)) this.#relay.ping(() => this.#set(WorkerWord.PONG, ping));
    this.#relay?.look();
    for (const task of [...this.#pending]) task.look();
    this.#schedule();
  };
}
