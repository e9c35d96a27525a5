/** A queue with room for two: a third item waits, or is refused by who will not wait. */
import { Queue, QueueFullError } from 'heddle';

const q = new Queue<number>({ maxSize: 2 });
await q.put(1);
await q.put(2);
try {
  q.putNowait(3);
} catch (error) {
  if (!(error instanceof QueueFullError)) throw error;
  console.log(error.name);
}
console.log(await q.get());
console.log(await q.get());
console.log(q.qsize(), q.empty());
