/**
 * The body of a queue: one heap block with room for CAPACITY entries. Queue.COUNT says how many are
 * used. Needs the queue's guard, or the last reference.
 *
 *   FIFO, LIFO   a ring of entries, the oldest at HEAD
 *   PRIORITY     ORDER, a permutation of the entries' numbers whose first COUNT form a binary heap,
 *                then the entries, each with its key
 */
import { Discipline, Queue } from '../../memory/layout.js';
import { UNIT_BYTES } from './heap.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { dropEntry, WORDS_PER_ENTRY } from './queue-item.js';

/** Words of a body. */
export const Body = {
  CAPACITY: 0,
  HEAD: 1,
  /** Items ever put, a double: orders equal keys. */ ARRIVALS: 2,
  ENTRIES: 16,
} as const;

/** Words of a priority queue's entry after those of any entry. */
export const Keyed = {
  LENGTH: 8,
  /** Block of a key that does not fit KEY. */ UNIT: 9,
  /** A double. */ ARRIVAL: 10,
  KEY: 12,
} as const;
const WORDS_PER_KEYED_ENTRY = 16;
export const KEY_IN_ENTRY = 16;

const WORDS_PER_UNIT = UNIT_BYTES / 4;
const LEAST_CAPACITY = 8;

/** Word of the heap at which the body begins; 0 for an empty queue without one. The views reach it whole. */
export function bodyOf(isolate: Isolate, queue: number): number {
  const unit = isolate.words[queue + Queue.BODY] as number;
  if (unit === 0) return 0;
  const { heap } = isolate;
  heap.reach(unit, UNIT_BYTES);
  const capacity = heap.words[unit * WORDS_PER_UNIT] as number;
  heap.reach(unit, bytesFor(isolate.words[queue + Queue.DISCIPLINE] as number, capacity));
  return unit * WORDS_PER_UNIT;
}

function bytesFor(discipline: number, capacity: number): number {
  const entries =
    discipline === Discipline.PRIORITY ? capacity * (1 + WORDS_PER_KEYED_ENTRY) : capacity * WORDS_PER_ENTRY;
  return (Body.ENTRIES + entries) * 4;
}

/** Where a priority queue's entry of that number begins. */
export function keyedEntry(heapWords: Int32Array, body: number, number: number): number {
  return body + Body.ENTRIES + (heapWords[body] as number) + number * WORDS_PER_KEYED_ENTRY;
}

/** Makes room for one more; false when there is no memory. To be called before anything in the heap is logged. */
export function reserveRoom(isolate: Isolate, queue: number): boolean {
  const count = isolate.words[queue + Queue.COUNT] as number;
  const body = bodyOf(isolate, queue);
  if (body === 0) return resize(isolate, queue, 0, LEAST_CAPACITY);
  const capacity = isolate.heap.words[body] as number;
  return count < capacity || resize(isolate, queue, count, capacity * 2);
}

/** Gives back memory that a queue of `count`, one of which will be taken, has too much of. To be called before anything in the heap is logged. */
export function shrink(isolate: Isolate, queue: number, body: number, count: number): void {
  const capacity = isolate.heap.words[body] as number;
  if (capacity > LEAST_CAPACITY && count <= capacity >>> 2) {
    // Without memory for a smaller body the larger one stays.
    resize(isolate, queue, count, capacity >>> 1);
  }
}

/** Moves the entries to a body of another size. The queue looks the same before and after, so nothing is logged. */
function resize(isolate: Isolate, queue: number, count: number, capacity: number): boolean {
  const { heap, journals, words } = isolate;
  const pending = isolate.base + Journal.BODY;
  const discipline = words[queue + Queue.DISCIPLINE] as number;
  const unit = heap.allocate(bytesFor(discipline, capacity), pending);
  if (unit === 0) return false;
  const old = bodyOf(isolate, queue);
  const to = unit * WORDS_PER_UNIT;
  heap.words[to + Body.CAPACITY] = capacity;
  heap.words[to + Body.HEAD] = 0;
  heap.doubles[(to + Body.ARRIVALS) / 2] = old === 0 ? 0 : (heap.doubles[(old + Body.ARRIVALS) / 2] as number);
  if (discipline === Discipline.PRIORITY) copyKeyed(heap.words, old, to, count, capacity);
  else if (count > 0) copyRing(heap.words, old, to, count);
  // One run (see `journal.ts`): the new body is the queue's, the old one ours.
  const oldUnit = words[queue + Queue.BODY] as number;
  words[queue + Queue.BODY] = unit;
  journals[pending] = oldUnit;
  if (oldUnit !== 0) heap.free(oldUnit, pending);
  return true;
}

function copyRing(words: Int32Array, old: number, to: number, count: number): void {
  const capacity = words[old] as number;
  const head = words[old + Body.HEAD] as number;
  const beforeWrap = Math.min(count, capacity - head);
  const from = old + Body.ENTRIES;
  const target = to + Body.ENTRIES;
  words.copyWithin(target, from + head * WORDS_PER_ENTRY, from + (head + beforeWrap) * WORDS_PER_ENTRY);
  words.copyWithin(target + beforeWrap * WORDS_PER_ENTRY, from, from + (count - beforeWrap) * WORDS_PER_ENTRY);
}

/** In the new body entries lie in the heap's order. */
function copyKeyed(words: Int32Array, old: number, to: number, count: number, capacity: number): void {
  for (let i = 0; i < capacity; i++) words[to + Body.ENTRIES + i] = i;
  for (let i = 0; i < count; i++) {
    const from = keyedEntry(words, old, words[old + Body.ENTRIES + i] as number);
    words.copyWithin(keyedEntry(words, to, i), from, from + WORDS_PER_KEYED_ENTRY);
  }
}

/**
 * Drops all items and the body of a queue that is being destroyed, in the name of the isolate whose
 * journal begins at `base`. Can be repeated from wherever it stopped: COUNT says how many are left.
 */
export function clearBody(isolate: Isolate, base: number, queue: number): void {
  const { heap, journals, words } = isolate;
  const body = bodyOf(isolate, queue);
  if (body === 0) return;
  const keyed = words[queue + Queue.DISCIPLINE] === Discipline.PRIORITY;
  const capacity = heap.words[body] as number;
  const head = heap.words[body + Body.HEAD] as number;
  for (let last = (words[queue + Queue.COUNT] as number) - 1; last >= 0; last--) {
    if (keyed) {
      const entry = keyedEntry(heap.words, body, heap.words[body + Body.ENTRIES + last] as number);
      dropEntry(isolate, base, entry);
      dropKey(isolate, base, entry);
    } else {
      dropEntry(isolate, base, body + Body.ENTRIES + ((head + last) & (capacity - 1)) * WORDS_PER_ENTRY);
    }
    words[queue + Queue.COUNT] = last;
  }
  // One run (see `journal.ts`): the body is the journal's and not the queue's.
  words[queue + Queue.BODY] = 0;
  journals[base + Journal.BODY] = body / WORDS_PER_UNIT;
  heap.free(body / WORDS_PER_UNIT, base + Journal.BODY);
}

function dropKey(isolate: Isolate, base: number, entry: number): void {
  const { heap, journals } = isolate;
  const unit = heap.words[entry + Keyed.UNIT] as number;
  if (unit === 0) return;
  heap.words[entry + Keyed.UNIT] = 0;
  journals[base + Journal.KEY] = unit;
  heap.free(unit, base + Journal.KEY);
}
