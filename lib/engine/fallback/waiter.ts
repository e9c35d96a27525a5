/** The three ways out of a wait: `wait` blocks for the outcome, `drain` takes those of the event loop, `cancel` gives up. */
import {
  Cell,
  Header,
  Kind,
  LONGEST_SLICE_MS,
  Node,
  NodeState,
  Outcome,
  PROCESSES_START,
  Process,
  SLICE_MS,
  SLOTS_START,
  Slot,
  WaiterMode,
  WORDS_PER_SLOT,
} from '../../memory/layout.js';
import type { Outcome as OutcomeCode } from '../engine.js';
import { barrierListOf, barrierWaiterLeft } from './barrier.js';
import { isOutcome } from './deliver.js';
import { eventWaiterLeft } from './event.js';
import type { Isolate } from './isolate.js';
import { mutexRetry, mutexWaiterLeft } from './mutex.js';
import { collect, detach, putBackNode } from './node.js';
import { semaphoreWaiterLeft } from './semaphore.js';
import { unlink } from './wait-list.js';

/** Each process has an arena of its own, and in it the first record. */
const EXITING = PROCESSES_START + Process.EXITING;
const EXITING_SLICE_MS = 1;
/** Triples that one `drain` returns at most. */
export const READY_TRIPLES = 64;

/** The end of the slice of waiting that begins now, of `performance.now()`: see SLICE_MS. */
function endOfSlice(isolate: Isolate, now: number): number {
  if (Atomics.load(isolate.words, EXITING) !== 0) return now + EXITING_SLICE_MS;
  return now + Math.min(Math.max((now - isolate.blockedSince) / 4, SLICE_MS), LONGEST_SLICE_MS);
}

/** Blocks for at most a slice. `timeout` in ms, negative for ever. */
export function wait(isolate: Isolate, node: number, timeout: number, spin: boolean): OutcomeCode {
  const { words } = isolate;
  const goesOn = isolate.blockedOn === node;
  isolate.blockedOn = 0;
  const state = node + Node.STATE;
  // A thread that has slept before, in a slice before this one, goes straight back to sleep.
  if (spin && timeout !== 0) isolate.spinner.whileEqual(words, state, NodeState.WAITING);
  let sliceEnd = -1;
  let deadline = Number.POSITIVE_INFINITY;
  for (;;) {
    const seen = Atomics.load(words, state);
    if (isOutcome(seen)) return collect(isolate, node, seen);
    if (seen === NodeState.RETRY) {
      if (mutexRetry(isolate, words[node + Node.CELL] as number, node)) return collect(isolate, node, Outcome.GRANTED);
      continue;
    }
    const now = performance.now();
    if (sliceEnd < 0) {
      if (!goesOn) isolate.blockedSince = now;
      sliceEnd = endOfSlice(isolate, now);
      if (timeout >= 0) deadline = now + timeout;
    }
    if (now >= deadline) return cancel(isolate, node);
    if (now >= sliceEnd) return pending(isolate, node);
    if (
      seen === NodeState.WAITING &&
      Atomics.compareExchange(words, state, NodeState.WAITING, NodeState.ASLEEP) !== NodeState.WAITING
    )
      continue;
    if (!sleep(isolate, node, Math.min(deadline, sliceEnd) - now, sliceEnd)) return pending(isolate, node);
  }
}

function pending(isolate: Isolate, node: number): OutcomeCode {
  isolate.blockedOn = node;
  return Outcome.PENDING;
}

/** False when the exit has begun meanwhile. */
function sleep(isolate: Isolate, node: number, ms: number, sliceEnd: number): boolean {
  const { words } = isolate;
  const slot = SLOTS_START + isolate.self * WORDS_PER_SLOT;
  Atomics.store(words, slot + Slot.WAITING_ON, words[node + Node.CELL] as number);
  // Matches `beginExit`, which sets EXITING and then looks for blocked nodes; here the node is named
  // and then EXITING read. One of the two sees the other.
  Atomics.store(words, slot + Slot.THREAD_NODE, node);
  const exiting = Atomics.load(words, EXITING) !== 0 && sliceEnd - performance.now() > EXITING_SLICE_MS;
  if (!exiting) Atomics.wait(words, node + Node.STATE, NodeState.ASLEEP, ms);
  Atomics.store(words, slot + Slot.THREAD_NODE, 0);
  Atomics.store(words, slot + Slot.WAITING_ON, 0);
  return !exiting;
}

