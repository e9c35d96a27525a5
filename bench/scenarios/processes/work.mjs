/** What the processes of the scenarios do. */
import { weightOf } from '../../peers/items.mjs';

/** Takes items, adds them up, and says what they come to. */
export function takeAll(queue, item, warmUp, count, start, results) {
  const weigh = weightOf(item);
  const take = (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weigh(queue.getSync());
    return sum;
  };
  take(warmUp);
  start.waitSync();
  results.putSync(take(count));
}

/** Sends each item back. */
export function echo(there, back, count) {
  for (let i = 0; i < count; i++) back.putSync(there.getSync());
}

/** Adds to a counter under a lock. */
export function addUnderLock(lock, counter, start, warmUp, count) {
  const words = counter.array;
  const add = (n) => {
    for (let i = 0; i < n; i++) {
      lock.acquireSync();
      words[0]++;
      lock.release();
    }
  };
  add(warmUp);
  start.waitSync();
  add(count);
}

export function nothing() {}
