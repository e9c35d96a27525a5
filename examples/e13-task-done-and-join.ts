/** `join` waits until every item that was put has been reported as done. */
import { Queue } from 'heddle';

const q = new Queue<string>();
await q.put('first');
await q.put('second');
console.log(await q.get());
q.taskDone();
// One of two is done. Without a timeout this join would wait for ever.
console.log(await q.join({ timeout: 50 }));
console.log(await q.get());
q.taskDone();
console.log(await q.join());
