/** Process: a function that runs in a process of its own, and shares with this one what is made to be shared. */
import { inspect } from 'node:util';
import { discard, encodeForProcess } from '../codec/codec.js';
import { requireBoolean, requireFunction, requireOptions, show } from '../engine/arguments.js';
import type { Handle } from '../engine/engine.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import {
  block,
  blockUntilSet,
  deadlineOf,
  noRoom,
  onceSet,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeoutOf,
  type WaitOptions,
  watch,
} from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { ProcessStateError } from '../errors.js';
import {
  Cell,
  FIRST_TICKET,
  Kind,
  Outcome,
  ProcessCell,
  ProcessFlag,
  ProcessStatus,
  Process as Record,
  UNKNOWN_EXIT_CODE,
  WaiterMode,
} from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { travel } from '../shipping/lane.js';
import { refuseProcessWhileLoading } from '../shipping/modules.js';
import { readProcessName, signalProcess, writeProcessName } from '../threads/child-processes.js';
import { joinProcessesBeforeExit } from '../threads/exit.js';
import { encodeName } from '../threads/slot.js';
import type { Command, Greeting } from './command.js';
import { nextPath } from './identity.js';
import { type Launch, launch, requireProcesses, type Surroundings, surroundingsOf } from './launch.js';
import { ensureOwnCell } from './own-cell.js';

/** What a Process is made of. */
export interface ProcessOptions<A extends unknown[] = unknown[]> {
  /**
   * What the process runs. An exported function travels by reference to its module; any other with a
   * copy of the variables it captures, except that shared objects (Lock, Queue, Value, …) arrive as
   * the same objects. May be async.
   */
  target?: ((...args: A) => unknown) | undefined;
  /** Arguments of `target`, copied in the same way; default none. */
  args?: A | undefined;
  /** Default: `Process-N`, and within a child `Process-M:N`; a subclass' own name in place of `Process`. */
  name?: string | undefined;
  /** True: is terminated when its parent ends, and may have no children. Default: as the process that creates it. */
  daemon?: boolean | undefined;
  /** The environment variables of the process, all of them; default: those of this one. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Options of Node.js, such as `--max-old-space-size=200`; default: those of this process, without `--eval`, `--inspect` and the like. */
  execArgv?: readonly string[] | undefined;
  /** Working directory; default: that of this process. */
  cwd?: string | undefined;
}

const words = engine.words;

/** What `Process` keeps of its options until it is started. */
interface Plan extends Surroundings {
  readonly target: Command['target'];
  readonly args: unknown[];
  readonly entry: string | undefined;
  readonly path: string;
}

const nothing: Plan = {
  target: undefined,
  args: [],
  entry: undefined,
  path: '',
  env: undefined,
  execArgv: undefined,
  cwd: undefined,
};

/** Properties that every shared object has. */
const ownKeys: readonly string[] = ['_handle', 'adopted'];

