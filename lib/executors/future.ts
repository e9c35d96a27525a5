/**
 * A result that is still to come. Python: `concurrent.futures.Future`.
 *
 *   PENDING ──► RUNNING ──► FINISHED | FAILED
 *      └───────────┴──────► CANCELLED
 *
 * A future settles once. Who settles it first sets the state, then calls the callbacks in the order in
 * which they were added, then settles the promise, whose reactions are microtasks: a callback has run
 * before any `await` goes on. The promise is made when somebody first asks for it, so a task that nobody
 * awaits costs none, and its failure is silent, as in Python.
 */
import { inspect } from 'node:util';
import { requireFunction, show } from '../engine/arguments.js';
import { stays } from '../engine/stays.js';
import { deadlineOf, type SyncWaitOptions, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { CancelledError, DeadlockError, InvalidStateError, TimeoutError } from '../errors.js';
import { report } from '../threads/excepthook.js';
import { currentThread } from '../threads/registry.js';
import { expiresFirst } from './expiry.js';

/** What a future asks of the executor that made it. */
export interface FutureSource {
  /**
   * Takes the task back unless it has begun: true when it will not run. Asks a task that has begun to stop,
   * and says false. The future is marked cancelled by whoever called.
   */
  cancel(future: Future<unknown>): boolean;
  /** True when a worker has begun the task; for a future that has not settled. */
  running(future: Future<unknown>): boolean;
  /** Blocks until the future has settled (true) or the deadline (of `deadlineOf`) is over (false). */
  waitSync(future: Future<unknown>, deadline: number): boolean;
}

/** State of a future; those from CANCELLED on are final. */
const State = { PENDING: 0, RUNNING: 1, CANCELLED: 2, FINISHED: 3, FAILED: 4 } as const;
type State = (typeof State)[keyof typeof State];

const NAMES = ['pending', 'running', 'cancelled', 'finished', 'finished'];

/** Who waits for a future, beside the callbacks: those who asked for its promise. */
interface Promised {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function nobody(): void {}

let lastResolve: Promised['resolve'] = nobody;
let lastReject: Promised['reject'] = nobody;

/** The executor of every such promise, which so need not be made each time. */
function keepResolvers(resolve: Promised['resolve'], reject: Promised['reject']): void {
  lastResolve = resolve;
  lastReject = reject;
}

function promised(): Promised {
  const made = { promise: new Promise<unknown>(keepResolvers), resolve: lastResolve, reject: lastReject };
  // They would keep the promise, and its value.
  lastResolve = nobody;
  lastReject = nobody;
  return made;
}

type Callback = (future: Future<unknown>) => void;

/**
 * A result that is still to come, from `executor.submit`. It can be awaited, like a promise; blocking calls,
 * cancelling and callbacks are as in Python.
 *
 * A failure that nobody asks for is silent. Awaiting the future, `then` and `result()` ask: their promises are
 * promises like any other, and one that is rejected without a handler is an unhandled rejection.
 *
 * Python: `concurrent.futures.Future`.
 *
 * @example
 * ```ts
 * import { ThreadPoolExecutor } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
 * const future = executor.submit((a: number, b: number) => a ** b, 2, 10);
 * console.log(await future); // 1024
 * console.log(future.done(), future.cancel()); // true false
 * ```
 */
export class Future<T> implements PromiseLike<T> {
  readonly #source: FutureSource;
  #state: State = State.PENDING;
  /** The result, or what the task failed with. */
  #outcome: unknown = undefined;
  #callbacks: Callback | Callback[] | undefined = undefined;
  #promised: Promised | undefined = undefined;
  /** The source's own number for the task. @internal */
  _task = 0;

  /**
   * Executors make futures. One made by hand, to stand in for a task in a test, is settled with `setResult` or
   * `setException`.
   */
  constructor();
  /** @internal */
  constructor(source: FutureSource);
  constructor(source: FutureSource = byHand) {
    this.#source = source;
  }

  /**
   * Takes the task back. True when it will not run; then, and later, `result()` rejects with CancelledError. False
   * when it has settled, and when it is running: a running task is asked to stop (`taskSignal()` aborts), and
   * its worker ended if it has not within the executor's `grace`.
   *
   * Python: `Future.cancel`.
   */
  cancel(): boolean {
    if (this.#state >= State.CANCELLED) return this.#state === State.CANCELLED;
    if (!this.#source.cancel(this)) return false;
    if (this.#state < State.CANCELLED) this._cancelled();
    return true;
  }

  /** True when the task was cancelled. Python: `Future.cancelled`. */
  cancelled(): boolean {
    return this.#state === State.CANCELLED;
  }

  /** True while a worker runs the task. Python: `Future.running`. */
  running(): boolean {
    return this.#state === State.RUNNING || (this.#state === State.PENDING && this.#source.running(this));
  }

  /**
   * True when the future has its result or its error, or is cancelled. A thread hears of results in its event loop and
   * in calls that block: a loop that does nothing but ask `done()` asks for ever; `resultSync` waits.
   *
   * Python: `Future.done`.
   */
  done(): boolean {
    return this.#state >= State.CANCELLED;
  }

  /**
   * The result, or rejects with what the task failed with.
   *
   * @throws TimeoutError when there is none within `timeout` ms; the task goes on. CancelledError when the task was
   * cancelled. The reason of `signal` when it is aborted first; the task goes on.
   *
   * Python: `Future.result`.
   */
  result(options?: WaitOptions): Promise<T> {
    if (options === undefined) return this.#promise();
    return this.#settled(options).then(() => this.#promise());
  }

  /**
   * `result`, blocking the calling thread. A task that waits so for a task of its own executor runs queued tasks
   * meanwhile.
   *
   * @throws What `result` rejects with. DeadlockError for a future made by hand: nobody could settle it.
   */
  resultSync(options?: SyncWaitOptions): T {
    this.#settledSync(timeoutOf(options));
    if (this.#state === State.FINISHED) return this.#outcome as T;
    throw this.#failure();
  }

  /**
   * What the task failed with, or undefined when it did not.
   *
   * @throws As `result`: TimeoutError, CancelledError, the reason of `signal`.
   *
   * Python: `Future.exception`.
   */
  async exception(options?: WaitOptions): Promise<unknown> {
    await this.#settled(options);
    return this.#exception();
  }

  /** `exception`, blocking the calling thread. */
  exceptionSync(options?: SyncWaitOptions): unknown {
    this.#settledSync(timeoutOf(options));
    return this.#exception();
  }

  /**
   * Calls `fn` with the future when it settles, or now if it has, in this thread. Functions are called in the order in
   * which they were added, each once, before any `await` of the future goes on. One that throws does not stop the
   * others: its error is printed, or given to the excepthook (`setExcepthook`).
   *
   * Python: `Future.add_done_callback`.
   */
  addDoneCallback(fn: (future: this) => void): void {
    requireFunction('fn', fn);
    if (this.done()) call(fn as Callback, this);
    else this._watch(fn as Callback);
  }

  /** What `await` calls. */
  // biome-ignore lint/suspicious/noThenProperty: a future is awaited
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as PromiseLike has it
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onFulfilled, onRejected);
  }

  /**
   * Marks a future made by hand as running. False when it was cancelled: then there is nothing to do.
   *
   * @throws InvalidStateError when it is running or has settled.
   *
   * Python: `Future.set_running_or_notify_cancel`.
   */
  setRunningOrNotifyCancel(): boolean {
    this.#requireByHand('setRunningOrNotifyCancel');
    if (this.#state === State.CANCELLED) return false;
    if (this.#state !== State.PENDING) throw this.#refusal('be marked as running');
    this._started();
    return true;
  }

  /**
   * Settles a future made by hand.
   *
   * @throws InvalidStateError when it has settled, or belongs to an executor.
   *
   * Python: `Future.set_result`.
   */
  setResult(value: T): void {
    this.#requireByHand('setResult');
    if (this.done()) throw this.#refusal('be given a result');
    this._resolve(value);
  }

  /** Fails a future made by hand; see `setResult`. Python: `Future.set_exception`. */
  setException(error: unknown): void {
    this.#requireByHand('setException');
    if (this.done()) throw this.#refusal('be given an error');
    this._reject(error);
  }

  /** `<Future running>`, `<Future finished returned number>`, as Python prints it. */
  [inspect.custom](): string {
    const state = this.running() ? 'running' : NAMES[this.#state];
    if (this.#state === State.FINISHED) return `<Future ${state} returned ${kindOf(this.#outcome)}>`;
    if (this.#state === State.FAILED) return `<Future ${state} raised ${kindOf(this.#outcome)}>`;
    return `<Future ${state}>`;
  }

  /** The task has begun. @internal */
  _started(): void {
    if (this.#state === State.PENDING) this.#state = State.RUNNING;
  }

  /** The task has returned. The first of `_resolve`, `_reject` and `_cancelled` counts. @internal */
  _resolve(value: T): void {
    if (this.#state >= State.CANCELLED) return;
    this.#state = State.FINISHED;
    this.#outcome = value;
    if (this.#callbacks !== undefined) this.#callBack();
    this.#promised?.resolve(value);
  }

  /** The task has failed. @internal */
  _reject(error: unknown): void {
    this.#fail(State.FAILED, error);
  }

  /** The task was cancelled; `error` in place of a plain CancelledError. @internal */
  _cancelled(error?: unknown): void {
    this.#fail(State.CANCELLED, error);
  }

  /** True when the task failed otherwise than by being cancelled. @internal */
  get _failed(): boolean {
    return this.#state === State.FAILED;
  }

  /** The result of a future that `done` and not failed; the failure of one that has. @internal */
  get _outcome(): unknown {
    return this.#state === State.CANCELLED ? this.#failure() : this.#outcome;
  }

  /** `addDoneCallback` for a future that has not settled; `_unwatch` takes it back. @internal */
  _watch(callback: Callback): void {
    if (this.#callbacks === undefined) this.#callbacks = callback;
    else if (typeof this.#callbacks === 'function') this.#callbacks = [this.#callbacks, callback];
    else this.#callbacks.push(callback);
  }

  /** @internal */
  _unwatch(callback: Callback): void {
    if (this.#callbacks === callback) this.#callbacks = undefined;
    else if (Array.isArray(this.#callbacks)) {
      const at = this.#callbacks.indexOf(callback);
      if (at >= 0) this.#callbacks.splice(at, 1);
    }
  }

  /** Blocks until the future has settled; false when the deadline was over first. @internal */
  _waitSync(deadline: number): boolean {
    return this.done() || this.#source.waitSync(this, deadline);
  }

  #fail(state: State, error: unknown): void {
    if (this.#state >= State.CANCELLED) return;
    this.#state = state;
    this.#outcome = error;
    if (this.#callbacks !== undefined) this.#callBack();
    this.#promised?.reject(this.#failure());
  }

  #callBack(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (typeof callbacks === 'function') call(callbacks, this);
    else for (const callback of callbacks as Callback[]) call(callback, this);
  }

  /** The error; that of cancelling is made when somebody looks. */
  #failure(): unknown {
    if (this.#state === State.CANCELLED) this.#outcome ??= new CancelledError('the task was cancelled');
    return this.#outcome;
  }

  #exception(): unknown {
    if (this.#state === State.CANCELLED) throw this.#failure();
    return this.#state === State.FAILED ? this.#outcome : undefined;
  }

  /** That of a future that has settled is nobody else's: it takes half the memory of one that is settled later. */
  #promise(): Promise<T> {
    if (this.#promised === undefined) {
      if (this.#state === State.FINISHED) return Promise.resolve(this.#outcome as T);
      if (this.#state >= State.CANCELLED) return Promise.reject(this.#failure());
      this.#promised = promised();
    }
    return this.#promised.promise as Promise<T>;
  }

  async #settled(options: WaitOptions | undefined): Promise<void> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    if (this.done()) return;
    const settled = (wake: () => void): (() => void) => {
      this._watch(wake);
      return () => this._unwatch(wake);
    };
    if (await expiresFirst(settled, timeout, signal)) throw late(timeout);
  }

  #settledSync(timeout: number): void {
    if (!this._waitSync(deadlineOf(timeout))) throw late(timeout);
  }

  #requireByHand(method: string): void {
    if (this.#source !== byHand)
      throw new InvalidStateError(`${method}: this future belongs to an executor, which alone settles it`);
  }

  #refusal(what: string): InvalidStateError {
    return new InvalidStateError(`a future that is ${NAMES[this.#state]} already cannot ${what}`);
  }
}

/** The source of futures made by hand. */
const byHand: FutureSource = {
  cancel: (future) => !future.running(),
  running: () => false,
  waitSync(future, deadline) {
    if (deadline < 0)
      throw new DeadlockError('a future made by hand is settled by the thread that made it, which would be blocked');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, deadline - performance.now()));
    return future.done();
  },
};

function late(timeout: number): TimeoutError {
  return new TimeoutError(`the task has not finished within ${timeout} ms`);
}

/** Calls a callback; an error in it is nobody else's. */
function call(callback: Callback, future: Future<unknown>): void {
  try {
    callback(future);
  } catch (error) {
    report(error, currentThread());
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return (value.constructor as { name?: string } | undefined)?.name || 'object';
}

/** The futures of an iterable; TypeError for anything else. */
export function requireFutures<T>(futures: Iterable<Future<T>>): Future<T>[] {
  if (typeof (futures as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new TypeError(`fs must be an iterable of futures, got ${show(futures)}`);
  const list = [...futures];
  list.forEach((future, index) => {
    if (!(future instanceof Future)) throw new TypeError(`fs[${index}] must be a Future, got ${show(future)}`);
  });
  return list;
}

stays(Future, 'wait for it, and send its result');