/** Gives up a wait; an outcome that was granted already is returned instead. */
export function cancel(isolate: Isolate, node: number): OutcomeCode {
  const { out, words } = isolate;
  isolate.blockedOn = 0;
  const outcome = withdraw(isolate, node);
  if (outcome !== Outcome.TIMED_OUT && words[node + Node.MODE] === WaiterMode.LOOP) {
    // It lies on the ready stack, from which only `drain` takes it: without CELL, in silence.
    out[0] = words[node + Node.VALUE] as number;
    detach(isolate, node, outcome);
    return outcome;
  }
  return collect(isolate, node, outcome);
}

/** Unlinks a node, TIMED_OUT, or finds the outcome that it has. The node keeps its reference. */
export function withdraw(isolate: Isolate, node: number): OutcomeCode {
  const { section, words } = isolate;
  const object = words[node + Node.CELL] as number;
  section.lock(object);
  const state = Atomics.load(words, node + Node.STATE);
  if (isOutcome(state)) {
    section.unlock();
    return state as OutcomeCode;
  }
  // Not linked: its isolate died while it linked it, which was undone, or when it had just taken it out.
  if (words[node + Node.NEXT] !== 0) {
    const kind = words[object + Cell.KIND] as number;
    const list = kind === Kind.BARRIER ? barrierListOf(isolate, object, node) : (words[node + Node.LIST] as number);
    unlink(section, object + list, node);
    afterUnlink(isolate, object, kind, state === NodeState.RETRY);
  }
  section.unlock();
  words[node + Node.VALUE] = 0;
  return Outcome.TIMED_OUT;
}

/** What leaving a list means for the object. */
function afterUnlink(isolate: Isolate, object: number, kind: number, wasTold: boolean): void {
  switch (kind) {
    case Kind.MUTEX:
      mutexWaiterLeft(isolate, object, wasTold);
      break;
    case Kind.SEMAPHORE:
      semaphoreWaiterLeft(isolate, object);
      break;
    case Kind.EVENT:
    case Kind.THREAD:
    case Kind.PROCESS:
      eventWaiterLeft(isolate, object);
      break;
    case Kind.BARRIER:
      barrierWaiterLeft(isolate, object);
      break;
    default:
      break;
  }
}

/** Fills `ready` with the triples of tickets that are ready, oldest first; returns how many. */
export function drain(isolate: Isolate, ready: Int32Array): number {
  const { words } = isolate;
  const stack = SLOTS_START + isolate.self * WORDS_PER_SLOT + Slot.READY;
  let count = 0;
  putBackDrained(isolate);
  while (count < READY_TRIPLES) {
    if (isolate.backlog === 0 && !takeReady(isolate, stack)) break;
    const node = isolate.backlog;
    isolate.backlog = words[node + Node.READY_NEXT] as number;
    // Cancelled after it was granted: its outcome was returned then.
    if (words[node + Node.CELL] !== 0) {
      const outcome = Atomics.load(words, node + Node.STATE);
      ready[3 * count] = node;
      ready[3 * count + 1] = outcome;
      ready[3 * count + 2] = words[node + Node.VALUE] as number;
      count++;
      detach(isolate, node, outcome);
    }
    words[node + Node.READY_NEXT] = isolate.drained;
    isolate.drained = node;
  }
  return count;
}

/**
 * Gives back the nodes of the drain before. Not earlier: while the caller settles what it drained, a new
 * wait must not get the ticket of one that is still to be settled.
 */
function putBackDrained(isolate: Isolate): void {
  const { words } = isolate;
  while (isolate.drained !== 0) {
    const node = isolate.drained;
    isolate.drained = words[node + Node.READY_NEXT] as number;
    putBackNode(isolate, node);
  }
}

/** Moves the ready stack, newest on top, to the backlog, oldest first; false when it is empty. */
function takeReady(isolate: Isolate, stack: number): boolean {
  const { words } = isolate;
  if (Atomics.load(words, stack) === 0) return false;
  let node = Atomics.exchange(words, stack, 0);
  while (node !== 0) {
    const older = words[node + Node.READY_NEXT] as number;
    words[node + Node.READY_NEXT] = isolate.backlog;
    isolate.backlog = node;
    node = older;
  }
  return true;
}

/** Makes every blocked thread come back to JavaScript at once from now on. */
export function beginExit(words: Int32Array): void {
  Atomics.store(words, EXITING, 1);
  const top = Atomics.load(words, Header.SLOTS_TOP);
  for (let slot = 0; slot < top; slot++) {
    const node = Atomics.load(words, SLOTS_START + slot * WORDS_PER_SLOT + Slot.THREAD_NODE);
    if (node !== 0) Atomics.notify(words, node + Node.STATE);
  }
}
