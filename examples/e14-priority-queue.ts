/** The lowest item comes first; arrays are compared element by element. */
import { PriorityQueue } from 'heddle';

const q = new PriorityQueue<[number, string]>();
await q.put([3, 'abc']);
await q.put([0, 'ccc']);
console.log(await q.get());
console.log(await q.get());
