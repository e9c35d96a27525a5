/** How many items a queue holds and how many are not done, from the words of its cell and its ring. */
import type { Handle } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { isProxy } from '../engine/word-of.js';
import { Queue, Ring } from '../memory/layout.js';

const words = engine.words;

/** Items that are there, those included that are promised to somebody. */
export function allItemsIn(queue: Handle): number {
  const items = Atomics.load(words, queue + Queue.COUNT);
  const ring = Atomics.load(words, queue + Queue.RING);
  if (ring === 0) return items;
  // HEAD first, which is never ahead of a later TAIL.
  const head = Atomics.load(words, ring + Ring.HEAD) >> 1;
  return items + (((Atomics.load(words, ring + Ring.TAIL) >> 1) - head) & 0x7fffffff);
}

/** Items that are there and not promised to anybody. */
export function itemsIn(queue: Handle): number {
  if (isProxy(queue)) return Math.max(0, engine.look(queue, Queue.COUNT) - engine.look(queue, Queue.RESERVED_ITEMS));
  const promised = Atomics.load(words, queue + Queue.RESERVED_ITEMS);
  return Math.max(0, allItemsIn(queue) - promised);
}

/** Puts minus what was said to be done. */
export function unfinishedIn(queue: Handle): number {
  if (isProxy(queue)) return engine.look(queue, Queue.UNFINISHED);
  // In this order: an item that goes from the body into the ring may be counted twice, but is never missed.
  const others = Atomics.load(words, queue + Queue.UNFINISHED);
  const ring = Atomics.load(words, queue + Queue.RING);
  return ring === 0 ? others : (others + (Atomics.load(words, ring + Ring.TAIL) >>> 1)) | 0;
}
