/** The barrier; its words change only under the guard. */
import { Barrier, Cell, Node, Outcome } from '../../memory/layout.js';
import type { Isolate } from './isolate.js';
import { link, putBackNode, takeNode } from './node.js';
import { grantAll } from './wait-list.js';

const { ACTION, ACTION_SLOT, BROKEN, COUNT, ENTRY, PARTIES } = Barrier;

/** Everybody who waits gets BROKEN, and the barrier is empty, in state `state`. */
function expelAll(isolate: Isolate, barrier: number, state: number): void {
  const { section } = isolate;
  section.set(barrier + Cell.STATE, state);
  section.set(barrier + COUNT, 0);
  section.set(barrier + ACTION_SLOT, 0);
  grantAll(section, barrier + Cell.WAITERS, Outcome.BROKEN);
  grantAll(section, barrier + ENTRY, Outcome.BROKEN);
}

function startAction(isolate: Isolate, barrier: number, slot: number): void {
  isolate.section.set(barrier + Cell.STATE, ACTION);
  isolate.section.set(barrier + ACTION_SLOT, slot + 1);
}

/**
 * Those who arrived during the action form the next round, in their order; WAITERS is empty. The one
 * who completes the round runs its action.
 */
function admitEntry(isolate: Isolate, barrier: number): void {
  const { section, words } = isolate;
  const first = words[barrier + ENTRY] as number;
  if (first === 0) return;
  const last = (words[barrier + PARTIES] as number) - 1;
  let node = first;
  let index = 0;
  // The value of a node in ENTRY means nothing, so it needs no log.
  for (; index < last; index++) {
    words[node + Node.VALUE] = index;
    node = words[node + Node.NEXT] as number;
    if (node === first) {
      section.set(barrier + ENTRY, 0);
      section.set(barrier + Cell.WAITERS, first);
      section.set(barrier + COUNT, index + 1);
      return;
    }
  }
  splitEntry(isolate, barrier, first, node, last);
}

/** `first` up to the node before `completing` become the waiters, `completing` is the last to arrive, the rest stays. */
function splitEntry(isolate: Isolate, barrier: number, first: number, completing: number, last: number): void {
  const { section, words } = isolate;
  const tail = words[first + Node.PREVIOUS] as number;
  const next = words[completing + Node.NEXT] as number;
  const before = words[completing + Node.PREVIOUS] as number;
  if (next === first) {
    section.set(barrier + ENTRY, 0);
  } else {
    section.set(barrier + ENTRY, next);
    section.set(tail + Node.NEXT, next);
    section.set(next + Node.PREVIOUS, tail);
  }
  if (last > 0) {
    section.set(barrier + Cell.WAITERS, first);
    section.set(before + Node.NEXT, first);
    section.set(first + Node.PREVIOUS, before);
  }
  section.set(barrier + COUNT, last);
  startAction(isolate, barrier, words[completing + Node.SLOT] as number);
  section.grant(completing, Outcome.LAST, last);
}

export function barrierArrive(isolate: Isolate, barrier: number, mode: number, timeout: number): number {
  const { out, section, words } = isolate;
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  section.lock(barrier);
  const state = words[barrier + Cell.STATE] as number;
  const nextRound = (state & ACTION) !== 0;
  const index = words[barrier + COUNT] as number;
  let outcome: number;
  if ((state & BROKEN) !== 0) {
    outcome = Outcome.BROKEN;
  } else if (!nextRound && index + 1 === words[barrier + PARTIES]) {
    startAction(isolate, barrier, isolate.self);
    out[0] = index;
    outcome = Outcome.LAST;
  } else if (timeout === 0) {
    expelAll(isolate, barrier, BROKEN);
    outcome = Outcome.TIMED_OUT;
  } else {
    link(isolate, barrier, nextRound ? ENTRY : Cell.WAITERS, node, mode, nextRound ? 0 : index);
    if (!nextRound) section.set(barrier + COUNT, index + 1);
    section.unlock();
    return node;
  }
  section.unlock();
  putBackNode(isolate, node);
  return outcome;
}

export function barrierRelease(isolate: Isolate, barrier: number): void {
  const { section, words } = isolate;
  section.lock(barrier);
  // Otherwise it was reset during the action, which may even run again by another's hand.
  if (words[barrier + ACTION_SLOT] === isolate.self + 1) {
    section.set(barrier + Cell.STATE, 0);
    section.set(barrier + COUNT, 0);
    section.set(barrier + ACTION_SLOT, 0);
    grantAll(section, barrier + Cell.WAITERS, Outcome.GRANTED);
    admitEntry(isolate, barrier);
  }
  section.unlock();
}

export function barrierBreak(isolate: Isolate, barrier: number): void {
  isolate.section.lock(barrier);
  expelAll(isolate, barrier, BROKEN);
  isolate.section.unlock();
}

export function barrierReset(isolate: Isolate, barrier: number): void {
  isolate.section.lock(barrier);
  expelAll(isolate, barrier, 0);
  isolate.section.unlock();
}

/** Breaks the barrier when its action was running in an isolate that died. */
export function barrierHolderDied(isolate: Isolate, barrier: number, slot: number): void {
  isolate.section.lock(barrier);
  if (isolate.words[barrier + ACTION_SLOT] === slot + 1) expelAll(isolate, barrier, BROKEN);
  isolate.section.unlock();
}

/** Word of the list a node is linked in. Nodes move from ENTRY to WAITERS without being told. */
export function barrierListOf(isolate: Isolate, barrier: number, node: number): number {
  const { words } = isolate;
  const first = words[barrier + ENTRY] as number;
  if (first !== 0) {
    let entered = first;
    do {
      if (entered === node) return ENTRY;
      entered = words[entered + Node.NEXT] as number;
    } while (entered !== first);
  }
  return Cell.WAITERS;
}

/** An arrival that gives up breaks the barrier. */
export function barrierWaiterLeft(isolate: Isolate, barrier: number): void {
  expelAll(isolate, barrier, BROKEN);
}
