/** Thread: a function that runs in an isolate and OS thread of its own, beside the one that started it. */
import { inspect } from 'node:util';
import type { ResourceLimits } from 'node:worker_threads';
import { dropBytes, encodeBytes } from '../codec/codec.js';
import { requireBoolean, requireFunction, requireOptions, show } from '../engine/arguments.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import {
  block,
  blockUntilSet,
  deadlineOf,
  onceSet,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { ThreadStateError, WorkerLostError } from '../errors.js';
import {
  Header,
  Kind,
  Outcome,
  Process,
  Slot,
  ThreadFlag,
  ThreadStatus,
  Thread as ThreadWord,
  WaiterMode,
} from '../memory/layout.js';
import { travel } from '../shipping/lane.js';
import { refuseWhileLoading } from '../shipping/modules.js';
import { deliverErrors, report } from './excepthook.js';
import { joinBeforeExit } from './exit.js';
import { Control } from './isolate-data.js';
import { type Isolate, isOccupied, Reserve } from './reserve.js';
import { encodeName, ownWord, readName, readSlot, writeName } from './slot.js';

/** What a Thread is made of. */
export interface ThreadOptions<A extends unknown[] = unknown[]> {
  /**
   * What the thread runs. An exported function travels by reference to its module; any other with a
   * copy of the variables it captures, except that shared objects (Lock, Queue, Value, …) arrive as
   * the same objects. May be async: the thread has finished when its promise has settled.
   */
  target?: ((...args: A) => unknown) | undefined;
  /** Arguments of `target`, copied in the same way; default none. */
  args?: A | undefined;
  /** Default: `Thread-N`, with the name of `target` in parentheses if it has one. */
  name?: string | undefined;
  /** True: ends with the process instead of keeping it alive. Default: as the thread that creates it. */
  daemon?: boolean | undefined;
  /** True: a new isolate, with no trace of earlier threads, which ends with the thread. Default false. */
  fresh?: boolean | undefined;
  /** Memory limits of the isolate, which is then one of its own, as with `fresh`. */
  resourceLimits?: ResourceLimits | undefined;
}

/** What an isolate is told to run; the Thread itself is handed over beside it. */
export interface Command {
  readonly target: ((...args: unknown[]) => unknown) | undefined;
  readonly args: unknown[];
  /** For an instance of a subclass: its class and fields, taken apart. */
  readonly instance?: Function;
  /** For a subclass that every isolate has by this name: the fields. */
  readonly known?: { readonly name: string; readonly fields: Record<string, unknown> };
}

const words = engine.words;

function statusOf(handle: number): number {
  return Atomics.load(wordsAt(handle), handle + ThreadWord.STATUS);
}

/** Marks a Thread as finished and lets its joiners go: once, by its isolate or, if that died, by its undertaker. */
export function finishThread(handle: number): void {
  if (Atomics.exchange(wordsAt(handle), handle + ThreadWord.STATUS, ThreadStatus.FINISHED) === ThreadStatus.FINISHED)
    return;
  Atomics.store(wordsAt(handle), handle + ThreadWord.SLOT, 0);
  engine.eventSet(handle);
  settleOwnGrants();
}

/** The isolates this isolate has made for its threads. */
export const reserve = new Reserve<Thread>({
  failed(error, thread) {
    report(describeLoss(error), thread);
  },
  gone(thread) {
    thread._bury();
  },
});

function describeLoss(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new WorkerLostError(
    'the isolate of the thread reached its memory limit and was ended; raise resourceLimits of the Thread, or hold less',
    { cause: error },
  );
}

/** Resolves when an isolate that has died under its thread has been seen to; undefined when there is none. */
function pendingBurial(): Promise<void> | undefined {
  return reserve.unburied((thread) => !thread.isAlive())?.burial();
}

/** For `block`: looks whether isolates have died. */
function lookOut(): void {
  reserve.seeToTheDead((thread) => thread._isSettled());
}

/** Starts that have not been answered yet: until then the child is not in the registry. */
export const pendingStarts = new Set<Promise<void>>();

/** What `Thread` keeps of its options until it is started. */
interface Plan {
  readonly target: ((...args: unknown[]) => unknown) | undefined;
  readonly args: unknown[];
  readonly fresh: boolean;
  readonly resourceLimits: ResourceLimits | undefined;
}

const nothing: Plan = { target: undefined, args: [], fresh: false, resourceLimits: undefined };

/** Properties that every shared object has. */
const ownKeys: readonly string[] = ['_handle', 'adopted'];

/** Subclasses that every isolate has by name, so that the class need not travel. */
export const wellKnownClasses = new Map<string, Function>();

