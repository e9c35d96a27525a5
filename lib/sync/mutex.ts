/** Operations on a mutex cell: the uncontended path inline, everything else in the engine. */
import type { Handle, Outcome as OutcomeCode } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import type { SharedObject } from '../engine/shared-object.js';
import { block, deadlineOf, promise, settleOwnGrants } from '../engine/wait.js';
import { isProxy } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import { Cell, Mutex, Outcome, WaiterMode } from '../memory/layout.js';
import { warnIfOwnerDied } from './owner-died.js';

const STATE = Cell.STATE;
const LOCKED = Mutex.LOCKED;
const PARKED = Mutex.PARKED;
const WAKING = Mutex.WAKING;
/** What a release leaves when the first in line has been told already. */
const LINE = PARKED | WAKING;

/** The state of a mutex that this isolate holds and nobody waits for. */
export const MINE = (engine.self << Mutex.OWNER_SHIFT) | LOCKED;
const OWNER_BITS = -1 << Mutex.OWNER_SHIFT;

/** True if the mutex was free and uncontended: the usual case, in one instruction. */
export function takeFree(handle: Handle): boolean {
  return Atomics.compareExchange(wordsAt(handle), handle + STATE, 0, MINE) === 0;
}

/** The bits of a state that a release without the engine leaves: LINE or 0. */
export function lineOf(state: number): number {
  return (state & LINE) === LINE ? LINE : 0;
}

/** True if the mutex is not held, waiters or not. */
export function tryTake(handle: Handle): boolean {
  const words = wordsAt(handle);
  for (;;) {
    const state = Atomics.load(words, handle + STATE);
    if ((state & LOCKED) !== 0) return isProxy(handle) && tryTakeAfar(handle);
    if (Atomics.compareExchange(words, handle + STATE, state, (state & ~OWNER_BITS) | MINE) === state) {
      warnIfOwnerDied(state);
      return true;
    }
  }
}

/** The same for a mutex of another process. */
function tryTakeAfar(handle: Handle): boolean {
  return isTaken(handle, engine.mutexAcquire(handle, WaiterMode.LOOP, 0) as OutcomeCode);
}

/** For the outcome of a wait: true when the mutex was granted. */
function isTaken(handle: Handle, outcome: OutcomeCode): boolean {
  if (outcome !== Outcome.GRANTED) return false;
  warnIfOwnerDied(Atomics.load(wordsAt(handle), handle + STATE));
  return true;
}

/** Blocks until the mutex is taken or the timeout (-1: none) has passed. */
export function takeBlocking(handle: Handle, timeout: number): boolean {
  if (tryTake(handle)) return true;
  if (timeout === 0) return false;
  const deadline = deadlineOf(timeout);
  return isTaken(handle, block(engine.mutexAcquire(handle, WaiterMode.THREAD, timeout), deadline));
}

/** Waits for the mutex as a loop does. `taken` runs at the moment it is granted. */
export function takeInTurn(
  lock: SharedObject,
  timeout: number,
  signal: AbortSignal | undefined,
  taken?: () => void,
): Promise<boolean> {
  const handle = lock._handle;
  const result = (outcome: OutcomeCode): boolean => {
    if (!isTaken(handle, outcome)) return false;
    taken?.();
    return true;
  };
  return promise(engine.mutexAcquire(handle, WaiterMode.LOOP, timeout), timeout, signal, result, lock);
}

/** False when nobody holds the mutex. */
export function giveBack(handle: Handle): boolean {
  const words = wordsAt(handle);
  for (;;) {
    const state = Atomics.load(words, handle + STATE);
    if ((state & LOCKED) === 0) return false;
    if ((state & LINE) === PARKED) break;
    if (Atomics.compareExchange(words, handle + STATE, state, state & LINE) === state) return true;
  }
  const outcome = engine.mutexRelease(handle);
  settleOwnGrants();
  return outcome !== Outcome.MISUSE;
}

/** True while this isolate's slot holds the mutex, or was just handed it. */
export function heldHere(handle: Handle): boolean {
  const state = Atomics.load(wordsAt(handle), handle + STATE);
  return (state & LOCKED) !== 0 && (state & OWNER_BITS) === (MINE & OWNER_BITS);
}
