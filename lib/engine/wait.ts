/**
 * The one way to wait: blocks the thread on a ticket, or turns a ticket into a promise.
 *
 * A loop's tickets become ready in three steps: whoever grants pushes the node on the slot's ready
 * stack and rings, the engine calls `settleReady` from the loop, which drains the stack and settles
 * the promises. A grant by this very isolate needs no ring: the caller says `settleOwnGrants()`.
 */
import { FIRST_TICKET, Outcome, Slot, SLOTS_START, WORDS_PER_SLOT } from '../memory/layout.js';
import type { OutcomeOrTicket, Outcome as OutcomeCode } from './engine.js';
import { engine } from './select.js';

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

/** The timeout of `options` in milliseconds, -1 for none. RangeError unless it is a number ≥ 0. */
export function timeoutOf(options: SyncWaitOptions | undefined): number {
  const timeout = options?.timeout;
  if (timeout === undefined) return -1;
  if (typeof timeout !== 'number') throw new TypeError(`timeout must be a number of milliseconds, got ${typeof timeout}`);
  if (!(timeout >= 0)) throw new RangeError(`timeout must be a number of milliseconds ≥ 0, got ${timeout}`);
  return timeout === Number.POSITIVE_INFINITY ? -1 : timeout;
}

/** One slice of blocking. A call of its own: entering a function is where V8 notices terminate(). */
function waitSlice(ticket: number, timeout: number): OutcomeCode {
  return engine.wait(ticket, timeout);
}

/** Blocks until the ticket that a begin in mode THREAD returned has an outcome. `deadline`: of `performance.now()`, -1 for none. */
export function block(begun: OutcomeOrTicket, deadline: number): OutcomeCode {
  if (begun < FIRST_TICKET) return begun as OutcomeCode;
  for (;;) {
    const left = deadline < 0 ? -1 : Math.max(0, deadline - performance.now());
    const outcome = waitSlice(begun, left);
    if (outcome !== Outcome.PENDING) return outcome;
  }
}

/** The deadline for `block`, taken before the begin. */
export function deadlineOf(timeout: number): number {
  return timeout < 0 ? -1 : performance.now() + timeout;
}

interface Pending {
  settle(outcome: OutcomeCode, value: number): void;
  /** Keeps the loop alive. */
  readonly holds: boolean;
}

const pending = new Map<number, Pending>();
/** How many of `pending` hold. */
let holding = 0;
const readyWord = SLOTS_START + engine.self * WORDS_PER_SLOT + Slot.READY;

/** Keeps the loop alive exactly while a wait that holds is pending. */
const keepAlive = setInterval(() => {}, 0x7fffffff);
keepAlive.unref();

function settleReady(): void {
  for (;;) {
    const count = engine.drain();
    for (let i = 0; i < count; i++) {
      const ticket = engine.ready[3 * i] as number;
      const outcome = engine.ready[3 * i + 1] as OutcomeCode;
      const value = engine.ready[3 * i + 2] as number;
      finish(ticket)?.settle(outcome, value);
    }
    if (3 * count < engine.ready.length) return;
  }
}
engine.onReady(settleReady);

function finish(ticket: number): Pending | undefined {
  const wait = pending.get(ticket);
  if (wait === undefined) return undefined;
  pending.delete(ticket);
  if (wait.holds && --holding === 0) keepAlive.unref();
  return wait;
}

/** Calls back from the loop when a ticket of mode LOOP has its outcome; the loop may end before. */
export function watch(ticket: number, settle: (outcome: OutcomeCode, value: number) => void): void {
  pending.set(ticket, { settle, holds: false });
}

let settling = false;
/** After any call that may have granted a ticket of this very loop. Cheap when it has not. */
export function settleOwnGrants(): void {
  if (settling || Atomics.load(engine.words, readyWord) === 0) return;
  settling = true;
  queueMicrotask(() => {
    settling = false;
    settleReady();
  });
}

/**
 * The promise of a begin in mode LOOP. `result` maps an outcome (TIMED_OUT included) and its value
 * to what the promise resolves with, or throws what it rejects with.
 */
export function promise<T>(begun: OutcomeOrTicket, timeout: number, signal: AbortSignal | undefined, result: (outcome: OutcomeCode, value: number) => T): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const conclude = (outcome: OutcomeCode, value: number): void => {
      try {
        resolve(result(outcome, value));
      } catch (error) {
        reject(error);
      }
    };
    if (begun < FIRST_TICKET) {
      conclude(begun as OutcomeCode, engine.out[0] as number);
      return;
    }
    const ticket = begun;
    let timer: NodeJS.Timeout | undefined;
    const giveUp = (aborted: boolean): void => {
      const outcome = engine.cancel(ticket);
      const value = engine.out[0] as number;
      finish(ticket);
      clean();
      settleOwnGrants();
      if (aborted && outcome === Outcome.TIMED_OUT) reject(signal?.reason);
      else conclude(outcome, value);
    };
    const onAbort = (): void => giveUp(true);
    const clean = (): void => {
      if (timer !== undefined) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    if (holding++ === 0) keepAlive.ref();
    pending.set(ticket, {
      holds: true,
      settle(outcome, value) {
        clean();
        conclude(outcome, value);
      },
    });
    if (timeout >= 0) timer = setTimeout(giveUp, Math.min(timeout, 0x7fffffff), false);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
