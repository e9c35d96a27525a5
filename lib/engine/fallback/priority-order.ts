/**
 * The order of a priority queue: a binary heap of entry numbers, lowest key first, equal keys in order
 * of arrival. Positions move as in the native engine, so that both find the same keys incomparable.
 */
import { UNIT_BYTES } from './heap.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { compareKeys, KeyOrder } from './priority-key.js';
import { Body, KEY_IN_ENTRY, Keyed, keyedEntry } from './queue-body.js';

function keyAt(isolate: Isolate, entry: number): number {
  const { heap } = isolate;
  const length = heap.words[entry + Keyed.LENGTH] as number;
  if (length <= KEY_IN_ENTRY) return (entry + Keyed.KEY) * 4;
  const unit = heap.words[entry + Keyed.UNIT] as number;
  heap.reach(unit, length);
  return unit * UNIT_BYTES;
}

function compare(isolate: Isolate, a: number, b: number): number {
  const { heap } = isolate;
  const keyA = keyAt(isolate, a);
  const keyB = keyAt(isolate, b);
  const { words, bytes } = heap;
  return compareKeys(bytes, keyA, words[a + Keyed.LENGTH] as number, bytes, keyB, words[b + Keyed.LENGTH] as number);
}

function goesBefore(isolate: Isolate, a: number, b: number): boolean {
  const order = compare(isolate, a, b) & KeyOrder.ORDER;
  if (order !== KeyOrder.EQUAL) return order === KeyOrder.BEFORE;
  const { doubles } = isolate.heap;
  return (doubles[(a + Keyed.ARRIVAL) >> 1] as number) < (doubles[(b + Keyed.ARRIVAL) >> 1] as number);
}

/** A block for a key that does not fit an entry: its unit, 0 for a short key, -1 when there is no memory. */
export function stageKey(isolate: Isolate, key: Uint8Array): number {
  if (key.length <= KEY_IN_ENTRY) return 0;
  const unit = isolate.heap.allocate(key.length, isolate.base + Journal.KEY);
  if (unit === 0) return -1;
  isolate.heap.bytes.set(key, unit * UNIT_BYTES);
  return unit;
}

/** Writes the key of an entry that nobody reads yet. */
export function storeKey(isolate: Isolate, body: number, entry: number, key: Uint8Array, unit: number): void {
  const { heap } = isolate;
  const arrivals = heap.doubles[(body + Body.ARRIVALS) >> 1] as number;
  heap.doubles[(body + Body.ARRIVALS) >> 1] = arrivals + 1;
  heap.doubles[(entry + Keyed.ARRIVAL) >> 1] = arrivals;
  heap.words[entry + Keyed.LENGTH] = key.length;
  heap.words[entry + Keyed.UNIT] = unit;
  if (unit !== 0) return;
  const at = (entry + Keyed.KEY) * 4;
  for (let i = 0; i < key.length; i++) heap.bytes[at + i] = key[i] as number;
}

/** Whether the key of a stored entry can be compared with all that `push` will compare it with. */
export function accepts(isolate: Isolate, body: number, count: number, entry: number): boolean {
  const order = body + Body.ENTRIES;
  for (let index = count; index > 0; ) {
    index = (index - 1) >> 1;
    const result = compare(
      isolate,
      entry,
      keyedEntry(isolate.heap.words, body, isolate.heap.words[order + index] as number),
    );
    if ((result & KeyOrder.INCOMPARABLE) !== 0) return false;
    if ((result & KeyOrder.ORDER) !== KeyOrder.BEFORE) return true;
  }
  return true;
}

/** Adds the entry whose number is at position `count` of the order. */
export function push(isolate: Isolate, body: number, count: number): void {
  const { heap, section } = isolate;
  const order = body + Body.ENTRIES;
  const number = heap.words[order + count] as number;
  const entry = keyedEntry(heap.words, body, number);
  let index = count;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap.words[order + parent] as number;
    if (!goesBefore(isolate, entry, keyedEntry(heap.words, body, above))) break;
    section.setHeap(order + index, above);
    index = parent;
  }
  if (index !== count) section.setHeap(order + index, number);
}

/** Takes the first of `count` out of the order; its number goes to position `count - 1`, among the free ones. */
export function pop(isolate: Isolate, body: number, count: number): void {
  const { heap, section } = isolate;
  const order = body + Body.ENTRIES;
  const left = count - 1;
  const first = heap.words[order] as number;
  const last = heap.words[order + left] as number;
  const lastEntry = keyedEntry(heap.words, body, last);
  let hole = 0;
  for (let child = 1; child < left; child = 2 * hole + 1) {
    let number = heap.words[order + child] as number;
    if (child + 1 < left) {
      const sibling = heap.words[order + child + 1] as number;
      if (goesBefore(isolate, keyedEntry(heap.words, body, sibling), keyedEntry(heap.words, body, number))) {
        child++;
        number = sibling;
      }
    }
    if (!goesBefore(isolate, keyedEntry(heap.words, body, number), lastEntry)) break;
    section.setHeap(order + hole, number);
    hole = child;
  }
  section.setHeap(order + hole, last);
  section.setHeap(order + left, first);
}