/**
 * An OS thread with an isolate of its own that runs a function, or the `run` method of a subclass.
 * Real parallelism: there is no global lock. Python: `threading.Thread`.
 *
 * A Thread travels: passed to another thread it is the same thread there, which may join it or read
 * its name. Threads keep the process alive until they have finished, unless they are daemons. An
 * uncaught error in a thread is printed, or given to the excepthook (`setExcepthook`), and ends
 * neither the process nor changes its exit code. `process.exit()` in a thread ends that thread only.
 *
 * Isolates are reused: what a thread leaves in module variables or on `globalThis` is there for a later
 * thread to see; `fresh: true` gives a thread an isolate that none has used.
 *
 * @example
 * ```ts
 * import { Lock, Thread, Value } from 'heddle';
 *
 * const lock = new Lock();
 * const total = new Value('i', 0);
 * const threads = [1, 2, 3].map((n) => new Thread({
 *   target: () => lock.withLockSync(() => { total.value += n; }),
 * }));
 * for (const thread of threads) await thread.start();
 * for (const thread of threads) await thread.join();
 * console.log(total.value); // 6
 * ```
 *
 * @example A subclass: its fields travel with it, its constructor does not run again
 * ```ts
 * import { Thread } from 'heddle';
 *
 * class Greeter extends Thread {
 *   greeting: string;
 *   constructor(greeting: string) {
 *     super();
 *     this.greeting = greeting;
 *   }
 *   override run() {
 *     console.log(this.greeting, 'from', this.name);
 *   }
 * }
 * const greeter = new Greeter('hello');
 * await greeter.start();
 * await greeter.join();
 * ```
 */
export class Thread<A extends unknown[] = unknown[]> extends SharedObject {
  #plan: Plan = nothing;
  /** As last seen from here; while the thread runs, its slot has the current one. */
  #name = '';
  /** Where it runs or ran, if it was started here. */
  #isolate: Isolate<Thread> | undefined;
  /** Handle of the event that a start waits for, 0 when none does. */
  #started = 0;

  /**
   * @throws TypeError when an option is of the wrong type.
   */
  constructor(options?: ThreadOptions<A>) {
    super(Kind.THREAD);
    if (this.adopted) return;
    this.#plan = planOf(options);
    this.#name = nameOf(options);
    // A stand-in for a foreign worker is a daemon, but what it starts shall not end unasked.
    const daemon =
      options?.daemon ?? (ownWord(Slot.FLAGS) & (ThreadFlag.DAEMON | ThreadFlag.DUMMY)) === ThreadFlag.DAEMON;
    Atomics.store(wordsAt(this._handle), this._handle + ThreadWord.FLAGS, daemon ? ThreadFlag.DAEMON : 0);
  }

  /**
   * What the thread does: calls `target` with `args`. A subclass overrides it; its class and the fields
   * of the instance then travel as a function and its captured variables do. Called directly, it runs in the
   * calling thread. Python: `Thread.run`.
   */
  run(): unknown {
    const { target, args } = this.#plan;
    return target?.(...args);
  }

  /**
   * Starts the thread. The promise resolves once the target runs. Python: `Thread.start`, which blocks
   * until then as `startSync` does.
   *
   * It also resolves when the thread has finished without having come to its target: a module it needs threw while it
   * was imported, an argument did not arrive, the isolate died. Such an error is an uncaught one of the thread, printed
   * or given to the excepthook, and `join` then returns at once.
   *
   * @throws ThreadStateError, at the call, when the thread has been started before, was made by another thread, or a
   * module starts it while a thread imports that module (guard with `isMainThread`).
   * @throws FunctionNotShippableError, at the call, when the target or the class cannot travel.
   * @throws NotSerializableError, at the call, when an argument or a captured variable cannot.
   */
  start(): Promise<void> {
    const started = this.#launch();
    const answered = onceSet(started, () => this.#answered(started));
    pendingStarts.add(answered);
    answered.then(() => pendingStarts.delete(answered));
    settleOwnGrants();
    return answered;
  }

  /**
   * `start`, blocking the calling thread until the target runs, or the thread has finished without, as with `start`. An
   * isolate whose `resourceLimits` leave Node.js itself no room may die without a trace: it is given up after 30 seconds.
   * Throws as `start` does.
   */
  startSync(): void {
    const started = this.#launch();
    blockUntilSet(started, lookOut);
    this.#answered(started);
  }

  #answered(started: number): void {
    this.#started = 0;
    engine.disown(started);
  }

