/**
 * Sweeping: what an isolate leaves when it ends is put in order by another one, from its journal, its
 * nodes, the mutexes and barriers that name its slot, and its reference bits. Every step can be
 * repeated: when the sweeper dies in the middle, whoever sweeps the sweeper goes on.
 */
import {
  Barrier,
  CELLS_START,
  Cell,
  Header,
  Kind,
  Mutex,
  Node,
  Outcome,
  Queue,
  REF_WORDS_PER_SLOT,
  REFS_START,
  Slot,
  SlotState,
  Thread,
  ThreadStatus,
  WORDS_PER_CELL,
  WORDS_PER_SLOT,
} from '../../memory/layout.js';
import { isLive, slotWord } from '../slot-word.js';
import { barrierHolderDied } from './barrier.js';
import { conditionNotify } from './condition.js';
import { ring } from './deliver.js';
import { eventSet, eventSettle } from './event.js';
import { freeGuardOf, freeSimpleGuard, takeSimpleGuard } from './guard.js';
import type { Isolate } from './isolate.js';
import { JOURNAL_WORDS, Journal } from './journal.js';
import { mutexReleaseOfDead, mutexWaiterLeft } from './mutex.js';
import { detach } from './node.js';
import { giveBack } from './queue.js';
import { destroyDoomed, disownFor } from './references.js';
import { semaphoreRelease, semaphoreSettle } from './semaphore.js';
import { isGone } from './slots.js';
import { withdraw } from './waiter.js';

/** Sweeps the slot of a dead isolate, and those of the isolates that ended with it. */
export function sweep(isolate: Isolate, slot: number, generation: number): void {
  if (!claim(isolate, slot, generation)) return;
  // First of all their guards: what follows may wait for any of them.
  const family = repairFamily(isolate, slot);
  for (const member of family) empty(isolate, member);
  // What this very loop was granted thereby nobody else tells it of.
  if (Atomics.load(isolate.words, slotWord(isolate.self, Slot.READY)) !== 0) ring(isolate.words, isolate.self);
}

/** Makes this isolate the sweeper; false when the slot is free, taken by another isolate meanwhile, or being swept. */
function claim(isolate: Isolate, slot: number, generation: number): boolean {
  const { journals, words } = isolate;
  const state = slotWord(slot, Slot.STATE);
  const unswept = (): boolean => isLive(words, slot, generation);
  // It may have died as a sweeper, with this very guard.
  const isDead = (holder: number): boolean => (holder === slot && unswept()) || isGone(words, holder);
  takeSimpleGuard(words, Header.SLOTS_GUARD, isolate.self, isDead);
  const mine = unswept();
  if (mine) {
    journals[slot * JOURNAL_WORDS + Journal.SWEEPER] = isolate.self + 1;
    Atomics.store(words, state, SlotState.SWEEPING);
  }
  freeSimpleGuard(words, Header.SLOTS_GUARD);
  return mine;
}

/** Takes all that a slot of this sweeper's has, and sets the slot free. */
function empty(isolate: Isolate, slot: number): void {
  const { journals, words } = isolate;
  letGo(isolate, slot);
  finishThread(isolate, slot);
  sweepReferences(isolate, slot);
  clear(isolate, slot);
  words[slotWord(slot, Slot.GENERATION)] = (words[slotWord(slot, Slot.GENERATION)] as number) + 1;
  const counted = slot * JOURNAL_WORDS + Journal.COUNTED;
  if (journals[counted] !== 0) {
    // One run (see `journal.ts`).
    Atomics.sub(words, Header.SLOTS_LIVE, 1);
    journals[counted] = 0;
  }
  Atomics.store(words, slotWord(slot, Slot.STATE), SlotState.FREE);
}

/** The Thread that ran in a dead isolate has finished, unless it said so itself. Who joins it finds its locks passed on. */
function finishThread(isolate: Isolate, slot: number): void {
  const { words } = isolate;
  const thread = Atomics.exchange(words, slotWord(slot, Slot.THREAD), 0);
  if (thread === 0) return;
  if (Atomics.exchange(words, thread + Thread.STATUS, ThreadStatus.FINISHED) === ThreadStatus.FINISHED) return;
  Atomics.store(words, thread + Thread.SLOT, 0);
  eventSet(isolate, thread);
}

