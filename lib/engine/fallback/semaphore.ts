/** The contended paths of the semaphore. While PARKED is set only the guard's holder writes the state word. */
import { Cell, Outcome, Semaphore, WaiterMode } from '../../memory/layout.js';
import type { Isolate } from './isolate.js';
import { link, putBackNode, takeNode } from './node.js';
import { grantFirst } from './wait-list.js';

const ONE_PERMIT = 1 << Semaphore.VALUE_SHIFT;

function tryTake(isolate: Isolate, semaphore: number): boolean {
  const { words } = isolate;
  for (;;) {
    const seen = Atomics.load(words, semaphore + Cell.STATE);
    if (seen < ONE_PERMIT) return false;
    if (Atomics.compareExchange(words, semaphore + Cell.STATE, seen, seen - ONE_PERMIT) === seen) return true;
  }
}

function spin(isolate: Isolate, semaphore: number): boolean {
  const { spinner, words } = isolate;
  const { looks } = spinner;
  for (let look = 0; look < looks; look++) {
    if (Atomics.load(words, semaphore + Cell.STATE) >= ONE_PERMIT && tryTake(isolate, semaphore)) {
      spinner.succeeded();
      return true;
    }
  }
  spinner.failed();
  return false;
}

export function semaphoreAcquire(isolate: Isolate, semaphore: number, mode: number, timeout: number): number {
  if (tryTake(isolate, semaphore)) return Outcome.GRANTED;
  if (timeout === 0) return Outcome.TIMED_OUT;
  if (mode === WaiterMode.THREAD && spin(isolate, semaphore)) return Outcome.GRANTED;
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  const { section, words } = isolate;
  section.lock(semaphore);
  for (;;) {
    if (tryTake(isolate, semaphore)) {
      section.unlock();
      putBackNode(isolate, node);
      return Outcome.GRANTED;
    }
    // A release that comes after this takes the slow path, and so this guard: it finds the node.
    const seen = Atomics.compareExchange(words, semaphore + Cell.STATE, 0, Semaphore.PARKED);
    if (seen === 0 || seen === Semaphore.PARKED) break;
  }
  link(isolate, semaphore, Cell.WAITERS, node, mode, 0);
  section.unlock();
  return node;
}

function fits(isolate: Isolate, semaphore: number, value: number): boolean {
  if (value > Semaphore.MAX_VALUE) return false;
  return (
    isolate.words[semaphore + Semaphore.BOUNDED] === 0 ||
    value <= (isolate.words[semaphore + Semaphore.BOUND] as number)
  );
}

export function semaphoreRelease(isolate: Isolate, semaphore: number, count: number): number {
  const { section, words } = isolate;
  const state = semaphore + Cell.STATE;
  let outcome: number = Outcome.OK;
  section.lock(semaphore);
  for (;;) {
    const seen = Atomics.load(words, state);
    const value = (seen >> Semaphore.VALUE_SHIFT) + count;
    if (!fits(isolate, semaphore, value)) {
      outcome = Outcome.OVERFLOW;
      break;
    }
    if ((seen & Semaphore.PARKED) !== 0) {
      distribute(isolate, semaphore, value);
      break;
    }
    if (Atomics.compareExchange(words, state, seen, value << Semaphore.VALUE_SHIFT) === seen) break;
  }
  section.unlock();
  return outcome;
}

/** Grants permits to the waiters in their order; what is left becomes the value. PARKED is set. */
function distribute(isolate: Isolate, semaphore: number, permits: number): void {
  const { section, words } = isolate;
  const left = permits - grantFirst(section, semaphore + Cell.WAITERS, permits, Outcome.GRANTED);
  section.commitState(
    semaphore,
    words[semaphore + Cell.WAITERS] === 0 ? left << Semaphore.VALUE_SHIFT : Semaphore.PARKED,
  );
}

export function semaphoreWaiterLeft(isolate: Isolate, semaphore: number): void {
  if (isolate.words[semaphore + Cell.WAITERS] === 0) isolate.section.commitClear(semaphore, Semaphore.PARKED);
}

/** Makes the state word fit the list again after a repair. */
export function semaphoreSettle(isolate: Isolate, semaphore: number): void {
  const { words } = isolate;
  if (words[semaphore + Cell.WAITERS] === 0) {
    semaphoreWaiterLeft(isolate, semaphore);
    return;
  }
  const seen = Atomics.or(words, semaphore + Cell.STATE, Semaphore.PARKED);
  distribute(isolate, semaphore, seen >> Semaphore.VALUE_SHIFT);
}