/**
 * A process of the operating system with a Node.js of its own that runs a function, or the `run` method
 * of a subclass. It shares no JavaScript object with this one, but every object of heddle that is passed to
 * it, captured by its target or put on a queue is the same object there, where `engine.supports.processSharedMemory` is true.
 * Where `processProxies` is, locks, semaphores, events, conditions, barriers, queues and pipes are used through the process that made them,
 * and others refused. Python: `multiprocessing.Process`.
 *
 * Standard output and error are this process's own; there is no standard input. An error that `run` throws is
 * printed as `Process NAME:` with its stack, and the exit code is then 1. The process ends when its target's
 * promise has settled and nothing is left that keeps its event loop alive, and when the threads and processes
 * it has started have finished, daemons aside. This process in turn waits at its end for its children, and
 * terminates daemonic ones.
 *
 * A Process travels: passed to another thread or process it is the same process there.
 *
 * @example
 * ```ts
 * import { Process, Queue } from 'heddle';
 *
 * const queue = new Queue<string>();
 * const child = new Process({ target: (name: string) => queue.putSync(`hello, ${name}`), args: ['world'] });
 * await child.start();
 * console.log(await queue.get()); // hello, world
 * await child.join();
 * console.log(child.exitCode); // 0
 * ```
 *
 * @example A subclass: its fields travel with it, its constructor does not run again
 * ```ts
 * import { Process } from 'heddle';
 *
 * class Greeter extends Process {
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
export class Process<A extends unknown[] = unknown[]> extends SharedObject {
  #plan: Plan = nothing;
  #name = '';
  #closed = false;
  #sentinel: Promise<number> | undefined;

  /**
   * @throws TypeError when an option is of the wrong type.
   */
  constructor(options?: ProcessOptions<A>) {
    super(Kind.PROCESS);
    if (this.adopted) return;
    this.#plan = planOf(options);
    const name = options?.name;
    this.#name = name !== undefined && name !== '' ? name : `${this.constructor.name}-${this.#plan.path}`;
    const daemon = options?.daemon ?? isDaemonicHere();
    Atomics.store(wordsAt(this._handle), this._handle + ProcessCell.FLAGS, daemon ? ProcessFlag.DAEMON : 0);
  }

  /**
   * What the process does: calls `target` with `args`. A subclass overrides it; its class and the fields
   * of the instance then travel as a function and its captured variables do. Called directly, it runs in the
   * calling process. Python: `Process.run`.
   */
  run(): unknown {
    const { target, args } = this.#plan;
    return target?.(...args);
  }

  /**
   * Starts the process. The promise resolves once the target runs, or the process has ended before. Python:
   * `Process.start`.
   *
   * @throws ProcessStateError, at the call, when the process has been started before, was made by another thread, this
   * process is a daemonic one, or a module starts it while a thread or process imports that module (guard with
   * `parentProcess() === undefined`); as a rejection when the system starts none (`cwd` does not exist, …).
   * @throws FunctionNotShippableError, at the call, when the target or the class cannot travel.
   * @throws NotSerializableError, at the call, when an argument or a captured variable cannot, as shared memory itself, a `Value`
   * for one, where processes have none.
   */
  start(): Promise<void> {
    const { started, launched } = this.#launch();
    if (launched.pid === undefined) {
      engine.disown(started);
      return launched.refusal.then((refusal) => {
        throw this.#notStarted(refusal);
      });
    }
    const answered = onceSet(started, () => engine.disown(started));
    settleOwnGrants();
    return answered;
  }

  /** `start`, blocking the calling thread until the target runs. Throws as `start` does. */
  startSync(): void {
    const { started, launched } = this.#launch();
    try {
      if (launched.pid === undefined) throw this.#notStarted(undefined);
      blockUntilSet(started);
    } finally {
      engine.disown(started);
    }
  }

  #notStarted(cause: Error | undefined): ProcessStateError {
    const why = cause?.message ?? 'the system refused; start() says why';
    return new ProcessStateError(`${this.#name} could not be started: ${why}`, { cause });
  }

  /** Sends the process on its way; `started` is the handle of the event that tells of its start. */
  #launch(): { started: Handle; launched: Launch } {
    const handle = this._handle;
    this.#assertOpen('started');
    if (this.adopted) throw new ProcessStateError(`${this.name} can only be started by the thread that made it`);
    if (this.#status !== ProcessStatus.INITIAL)
      throw new ProcessStateError(`processes can only be started once, and ${this.name} has been`);
    if (isDaemonicHere() && !mayHaveChildrenHere())
      throw new ProcessStateError(`${this.name} cannot be started: daemonic processes may have no children`);
    refuseProcessWhileLoading(`${this.name} was started`);
    ensureOwnCell(requireProcesses());
    const commands = this.#commands();
    const started = engine.create(Kind.EVENT);
    Atomics.store(wordsAt(handle), handle + ProcessCell.STATUS, ProcessStatus.STARTED);
    this._remember();
    let launched: Launch;
    try {
      const flags = Atomics.load(wordsAt(handle), handle + ProcessCell.FLAGS);
      const name = encodeName(this.#name);
      launched = launch({ cell: handle, commands: commands._handle, started, flags, name }, this.#plan);
    } catch (error) {
      engine.disown(started);
      this.#takeBack();
      throw error;
    }
    if (launched.pid === undefined) {
      this.#takeBack();
      return { started, launched };
    }
    Atomics.store(wordsAt(handle), handle + ProcessCell.PID, launched.pid);
    this.#plan = nothing;
    joinProcessesBeforeExit();
    return { started, launched };
  }

  /** As if the start had not been tried. */
  #takeBack(): void {
    Atomics.store(wordsAt(this._handle), this._handle + Cell.STATE, 0);
    Atomics.store(wordsAt(this._handle), this._handle + ProcessCell.STATUS, ProcessStatus.INITIAL);
  }

  /** What the child is told. Goes, with what it holds, with the child's record if nobody takes it. */
  #commands(): SimpleQueue<Greeting> {
    const { target, args, entry, path } = this.#plan;
    let command: Command = { target, args };
    if (Object.getPrototypeOf(this) !== Process.prototype)
      command = { ...command, instance: travel().takeInstanceApart(this, ownKeys, Process) };
    const item = encodeForProcess(command, 'process');
    const commands = new SimpleQueue<Greeting>();
    try {
      const parentName = readProcessName(engine.process);
      commands.putSync({ argv: process.argv, name: this.#name, path, parentName, entry });
      if (engine.queuePut(commands._handle, false, item, undefined) !== Outcome.OK) throw noRoom();
    } catch (error) {
      discard(item);
      throw error;
    }
    return commands;
  }

  /**
   * Waits until the process has ended. Any number of threads and processes may wait, any number of times. Python: `Process.join`.
   *
   * @returns true when the process has ended, false when the timeout (ms) was over first.
   * @throws ProcessStateError (as a rejection) when the process has not been started, is the calling one, or is closed.
   */
  async join(options?: WaitOptions): Promise<boolean> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    this.#assertJoinable();
    return promise(
      engine.eventWait(this._handle, WaiterMode.LOOP, timeout),
      timeout,
      signal,
      (outcome) => outcome === Outcome.GRANTED,
      this,
    );
  }

  /** `join`, blocking the calling thread. Throws what `join` rejects with. */
  joinSync(options?: SyncWaitOptions): boolean {
    const timeout = timeoutOf(options);
    this.#assertJoinable();
    const deadline = deadlineOf(timeout);
    return block(engine.eventWait(this._handle, WaiterMode.THREAD, timeout), deadline) === Outcome.GRANTED;
  }

  #assertJoinable(): void {
    this.#assertOpen('joined');
    if (this.#status === ProcessStatus.INITIAL)
      throw new ProcessStateError(`${this.name} cannot be joined before it is started`);
    if (this.#isThis) throw new ProcessStateError(`${this.name} cannot join itself: it would wait for ever`);
  }

  #assertOpen(use: string): void {
    if (this.#closed) throw new ProcessStateError(`${this.#name} is closed and cannot be ${use}`);
  }

  get #status(): number {
    return Atomics.load(wordsAt(this._handle), this._handle + ProcessCell.STATUS);
  }

  get #isThis(): boolean {
    return Atomics.load(words, processWord(Record.CELL)) === this._handle;
  }

  /** True from the start of the process until it has ended. Python: `Process.is_alive`. @throws ProcessStateError when closed. */
  isAlive(): boolean {
    this.#assertOpen('asked');
    return this.#status === ProcessStatus.STARTED;
  }

  /**
   * Ends the process by SIGTERM: at once, unless it handles that signal. What it holds is passed on, as when it dies
   * in any other way. Nothing happens when it has ended. Python: `Process.terminate`.
   *
   * @throws ProcessStateError when the process has not been started, or is closed.
   */
  terminate(): void {
    this.#signal('SIGTERM');
  }

  /** The same by SIGKILL, which a process cannot handle. Python: `Process.kill`. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /** The same by SIGINT, as Ctrl-C sends it. Python 3.14: `Process.interrupt`. */
  interrupt(): void {
    this.#signal('SIGINT');
  }

  #signal(signal: NodeJS.Signals): void {
    this.#assertOpen('sent a signal');
    if (this.#status === ProcessStatus.INITIAL)
      throw new ProcessStateError(`${this.name} cannot be sent ${signal} before it is started`);
    signalProcess(this._handle, signal);
  }

  /**
   * Gives up what this thread holds of a process that has ended, or was never started. All but `name` throws
   * afterwards; a second call does nothing. Python: `Process.close`.
   *
   * @throws ProcessStateError while the process runs.
   */
  close(): void {
    if (this.#closed) return;
    if (this.isAlive())
      throw new ProcessStateError(`${this.name} cannot be closed while it runs; join or kill it first`);
    this.#closed = true;
    this.#plan = nothing;
    this.releaseHandle();
  }

  /** Number by which the operating system knows the process; undefined before its start. Python: `Process.pid`. */
  get pid(): number | undefined {
    this.#assertOpen('asked');
    return Atomics.load(wordsAt(this._handle), this._handle + ProcessCell.PID) || undefined;
  }

  /**
   * How the process has ended: its exit code, or the negative number of the signal that killed it. Undefined
   * before, and of a process whose parent had ended before it, so that nobody learned it. Python: `Process.exitcode`.
   */
  get exitCode(): number | undefined {
    this.#assertOpen('asked');
    if (this.#status !== ProcessStatus.FINISHED) return undefined;
    const code = Atomics.load(wordsAt(this._handle), this._handle + ProcessCell.EXIT_CODE);
    return code === UNKNOWN_EXIT_CODE ? undefined : code;
  }

  /**
   * Resolves with the exit code when the process has ended; NaN when nobody has learned it. Keeps this process
   * alive from the first time it is asked for. Python: `Process.sentinel`.
   *
   * @throws ProcessStateError when the process has not been started, or is closed.
   */
  get sentinel(): Promise<number> {
    this.#assertOpen('waited for');
    if (this.#status === ProcessStatus.INITIAL)
      throw new ProcessStateError(`${this.name} has no sentinel before it is started`);
    this.#sentinel ??= promise(
      engine.eventWait(this._handle, WaiterMode.LOOP, -1),
      -1,
      undefined,
      () => this.exitCode ?? Number.NaN,
      this,
    );
    return this.#sentinel;
  }

  /** Name of the process, for people; need not be unique. Python: `Process.name`. */
  get name(): string {
    return this.#name;
  }

  /** @throws TypeError unless it is a string. */
  set name(value: string) {
    requireName(value);
    this.#name = value;
    if (!this.#closed && this.#isThis) writeProcessName(encodeName(value));
  }

  /** True when the process is terminated as its parent ends. Python: `Process.daemon`. */
  get daemon(): boolean {
    this.#assertOpen('asked');
    return (Atomics.load(wordsAt(this._handle), this._handle + ProcessCell.FLAGS) & ProcessFlag.DAEMON) !== 0;
  }

  /** @throws ProcessStateError once the process has been started. */
  set daemon(value: boolean) {
    requireBoolean('daemon', value);
    this.#assertOpen('changed');
    if (this.#status !== ProcessStatus.INITIAL)
      throw new ProcessStateError(`daemon of ${this.name} cannot be set: it has been started`);
    Atomics.store(wordsAt(this._handle), this._handle + ProcessCell.FLAGS, value ? ProcessFlag.DAEMON : 0);
  }

  /** `<Process name='Process-1' pid=4711 started daemon>`, as Python prints it. */
  [inspect.custom](): string {
    const parts = [this.constructor.name, `name='${this.#name}'`];
    if (this.#closed) parts.push('closed');
    else {
      if (this.pid !== undefined) parts.push(`pid=${this.pid}`);
      parts.push(this.isAlive() ? 'started' : this.pid === undefined ? 'initial' : 'stopped');
      if (this.exitCode !== undefined) parts.push(`exitcode=${this.exitCode}`);
      if (this.daemon) parts.push('daemon');
    }
    return `<${parts.join(' ')}>`;
  }

  /**
   * Starts a daemonic process that calls `run` of the module `entry`, one of ours, with the arguments. Nothing of it
   * keeps the event loop alive. @internal
   */
  _startWorker(entry: string, mayHaveChildren: boolean): Launch {
    this.#plan = { ...this.#plan, entry };
    const flags = ProcessFlag.DAEMON | (mayHaveChildren ? ProcessFlag.MAY_HAVE_CHILDREN : 0);
    Atomics.store(wordsAt(this._handle), this._handle + ProcessCell.FLAGS, flags);
    const { started, launched } = this.#launch();
    engine.disown(started);
    return launched;
  }

  /** Has `ended` called, from the event loop, when the process has ended, if the loop lives so long. @internal */
  _onEnd(ended: () => void): void {
    const begun = engine.eventWait(this._handle, WaiterMode.LOOP, -1);
    if (begun === Outcome.NO_MEMORY) throw noRoom();
    if (begun >= FIRST_TICKET) watch(begun, ended);
    else setImmediate(ended).unref();
  }

  /** Gives a Process made elsewhere its name and, in the process itself, its work. @internal */
  _assume(name: string, command?: Command): void {
    this.#name = name;
    if (command === undefined) return;
    this.#plan = { ...nothing, target: command.target, args: command.args };
    if (command.instance !== undefined) travel().restoreOnto(this, command.instance);
  }
}

registerTravel(Process, {
  tag: 'Process',
  extra: (process) => process.name,
  revive(name) {
    const process = new Process();
    process._assume(name as string);
    return process;
  },
});

/** Whether this process ends with its parent. */
function isDaemonicHere(): boolean {
  return (Atomics.load(words, processWord(Record.FLAGS)) & ProcessFlag.DAEMON) !== 0;
}

/** Daemonic or not: a worker of an executor may, one of a pool may not. */
function mayHaveChildrenHere(): boolean {
  return (Atomics.load(words, processWord(Record.FLAGS)) & ProcessFlag.MAY_HAVE_CHILDREN) !== 0;
}

function requireName(name: unknown): void {
  if (typeof name !== 'string') throw new TypeError(`name must be a string, got ${show(name)}`);
}

function planOf<A extends unknown[]>(options: ProcessOptions<A> | undefined): Plan {
  requireOptions('options', options);
  const { target, args = [], name, daemon, env, execArgv, cwd } = (options ?? {}) as ProcessOptions;
  if (target !== undefined) requireFunction('target', target);
  if (!Array.isArray(args)) throw new TypeError(`args must be an array, got ${show(args)}`);
  if (name !== undefined) requireName(name);
  if (daemon !== undefined) requireBoolean('daemon', daemon);
  const surroundings = surroundingsOf({ env, execArgv, cwd });
  return { target: target as Plan['target'], args, ...surroundings, entry: undefined, path: nextPath() };
}