  /** Sends the thread on its way; returns the handle of the event that tells of its start. */
  #launch(): number {
    const handle = this._handle;
    if (this.adopted) throw new ThreadStateError(`${this.name} can only be started by the thread that made it`);
    if (statusOf(handle) !== ThreadStatus.INITIAL)
      throw new ThreadStateError(`threads can only be started once, and ${this.name} has been`);
    refuseWhileLoading(`${this.name} was started`);
    const command = this.#command();
    const isolate = reserve.claim(this.#plan);
    let started = 0;
    try {
      started = engine.create(Kind.EVENT);
      this.#handOver(isolate, started);
      Atomics.store(wordsAt(handle), handle + ThreadWord.IDENT, Atomics.add(words, Header.NEXT_IDENT, 1) + 1);
      Atomics.store(wordsAt(handle), handle + ThreadWord.STATUS, ThreadStatus.STARTED);
      isolate.commands.putSync(command);
    } catch (error) {
      // The arena is full. As if it had not been tried.
      Atomics.store(wordsAt(handle), handle + ThreadWord.STATUS, ThreadStatus.INITIAL);
      Atomics.store(wordsAt(handle), handle + ThreadWord.IDENT, 0);
      if (started !== 0) engine.disown(started);
      reserve.unclaim(isolate);
      dropBytes(command);
      throw error;
    }
    isolate.occupant = this as unknown as Thread;
    this.#isolate = isolate;
    this.#started = started;
    this.#plan = nothing;
    joinBeforeExit(pendingBurial);
    return started;
  }