/**
 * Repairs what the isolate of a claimed slot was in the middle of, and those that ended with it, and those that it was
 * sweeping; claims all their slots, and returns them. Waits for none of their guards.
 */
function repairFamily(isolate: Isolate, slot: number): readonly number[] {
  const { journals, words } = isolate;
  const family = [slot];
  const top = Atomics.load(words, Header.SLOTS_TOP);
  // Grows meanwhile.
  for (const member of family) {
    repair(isolate, member);
    for (let other = 0; other < top; other++) {
      if (other === isolate.self || family.includes(other)) continue;
      const state = Atomics.load(words, slotWord(other, Slot.STATE));
      if (state === SlotState.LIVE && words[slotWord(other, Slot.PARENT)] === member + 1) {
        if (claim(isolate, other, words[slotWord(other, Slot.GENERATION)] as number)) family.push(other);
      } else if (state === SlotState.SWEEPING && journals[other * JOURNAL_WORDS + Journal.SWEEPER] === member + 1) {
        journals[other * JOURNAL_WORDS + Journal.SWEEPER] = isolate.self + 1;
        family.push(other);
      }
    }
  }
  return family;
}

/** Passes on all that the isolate of a slot holds or waits for. Its references, and the slot, it keeps. */
export function letGo(isolate: Isolate, slot: number): void {
  repair(isolate, slot);
  finishMoves(isolate, slot);
  returnReservations(isolate, slot);
  const { words } = isolate;
  const top = Atomics.load(words, Header.CELLS_TOP);
  for (let cell = CELLS_START; cell < CELLS_START + top * WORDS_PER_CELL; cell += WORDS_PER_CELL) {
    if (Atomics.load(words, cell + Cell.KIND) === Kind.NODE && words[cell + Node.SLOT] === slot)
      sweepNode(isolate, cell, slot);
  }
  for (let cell = CELLS_START; cell < CELLS_START + top * WORDS_PER_CELL; cell += WORDS_PER_CELL) {
    const kind = Atomics.load(words, cell + Cell.KIND);
    if (kind === Kind.MUTEX) {
      const state = Atomics.load(words, cell + Cell.STATE);
      if ((state & Mutex.LOCKED) !== 0 && state >> Mutex.OWNER_SHIFT === slot) mutexReleaseOfDead(isolate, cell, slot);
    } else if (kind === Kind.BARRIER && words[cell + Barrier.ACTION_SLOT] === slot + 1) {
      barrierHolderDied(isolate, cell, slot);
    }
  }
}

/** Frees the guards that the isolate of a slot held, its section undone or finished. Also for this isolate itself, after an exception. */
export function repair(isolate: Isolate, slot: number): void {
  const { heap, section, words } = isolate;
  freeGuardOf(heap.words, heap.guard, slot);
  freeGuardOf(words, Header.CELLS_GUARD, slot);
  freeGuardOf(words, Header.SLOTS_GUARD, slot);
  const object = section.repair(slot);
  if (object === 0) return;
  switch (words[object + Cell.KIND]) {
    case Kind.MUTEX:
      mutexWaiterLeft(isolate, object, true);
      break;
    case Kind.SEMAPHORE:
      semaphoreSettle(isolate, object);
      break;
    case Kind.EVENT:
    case Kind.THREAD:
    case Kind.PROCESS:
      eventSettle(isolate, object);
      break;
    default:
      break;
  }
  section.unlock();
}

/** Frees the heap blocks that were on their way into a queue or out of it, and goes on with the destruction of objects. */
export function finishMoves(isolate: Isolate, slot: number): void {
  const { heap, journals } = isolate;
  for (const pending of [Journal.PAYLOAD, Journal.BODY, Journal.KEY]) {
    const word = slot * JOURNAL_WORDS + pending;
    const unit = journals[word] as number;
    if (unit !== 0) heap.free(unit, word);
  }
  destroyDoomed(isolate, slot * JOURNAL_WORDS);
}

