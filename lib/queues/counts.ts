/** How many items a queue holds and how many are not done, from the words of its cell and its ring. */
import type { Handle } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { isProxy } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import { Queue, Ring } from '../memory/layout.js';

/** A ring counts modulo 2^31. */
const MODULUS = 0x7fffffff;

/** How many of the queue's puts, or takes, come before where the ring's TAIL, or HEAD, is. */
function countBefore(ring: number, side: number): number {
  const words = wordsAt(ring);
  const position = Atomics.load(words, ring + side) >>> 1;
  return (position + Atomics.load(words, ring + Ring.BEFORE)) & MODULUS;
}

/** Items that are there, those included that are promised to somebody. */
export function allItemsIn(queue: Handle): number {
  const words = wordsAt(queue);
  const items = Atomics.load(words, queue + Queue.COUNT);
  for (;;) {
    const first = Atomics.load(words, queue + Queue.RING);
    const last = Atomics.load(words, queue + Queue.PUT_RING);
    if (first === 0 || last === 0) return items;
    // The takes first, which are never ahead of the puts at that moment, nor these of the later ones.
    const takes = countBefore(first, Ring.HEAD);
    const puts = countBefore(last, Ring.TAIL);
    // If not, one of the rings may have been another queue's.
    const areIts = Atomics.load(words, queue + Queue.RING) === first;
    if (areIts && Atomics.load(words, queue + Queue.PUT_RING) === last) return items + ((puts - takes) & MODULUS);
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
