/**
 * The one way to wait: blocks the thread on a ticket, or turns a ticket into a promise.
 *
 * A loop's tickets become ready in three steps: whoever grants pushes the node on the slot's ready
 * stack and rings, the engine calls `settleReady` from the loop, which drains the stack and settles
 * the promises. A grant by this very isolate needs no ring: the caller says `settleOwnGrants()`.
 */
import { ArenaExhaustedError, OwnerLostError } from '../errors.js';
import { Cell, Event, FIRST_TICKET, Outcome, SLOTS_START, Slot, WaiterMode, WORDS_PER_SLOT } from '../memory/layout.js';
import { requireOptions, show } from './arguments.js';
import type { Handle, Outcome as OutcomeCode, OutcomeOrTicket } from './engine.js';
import { pause } from './pause.js';
import { pollFor } from './poll.js';
import { engine } from './select.js';
import { Tickets } from './tickets.js';

/** Options of a call that waits and returns a promise. */
export interface WaitOptions {
  /** Milliseconds to wait at most; 0 tries once; default: for ever. */
  timeout?: number | undefined;
  /** Gives up the wait: the call rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** Options of a `Sync` call. */
export interface SyncWaitOptions {
  /** Milliseconds to wait at most; 0 tries once; default: for ever. */
  timeout?: number | undefined;
}

/** The timeout of `options` in milliseconds, -1 for none. TypeError or RangeError unless it is a number ≥ 0. */
export function timeoutOf(options: SyncWaitOptions | undefined): number {
  if (options === undefined) return -1;
  requireOptions('options', options);
  return checkedTimeout(options.timeout);
}

/** The same for a timeout by itself. */
export function checkedTimeout(timeout: unknown, name = 'timeout'): number {
  if (timeout === undefined) return -1;
  if (typeof timeout !== 'number')
    throw new TypeError(`${name} must be a number of milliseconds, got ${show(timeout)}`);
  if (!(timeout >= 0)) throw new RangeError(`${name} must be a number of milliseconds ≥ 0, got ${timeout}`);
  return timeout === Number.POSITIVE_INFINITY ? -1 : timeout;
}

/** The signal of `options`. TypeError unless it is one; throws its reason when it is aborted already. */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal;
  if (signal === undefined) return undefined;
  if (!(signal instanceof AbortSignal)) throw new TypeError(`signal must be an AbortSignal, got ${show(signal)}`);
  signal.throwIfAborted();
  return signal;
}

/** One slice of blocking. A call of its own: entering a function is where V8 notices terminate(). */
function waitSlice(ticket: number, timeout: number): OutcomeCode {
  return engine.wait(ticket, timeout);
}

/**
 * Blocks until the ticket that a begin in mode THREAD returned has an outcome; the value beside it is
 * in `engine.out[0]`. `deadline`: see `deadlineOf`. `meanwhile` is called between the slices, and may set what is
 * waited for.
 */
export function block(begun: OutcomeOrTicket, deadline: number, meanwhile?: () => void): OutcomeCode {
  let outcome = begun;
  if (begun >= FIRST_TICKET) {
    for (;;) {
      outcome = waitSlice(begun, timeLeft(deadline));
      if (outcome !== Outcome.PENDING) break;
      meanwhile?.();
    }
  }
  if (outcome >= Outcome.NO_MEMORY) throw failure(outcome);
  return outcome as OutcomeCode;
}

/** The deadline for `block`, of `performance.now()`, -1 for none; taken before the begin. */
export function deadlineOf(timeout: number): number {
  return timeout < 0 ? -1 : performance.now() + timeout;
}

/** What is left of a deadline, as a timeout. */
export function timeLeft(deadline: number): number {
  return deadline < 0 ? -1 : Math.max(0, deadline - performance.now());
}

/** The error for NO_MEMORY. */
export function noRoom(): ArenaExhaustedError {
  return new ArenaExhaustedError('the arena has no room for another waiter or payload; nothing was changed');
}

/** Why a wait could not come to an end of its own. No wait ends in MISUSE. */
function failure(outcome: number): Error {
  if (outcome !== Outcome.OWNER_LOST) return noRoom();
  return new OwnerLostError('the process that the object belongs to has ended while it was waited for');
}

type Settle = (outcome: OutcomeCode, value: number) => void;

/** A wait of this loop that has not come to an end. */
interface Pending {
  settle: Settle;
  /** Keeps the loop alive. */
  readonly holds: boolean;
}