function returnReservations(isolate: Isolate, slot: number): void {
  const { journals } = isolate;
  const base = slot * JOURNAL_WORDS;
  for (let at = base + Journal.RESERVATIONS; at < base + Journal.RESERVATIONS_END; at += 2) {
    const queue = journals[at] as number;
    if (queue !== 0) giveBack(isolate, queue, (journals[at + 1] as number) - 1, at);
  }
}

/** Ends a wait of a dead isolate; what it was granted and will never know goes to the next. */
function sweepNode(isolate: Isolate, node: number, slot: number): void {
  const { words } = isolate;
  const object = words[node + Node.CELL] as number;
  if (object !== 0) {
    const outcome = withdraw(isolate, node);
    // Passed on once, whatever becomes of this sweep.
    words[node + Node.STATE] = Outcome.TIMED_OUT;
    if (outcome === Outcome.GRANTED) passGrantOn(isolate, object, words[node + Node.LIST] as number);
    detach(isolate, node, Outcome.TIMED_OUT);
  }
  // This isolate's own nodes may lie on its ready stack or in its hands.
  if (slot !== isolate.self) isolate.cells.free(node, -1);
}

function passGrantOn(isolate: Isolate, object: number, list: number): void {
  switch (isolate.words[object + Cell.KIND]) {
    case Kind.SEMAPHORE:
      semaphoreRelease(isolate, object, 1);
      break;
    case Kind.CONDITION:
      conditionNotify(isolate, object, 1);
      break;
    case Kind.QUEUE:
      if (list === Queue.GETTERS) giveBack(isolate, object, 1, 0);
      if (list === Queue.PUTTERS) giveBack(isolate, object, 0, 0);
      break;
    default:
      break;
  }
}

function sweepReferences(isolate: Isolate, slot: number): void {
  const { words } = isolate;
  const bits = REFS_START + slot * REF_WORDS_PER_SLOT;
  const top = words[slotWord(slot, Slot.REFS_TOP)] as number;
  for (let word = 0; word <= top >>> 5; word++) {
    for (let mask = words[bits + word] as number; mask !== 0; mask &= mask - 1) {
      const index = word * 32 + (31 - Math.clz32(mask & -mask));
      disownFor(isolate, slot, CELLS_START + index * WORDS_PER_CELL);
    }
  }
}

/** Leaves the slot as new, but for its generation, whether it is counted, and who sweeps it: that stays until the slot is free. */
function clear(isolate: Isolate, slot: number): void {
  const { journals, words } = isolate;
  for (let word = 0; word < WORDS_PER_SLOT; word++) {
    if (word !== Slot.STATE && word !== Slot.GENERATION) words[slotWord(slot, word)] = 0;
  }
  const base = slot * JOURNAL_WORDS;
  for (let word = 0; word < JOURNAL_WORDS; word++) {
    if (word !== Journal.SWEEPER && word !== Journal.COUNTED) journals[base + word] = 0;
  }
}

/** Sweeps the slots of all threads that the system says have ended, where it tells. */
export function sweepGone(isolate: Isolate): void {
  const { words } = isolate;
  const top = Atomics.load(words, Header.SLOTS_TOP);
  for (let slot = 0; slot < top; slot++) {
    if (slot !== isolate.self) sweepIfGone(isolate, slot);
  }
}

export function sweepIfGone(isolate: Isolate, slot: number): void {
  const { words } = isolate;
  if (Atomics.load(words, slotWord(slot, Slot.STATE)) !== SlotState.LIVE) return;
  const generation = words[slotWord(slot, Slot.GENERATION)] as number;
  if (isGone(words, slot)) sweep(isolate, slot, generation);
}

/** Sweeps the slot of the worker that had that threadId. */
export function sweepThread(isolate: Isolate, threadId: number): void {
  const { journals, words } = isolate;
  const top = Atomics.load(words, Header.SLOTS_TOP);
  for (let slot = 0; slot < top; slot++) {
    if (journals[slot * JOURNAL_WORDS + Journal.THREAD_ID] !== threadId + 1) continue;
    if (Atomics.load(words, slotWord(slot, Slot.STATE)) !== SlotState.LIVE) continue;
    sweep(isolate, slot, words[slotWord(slot, Slot.GENERATION)] as number);
  }
}
