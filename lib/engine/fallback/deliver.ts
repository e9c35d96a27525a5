/**
 * Delivery of grants: tells the waiters what they were given. Runs under the object's guard after
 * its section has been committed, and goes on from the journal if its isolate dies in the middle.
 */
import { Node, NodeState, Outcome, SLOTS_START, Slot, WaiterMode, WORDS_PER_SLOT } from '../../memory/layout.js';
import { Journal, NodePrivate } from './journal.js';

/** True for the state of a node whose wait is over. */
export function isOutcome(state: number): boolean {
  return state >= Outcome.OK;
}

/**
 * Delivers the chain of the journal at `base`. A node is not touched after it has its outcome, which
 * makes it its owner's; that and taking it off the chain happen in one run (see `journal.ts`).
 */
export function deliver(words: Int32Array, journals: Int32Array, base: number, self: number): void {
  let node = journals[base + Journal.CHAIN] as number;
  while (node !== 0) {
    const next = words[node + NodePrivate.CHAIN] as number;
    const outcome = words[node + NodePrivate.OUTCOME] as number;
    words[node + Node.NEXT] = 0;
    words[node + Node.PREVIOUS] = 0;
    if (words[node + Node.MODE] === WaiterMode.THREAD) {
      const before = Atomics.exchange(words, node + Node.STATE, outcome);
      journals[base + Journal.CHAIN] = next;
      if (before === NodeState.ASLEEP) Atomics.notify(words, node + Node.STATE, 1);
    } else {
      pushReady(words, journals, base, self, node, next, outcome);
    }
    node = next;
  }
}

/** Puts a node on the ready stack of its slot, takes it off the chain, and rings the loop if nobody has. */
function pushReady(
  words: Int32Array,
  journals: Int32Array,
  base: number,
  self: number,
  node: number,
  next: number,
  outcome: number,
): void {
  const slot = words[node + Node.SLOT] as number;
  const at = SLOTS_START + slot * WORDS_PER_SLOT;
  const rings = slot !== self;
  Atomics.store(words, node + Node.STATE, outcome);
  // Before the push: an isolate that dies between the push and the ring has somebody ring for it.
  if (rings) journals[base + Journal.RING] = slot + 1;
  for (;;) {
    const top = Atomics.load(words, at + Slot.READY);
    Atomics.store(words, node + Node.READY_NEXT, top);
    if (Atomics.compareExchange(words, at + Slot.READY, top, node) === top) {
      journals[base + Journal.CHAIN] = next;
      // A: matches a loop that stops polling, which stores POLLING = 0 and then looks at READY once
      // more: it sees this push, or POLLING is read as 0 here. Not empty before: whoever pushed first
      // has rung. The own loop is told by the caller.
      if (top === 0 && rings && Atomics.load(words, at + Slot.POLLING) === 0) ring(words, slot);
      journals[base + Journal.RING] = 0;
      return;
    }
  }
}

export function ring(words: Int32Array, slot: number): void {
  const bell = SLOTS_START + slot * WORDS_PER_SLOT + Slot.DOORBELL;
  Atomics.add(words, bell, 1);
  Atomics.notify(words, bell);
}
