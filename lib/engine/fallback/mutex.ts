/** The contended paths of the mutex; `lib/memory/layout.ts` has the table of its states. */
import { Cell, FAIR_AFTER_NS, Mutex, Node, NodeState, Outcome, WaiterMode } from '../../memory/layout.js';
import { isOutcome } from './deliver.js';
import type { Isolate } from './isolate.js';
import { link, putBackNode, takeNode } from './node.js';
import { unlink } from './wait-list.js';

/** Monotonic time that all isolates share, ns. */
function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

function heldBy(slot: number): number {
  return (slot << Mutex.OWNER_SHIFT) | Mutex.LOCKED;
}

/** Takes the mutex if it is free, whoever waits. PARKED and OWNER_DIED stay as they are. */
function tryTake(isolate: Isolate, mutex: number): boolean {
  const { words } = isolate;
  const seen = Atomics.load(words, mutex + Cell.STATE);
  return (
    (seen & Mutex.LOCKED) === 0 &&
    Atomics.compareExchange(words, mutex + Cell.STATE, seen, seen | heldBy(isolate.self)) === seen
  );
}

function spin(isolate: Isolate, mutex: number): boolean {
  const { spinner, words } = isolate;
  if (spinner.whileSet(words, mutex + Cell.STATE, Mutex.LOCKED) && tryTake(isolate, mutex)) {
    spinner.succeeded();
    return true;
  }
  spinner.failed();
  return false;
}

export function mutexAcquire(isolate: Isolate, mutex: number, mode: number, timeout: number): number {
  if (tryTake(isolate, mutex)) return Outcome.GRANTED;
  if (timeout === 0) return Outcome.TIMED_OUT;
  if (mode === WaiterMode.THREAD && spin(isolate, mutex)) return Outcome.GRANTED;
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  const { section, words } = isolate;
  const state = mutex + Cell.STATE;
  isolate.doubles[(node + Node.SINCE) >> 1] = monotonicNs();
  section.lock(mutex);
  for (;;) {
    const seen = Atomics.load(words, state);
    if ((seen & Mutex.LOCKED) === 0) {
      if (!tryTake(isolate, mutex)) continue;
      section.unlock();
      putBackNode(isolate, node);
      return Outcome.GRANTED;
    }
    // From here on a release takes the slow path, and so this guard: it finds the node.
    if ((seen & Mutex.PARKED) !== 0 || Atomics.compareExchange(words, state, seen, seen | Mutex.PARKED) === seen) break;
  }
  link(isolate, mutex, Cell.WAITERS, node, mode, 0);
  section.unlock();
  return node;
}

/** Whether the waiter is handed the mutex rather than told to retry. */
function wantsHandoff(isolate: Isolate, node: number): boolean {
  if (isolate.words[node + Node.MODE] === WaiterMode.LOOP) return true;
  return monotonicNs() - (isolate.doubles[(node + Node.SINCE) >> 1] as number) >= FAIR_AFTER_NS;
}

/** Sets the mutex free with a waiter told to come and take it. */
function letRetry(isolate: Isolate, mutex: number, state: number, node: number): void {
  const { words } = isolate;
  isolate.section.commitState(mutex, state);
  if (Atomics.load(words, node + Node.STATE) === NodeState.RETRY) return;
  if (Atomics.exchange(words, node + Node.STATE, NodeState.RETRY) === NodeState.ASLEEP)
    Atomics.notify(words, node + Node.STATE, 1);
}

/**
 * Gives the mutex, which is LOCKED, to its waiters or sets it free. Nobody else changes a state with
 * LOCKED and PARKED: the fast release wants PARKED clear, barging wants LOCKED clear.
 */
function passOn(isolate: Isolate, mutex: number, died: number): void {
  const { section, words } = isolate;
  const first = words[mutex + Cell.WAITERS] as number;
  if (!wantsHandoff(isolate, first)) {
    letRetry(isolate, mutex, Mutex.PARKED | died, first);
    return;
  }
  const state = heldBy(words[first + Node.SLOT] as number) | died;
  unlink(section, mutex + Cell.WAITERS, first);
  section.grant(first, Outcome.GRANTED, 0);
  section.commitState(mutex, words[mutex + Cell.WAITERS] === 0 ? state : state | Mutex.PARKED);
}