const pending = new Tickets<Pending>();
/** How many of `pending` hold. */
let holding = 0;
const words = engine.words;
const readyWord = SLOTS_START + engine.self * WORDS_PER_SLOT + Slot.READY;

/** The longest delay that a Node timer takes. */
export const LONGEST_TIMER = 0x7fffffff;

/** Keeps the loop alive exactly while a wait that holds is pending; made with the first of them. */
let keepAlive: NodeJS.Timeout | undefined;

function hold(): void {
  keepAlive ??= setInterval(() => {}, LONGEST_TIMER);
  keepAlive.ref();
}

/** Waits of the batch that is being settled; filled anew each time. */
const batch: (Pending | undefined)[] = [];

/**
 * Settles what is ready. The waits of a batch are looked up before the first of them is settled: the
 * tickets are free by then, and what settling calls may begin other waits with the same numbers. It
 * may also cancel and grant, but does not drain, so `engine.ready` stays as it is meanwhile.
 */
function settleReady(): void {
  const { ready } = engine;
  for (;;) {
    const count = engine.drain();
    for (let i = 0; i < count; i++) batch[i] = finish(ready[3 * i] as number);
    for (let i = 0; i < count; i++) {
      const wait = batch[i];
      batch[i] = undefined;
      wait?.settle(ready[3 * i + 1] as OutcomeCode, ready[3 * i + 2] as number);
    }
    if (3 * count < ready.length) return;
  }
}
engine.onReady(settleReady);

function begin(ticket: number, wait: Pending): void {
  if (wait.holds && holding++ === 0) hold();
  pending.set(ticket, wait);
}

function finish(ticket: number): Pending | undefined {
  const wait = pending.take(ticket);
  if (wait?.holds && --holding === 0) keepAlive?.unref();
  return wait;
}

/** Calls back from the loop when a ticket of mode LOOP has its outcome; the loop may end before. */
export function watch(ticket: number, settle: Settle): void {
  begin(ticket, {
    holds: false,
    settle(outcome, value) {
      try {
        settle(outcome, value);
      } catch (error) {
        // Uncaught, as from any callback of the loop, but the others that are ready come first.
        queueMicrotask(() => {
          throw error;
        });
      }
    },
  });
}

/**
 * Ends a watch, which will not call back unless it is about to. Its outcome, TIMED_OUT for none so far; undefined when
 * the loop has taken the outcome already, and calls back with it next.
 */
export function unwatch(ticket: number): OutcomeCode | undefined {
  if (finish(ticket) === undefined) return undefined;
  const outcome = engine.cancel(ticket);
  settleOwnGrants();
  return outcome;
}

const turn = Promise.resolve();
let settling = false;

function settleInTurn(): void {
  settling = false;
  settleReady();
}

/** After any call that may have granted a ticket of this very loop. Cheap when it has not. */
export function settleOwnGrants(): void {
  // A plain look: what this thread itself has pushed it sees, and others ring.
  if (settling || words[readyWord] === 0) return;
  settling = true;
  void turn.then(settleInTurn);
}

/**
 * The promise of a begin in mode LOOP. `result` maps an outcome (TIMED_OUT included) and its value
 * to what the promise resolves with, or throws what it rejects with. A wait that is aborted runs it
 * too, as TIMED_OUT, so that it can tidy up, and rejects with the signal's reason afterwards; one that
 * was granted before the abort takes its grant.
 *
 * `keeps` is the wrapper of what is waited for: while the wait is pending it is not collected, and so
 * the cell stays.
 */
export function promise<T>(
  begun: OutcomeOrTicket,
  timeout: number,
  signal: AbortSignal | undefined,
  result: (outcome: OutcomeCode, value: number) => T | PromiseLike<T>,
  keeps?: object,
): Promise<T> {
  const promised = new Promise<T>(keepResolver);
  const resolve = resolver as Resolver<T>;
  resolver = undefined;
  const limited = timeout >= 0 || signal !== undefined;
  const wait = limited ? new LimitedWait(result, resolve, keeps, begun, signal) : new LoopWait(result, resolve, keeps);
  if (begun < FIRST_TICKET) wait.settle(begun as OutcomeCode, engine.out[0] as number);
  else {
    begin(begun, wait);
    if (limited) (wait as LimitedWait<T>).limit(timeout);
    pollFor(settleReady);
  }
  return promised;
}

/** How often an event is looked at for which the arena has no room to wait. Milliseconds. */
const LOOK_MS = 5;

