/** The contended paths of the event, which is also the end of a thread. */
import { Cell, Event, Outcome } from '../../memory/layout.js';
import type { Isolate } from './isolate.js';
import { link, putBackNode, takeNode } from './node.js';
import { grantAll } from './wait-list.js';

export function eventWait(isolate: Isolate, event: number, mode: number, timeout: number): number {
  const { section, words } = isolate;
  const state = event + Cell.STATE;
  if ((Atomics.load(words, state) & Event.SET) !== 0) return Outcome.GRANTED;
  if (timeout === 0) return Outcome.TIMED_OUT;
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  section.lock(event);
  for (;;) {
    const seen = Atomics.load(words, state);
    if ((seen & Event.SET) !== 0) {
      section.unlock();
      putBackNode(isolate, node);
      return Outcome.GRANTED;
    }
    // A set that comes after this takes the slow path, and so this guard: it finds the node.
    if (Atomics.compareExchange(words, state, seen, seen | Event.PARKED) === seen) break;
  }
  link(isolate, event, Cell.WAITERS, node, mode, 0);
  section.unlock();
  return node;
}

export function eventSet(isolate: Isolate, event: number): void {
  const { section } = isolate;
  section.lock(event);
  grantAll(section, event + Cell.WAITERS, Outcome.GRANTED);
  section.commitState(event, Event.SET);
  section.unlock();
}

/** Not a store: clear() and a set() without waiters work on the word without the guard. */
export function eventWaiterLeft(isolate: Isolate, event: number): void {
  if (isolate.words[event + Cell.WAITERS] === 0) isolate.section.commitClear(event, Event.PARKED);
}

/** Makes the state word fit the list again after a repair. */
export function eventSettle(isolate: Isolate, event: number): void {
  const { section, words } = isolate;
  if (words[event + Cell.WAITERS] === 0) {
    eventWaiterLeft(isolate, event);
    return;
  }
  const seen = Atomics.or(words, event + Cell.STATE, Event.PARKED);
  if ((seen & Event.SET) === 0) return;
  grantAll(section, event + Cell.WAITERS, Outcome.GRANTED);
  section.commitState(event, Event.SET);
}