/** `holder`: the slot that must hold it, -1 for any. */
function letGo(isolate: Isolate, mutex: number, holder: number, died: number): number {
  const { section, words } = isolate;
  const state = mutex + Cell.STATE;
  let outcome: number = Outcome.OK;
  section.lock(mutex);
  for (;;) {
    const seen = Atomics.load(words, state);
    if ((seen & Mutex.LOCKED) === 0 || (holder >= 0 && seen >> Mutex.OWNER_SHIFT !== holder)) {
      outcome = Outcome.MISUSE;
      break;
    }
    if (words[mutex + Cell.WAITERS] !== 0) {
      passOn(isolate, mutex, died);
      break;
    }
    // A wrong second release may free it on the fast path meanwhile; then this one is the misuse.
    if (Atomics.compareExchange(words, state, seen, died) === seen) break;
  }
  section.unlock();
  return outcome;
}

export function mutexRelease(isolate: Isolate, mutex: number): number {
  return letGo(isolate, mutex, -1, 0);
}

/** Passes on a mutex that a dead isolate held. */
export function mutexReleaseOfDead(isolate: Isolate, mutex: number, slot: number): void {
  const { words } = isolate;
  const seen = Atomics.load(words, mutex + Cell.STATE);
  if ((seen & Mutex.LOCKED) === 0 || seen >> Mutex.OWNER_SHIFT !== slot) return;
  words[mutex + Mutex.OWNER] = 0;
  words[mutex + Mutex.DEPTH] = 0;
  letGo(isolate, mutex, slot, Mutex.OWNER_DIED);
}

/** A waiter that was told to retry: true when it has the mutex, and is out of the list; else it keeps its place. */
export function mutexRetry(isolate: Isolate, mutex: number, node: number): boolean {
  const { section, words } = isolate;
  const state = mutex + Cell.STATE;
  // Somebody may have been quicker. It pays to look for a moment, while still marked as told: whoever
  // releases meanwhile need not wake this thread again.
  isolate.spinner.whileSet(words, state, Mutex.LOCKED);
  section.lock(mutex);
  // Handed over meanwhile.
  if (isOutcome(Atomics.load(words, node + Node.STATE))) {
    section.unlock();
    return false;
  }
  for (;;) {
    const seen = Atomics.load(words, state);
    if ((seen & Mutex.LOCKED) !== 0) {
      // The holder finds PARKED set and will tell again.
      Atomics.store(words, node + Node.STATE, NodeState.WAITING);
      section.unlock();
      return false;
    }
    if (Atomics.compareExchange(words, state, seen, seen | heldBy(isolate.self) | Mutex.PARKED) === seen) break;
  }
  unlink(section, mutex + Cell.WAITERS, node);
  if (words[mutex + Cell.WAITERS] === 0) section.commitClear(mutex, Mutex.PARKED);
  section.unlock();
  return true;
}

/** After a waiter has left the list, told to retry or not; and after a repair, as if one had been told. */
export function mutexWaiterLeft(isolate: Isolate, mutex: number, wasTold: boolean): void {
  const { section, words } = isolate;
  const state = mutex + Cell.STATE;
  if (words[mutex + Cell.WAITERS] === 0) {
    section.commitClear(mutex, Mutex.PARKED);
    return;
  }
  Atomics.or(words, state, Mutex.PARKED);
  if (!wasTold) return;
  const seen = Atomics.load(words, state);
  if ((seen & Mutex.LOCKED) !== 0) return;
  // Taken and let go in the name of who left. It fails only when somebody barges in, whose release
  // will see to the waiters.
  if (Atomics.compareExchange(words, state, seen, seen | heldBy(isolate.self)) !== seen) return;
  passOn(isolate, mutex, seen & Mutex.OWNER_DIED);
}