function isSet(event: Handle): boolean {
  return (engine.look(event, Cell.STATE) & Event.SET) !== 0;
}

/**
 * The promise of an event that is certain to be set, for what has begun and cannot be taken back: it resolves with what
 * `then` returns, also where the arena has no room for another waiter.
 */
export function onceSet(event: Handle, then: () => void): Promise<void> {
  const begun = engine.eventWait(event, WaiterMode.LOOP, -1);
  return begun === Outcome.NO_MEMORY ? lookUntilSet(event).then(then) : promise(begun, -1, undefined, then);
}

async function lookUntilSet(event: Handle): Promise<void> {
  while (!isSet(event)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** The same for a thread that blocks; `meanwhile` as for `block`. */
export function blockUntilSet(event: Handle, meanwhile?: () => void): void {
  const begun = engine.eventWait(event, WaiterMode.THREAD, -1);
  if (begun !== Outcome.NO_MEMORY) {
    block(begun, -1, meanwhile);
    return;
  }
  while (!isSet(event)) {
    pause(LOOK_MS);
    meanwhile?.();
  }
}

type Resolver<T> = (value: T | PromiseLike<T>) => void;

/** Of the promise made last: a function made for each would have to be collected with each. */
let resolver: unknown;
function keepResolver(resolve: unknown): void {
  resolver = resolve;
}

/** A wait without an end of its own. There may be millions: it holds no more than it must. */
class LoopWait<T> implements Pending {
  readonly #result: (outcome: OutcomeCode, value: number) => T | PromiseLike<T>;
  readonly #resolve: Resolver<T>;
  readonly keeps: object | undefined;

  constructor(
    result: (outcome: OutcomeCode, value: number) => T | PromiseLike<T>,
    resolve: Resolver<T>,
    keeps: object | undefined,
  ) {
    this.#result = result;
    this.#resolve = resolve;
    this.keeps = keeps;
  }

  get holds(): boolean {
    return true;
  }

  settle(outcome: OutcomeCode, value: number): void {
    try {
      if (outcome >= Outcome.NO_MEMORY) throw failure(outcome);
      this.#resolve(this.#result(outcome, value));
    } catch (error) {
      this.reject(error);
    }
  }

  /** By the way of `resolve`, so that the other function need not be kept. */
  protected reject(reason: unknown): void {
    this.#resolve(Promise.reject(reason));
  }

  /** As TIMED_OUT, to reject whatever comes of it. */
  protected tidy(value: number): Promise<T> {
    return new Promise((tidied) => tidied(this.#result(Outcome.TIMED_OUT, value)));
  }
}

/** A wait that a timeout or a signal may end. */
class LimitedWait<T> extends LoopWait<T> {
  readonly #ticket: number;
  readonly #signal: AbortSignal | undefined;
  #deadline = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    result: (outcome: OutcomeCode, value: number) => T | PromiseLike<T>,
    resolve: Resolver<T>,
    keeps: object | undefined,
    ticket: number,
    signal: AbortSignal | undefined,
  ) {
    super(result, resolve, keeps);
    this.#ticket = ticket;
    this.#signal = signal;
  }

  limit(timeout: number): void {
    if (timeout >= 0) {
      this.#deadline = deadlineOf(timeout);
      this.#arm(timeout);
    }
    this.#signal?.addEventListener('abort', this, { once: true });
  }

  override settle(outcome: OutcomeCode, value: number): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    super.settle(outcome, value);
  }

  /** The signal is aborted. */
  handleEvent(): void {
    const outcome = engine.cancel(this.#ticket);
    const value = engine.out[0] as number;
    finish(this.#ticket);
    settleOwnGrants();
    if (outcome !== Outcome.TIMED_OUT) {
      this.settle(outcome, value);
      return;
    }
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const refuse = (): void => this.reject(this.#signal?.reason);
    this.tidy(value).then(refuse, refuse);
  }

  /** In steps of what a timer takes. */
  #arm(delay: number): void {
    this.#timer = setTimeout(expire, Math.min(Math.ceil(delay), LONGEST_TIMER), this);
  }

  expire(): void {
    const left = timeLeft(this.#deadline);
    if (left > 0) {
      this.#arm(left);
      return;
    }
    const outcome = engine.cancel(this.#ticket);
    const value = engine.out[0] as number;
    finish(this.#ticket);
    settleOwnGrants();
    this.settle(outcome, value);
  }
}

function expire<T>(wait: LimitedWait<T>): void {
  wait.expire();
}
