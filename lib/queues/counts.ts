/** How many items a queue holds and how many are not done, from the words of its cell and its ring. */
import type { Handle } from '../engine/engine.js';
import { headAt } from '../engine/item-ring.js';
import { engine } from '../engine/select.js';
import { isProxy } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import { Queue, Ring, RingHead } from '../memory/layout.js';

/** A ring counts modulo 2^31. */
const MODULUS = 0x7fffffff;

/** How many of the queue's puts, or takes, come before where the ring's TAIL, or HEAD, is. */
function countBefore(ring: number, side: number): number {
  const words = wordsAt(ring);
  const position = Atomics.load(words, ring + side) >>> 1;
  return (position + Atomics.load(words, ring + Ring.BEFORE)) & MODULUS;
}

/** How many of the ring's entries are blank: they count as puts and are no items. */
function blanksIn(ring: number): number {
  const words = wordsAt(ring);
  const head = Atomics.load(words, ring + Ring.HEAD) & ~Ring.SLOW;
  if (((Atomics.load(words, ring + Ring.LAST_BLANK) - head) | 0) < 0) return 0;
  const tail = Atomics.load(words, ring + Ring.TAIL) & ~Ring.SLOW;
  let blanks = 0;
  for (let position = head; position !== tail; position = (position + 2) | 0) {
    const entry = headAt(ring, position);
    const isPublished = Atomics.load(words, entry + RingHead.SEQUENCE) === (position | 1);
    const place = (Atomics.load(words, entry + RingHead.META) >>> RingHead.PLACE_SHIFT) & 0xff;
    if (isPublished && place === RingHead.NOWHERE) blanks++;
  }
  return blanks;
}

/** Those of the queue's rings from `first` on. */
function blanksFrom(first: number): number {
  let blanks = 0;
  for (let ring = first; ring !== 0; ring = Atomics.load(wordsAt(ring), ring + Ring.NEXT)) blanks += blanksIn(ring);
  return blanks;
}

/** Items that are there, those included that are promised to somebody. */
export function allItemsIn(queue: Handle): number {
  const words = wordsAt(queue);
  const items = Atomics.load(words, queue + Queue.COUNT);
  for (;;) {
    const first = Atomics.load(words, queue + Queue.RING);
    const last = Atomics.load(words, queue + Queue.PUT_RING);
    if (first === 0 || last === 0) return items;
    const blanks = blanksFrom(first);
    // The takes first, which are never ahead of the puts at that moment, nor these of the later ones.
    const takes = countBefore(first, Ring.HEAD);
    const puts = countBefore(last, Ring.TAIL);
    // If not, one may have been passed by meanwhile.
    if (blanks !== 0 && blanksFrom(first) !== blanks) continue;
    // If not, one of the rings may have been another queue's.
    const areIts = Atomics.load(words, queue + Queue.RING) === first;
    if (areIts && Atomics.load(words, queue + Queue.PUT_RING) === last)
      return items + Math.max(((puts - takes) & MODULUS) - blanks, 0);
  }
}

/** Items that are there and not promised to anybody. */
export function itemsIn(queue: Handle): number {
  if (isProxy(queue)) return Math.max(0, engine.look(queue, Queue.COUNT) - engine.look(queue, Queue.RESERVED_ITEMS));
  const promised = Atomics.load(wordsAt(queue), queue + Queue.RESERVED_ITEMS);
  return Math.max(0, allItemsIn(queue) - promised);
}

/** Puts minus what was said to be done. */
export function unfinishedIn(queue: Handle): number {
  if (isProxy(queue)) return engine.look(queue, Queue.UNFINISHED);
  const words = wordsAt(queue);
  // In this order: an item that goes from the body into the ring may be counted twice, but is never missed.
  for (;;) {
    const others = Atomics.load(words, queue + Queue.UNFINISHED);
    const ring = Atomics.load(words, queue + Queue.PUT_RING);
    if (ring === 0) return others;
    const puts = countBefore(ring, Ring.TAIL);
    if (Atomics.load(words, queue + Queue.PUT_RING) === ring) return (others + puts) & MODULUS;
  }
}