  /** What the isolate is told, encoded. */
  #command(): Uint8Array {
    const { target, args } = this.#plan;
    const prototype: unknown = Object.getPrototypeOf(this);
    const { name } = this.constructor;
    let command: Command = { target, args };
    if (wellKnownClasses.get(name)?.prototype === prototype) {
      const fields = Object.fromEntries(Object.entries(this).filter(([key]) => !ownKeys.includes(key)));
      command = { ...command, known: { name, fields } };
    } else if (prototype !== Thread.prototype) {
      command = { ...command, instance: travel().takeInstanceApart(this, ownKeys, Thread) };
    }
    return encodeBytes(command, 'thread');
  }

  #handOver({ control }: Isolate<Thread>, started: number): void {
    const name = encodeName(this.#name);
    new Uint8Array(control.buffer, Control.NAME * 4).set(name);
    Atomics.store(control, Control.NAME_LENGTH, name.length);
    this._remember();
    engine.retain(this._handle);
    engine.retain(started);
    Atomics.store(control, Control.THREAD, this._handle);
    Atomics.store(control, Control.STARTED, started);
    Atomics.store(control, Control.OCCUPIED, 1);
  }

  /**
   * Waits until the thread has finished. Any number of threads may wait, any number of times. Python: `Thread.join`.
   *
   * @returns true when the thread has finished, false when the timeout (ms) was over first.
   * @throws ThreadStateError (as a rejection) when the thread has not been started, is the calling thread, or stands for
   * an isolate that is no Thread.
   */
  async join(options?: WaitOptions): Promise<boolean> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    this.#assertJoinable();
    const finished = await promise(
      engine.eventWait(this._handle, WaiterMode.LOOP, timeout),
      timeout,
      signal,
      (outcome) => outcome === Outcome.GRANTED,
      this,
    );
    // Why it died is known to this isolate only when its event loop has heard of it.
    if (finished && this.#diedWithIsolate()) await this.#isolate?.burial();
    deliverErrors();
    return finished;
  }

  /** `join`, blocking the calling thread. Throws what `join` rejects with. */
  joinSync(options?: SyncWaitOptions): boolean {
    const timeout = timeoutOf(options);
    this.#assertJoinable();
    const deadline = deadlineOf(timeout);
    const begun = engine.eventWait(this._handle, WaiterMode.THREAD, timeout);
    const finished = block(begun, deadline, lookOut) === Outcome.GRANTED;
    deliverErrors();
    return finished;
  }

  #diedWithIsolate(): boolean {
    return this.#isolate?.occupant === (this as unknown as Thread) && isOccupied(this.#isolate);
  }

  #assertJoinable(): void {
    if (statusOf(this._handle) === ThreadStatus.INITIAL)
      throw new ThreadStateError(`${this.name} cannot be joined before it is started`);
    if (ownWord(Slot.THREAD) === this._handle)
      throw new ThreadStateError(`${this.name} cannot join itself: it would wait for ever`);
    if (this.#flags & ThreadFlag.DUMMY)
      throw new ThreadStateError(`${this.name} cannot be joined: it is a worker that was not started as a Thread`);
  }

  /** True from the start of the thread until it has finished. Python: `Thread.is_alive`. */
  isAlive(): boolean {
    const status = statusOf(this._handle);
    return status === ThreadStatus.STARTED || status === ThreadStatus.RUNNING;
  }

  /** Number of the thread, unique in the process; undefined before its start. Python: `Thread.ident`. */
  get ident(): number | undefined {
    return Atomics.load(wordsAt(this._handle), this._handle + ThreadWord.IDENT) || undefined;
  }

  /** Number by which the operating system knows the thread; undefined before its start and where it cannot be found out. Python: `Thread.native_id`. */
  get nativeId(): number | undefined {
    return Atomics.load(wordsAt(this._handle), this._handle + ThreadWord.NATIVE_ID) || undefined;
  }

  /**
   * Name of the thread, for people; need not be unique. The operating system shows the one that the thread starts with,
   * and what the thread itself sets later, where `engine.supports.threadNames`; what others set it does not. Python:
   * `Thread.name`.
   */
  get name(): string {
    const slot = Atomics.load(wordsAt(this._handle), this._handle + ThreadWord.SLOT) - 1;
    if (slot >= 0) {
      const name = readName(slot);
      // The slot may have gone to another thread between the two looks.
      if (name !== undefined && readSlot(slot, Slot.THREAD) === this._handle) this.#name = name;
    }
    return this.#name;
  }

  set name(value: string) {
    this.#name = String(value);
    const slot = Atomics.load(wordsAt(this._handle), this._handle + ThreadWord.SLOT) - 1;
    if (slot < 0) return;
    writeName(slot, this.#name);
    if (slot === engine.self) engine.setThreadName(this.#name);
  }

  /** True when the thread ends with the process instead of keeping it alive. Python: `Thread.daemon`. */
  get daemon(): boolean {
    return (this.#flags & ThreadFlag.DAEMON) !== 0;
  }

  /** @throws ThreadStateError once the thread has been started. */
  set daemon(value: boolean) {
    if (statusOf(this._handle) !== ThreadStatus.INITIAL)
      throw new ThreadStateError(`daemon of ${this.name} cannot be set: it has been started`);
    Atomics.store(wordsAt(this._handle), this._handle + ThreadWord.FLAGS, value ? ThreadFlag.DAEMON : 0);
  }

  get #flags(): number {
    return Atomics.load(wordsAt(this._handle), this._handle + ThreadWord.FLAGS);
  }

  /** `<Thread(name, started daemon 7)>`, as Python prints it. */
  [inspect.custom](): string {
    const status = this.isAlive() ? 'started' : this.ident === undefined ? 'initial' : 'stopped';
    return `<${this.constructor.name}(${[this.name, [status, ...(this.daemon ? ['daemon'] : []), ...(this.ident === undefined ? [] : [this.ident])].join(' ')].join(', ')})>`;
  }

  /** Gives a Thread made elsewhere its name and, in the isolate that runs it, its work. @internal */
  _assume(name: string, command?: Command): void {
    this.#name = name;
    if (command === undefined) return;
    this.#plan = { ...nothing, target: command.target, args: command.args };
    const { known, instance } = command;
    if (known !== undefined) {
      Object.setPrototypeOf(this, wellKnownClasses.get(known.name)?.prototype as object);
      Object.assign(this, known.fields);
    }
    if (instance !== undefined) travel().restoreOnto(this, instance);
  }

  /** True when nobody waits for its start or its end any more. @internal */
  _isSettled(): boolean {
    return this.#started === 0 && !this.isAlive();
  }

  /** The isolate is gone: whoever waits for its start or its end need not wait on. @internal */
  _bury(): void {
    if (this.#started !== 0) engine.eventSet(this.#started);
    finishThread(this._handle);
    settleOwnGrants();
  }
}

registerTravel(Thread, {
  tag: 'Thread',
  extra: (thread) => thread.name,
  revive: (name) => reviveThread(() => new Thread(), name as string),
});

/** The wrapper for a Thread made elsewhere. */
export function reviveThread<T extends Thread>(make: () => T, name: string): T {
  const thread = make();
  thread._assume(name);
  return thread;
}

function planOf<A extends unknown[]>(options: ThreadOptions<A> | undefined): Plan {
  if (options === undefined) return nothing;
  requireOptions('options', options);
  const { target, args = [], daemon, fresh = false, resourceLimits } = options as unknown as ThreadOptions;
  if (target !== undefined) requireFunction('target', target);
  if (!Array.isArray(args)) throw new TypeError(`args must be an array, got ${show(args)}`);
  if (daemon !== undefined) requireBoolean('daemon', daemon);
  requireBoolean('fresh', fresh);
  requireOptions('resourceLimits', resourceLimits);
  return { target: target as Plan['target'], args, fresh, resourceLimits };
}

function nameOf<A extends unknown[]>(options: ThreadOptions<A> | undefined): string {
  const name = options?.name;
  if (name !== undefined && String(name) !== '') return String(name);
  const number = Atomics.add(words, processWord(Process.THREAD_NUMBER), 1) + 1;
  const target = (options?.target as { name?: string } | undefined)?.name;
  return target ? `Thread-${number} (${target})` : `Thread-${number}`;
}
