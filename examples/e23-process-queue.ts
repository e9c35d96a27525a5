/** E23: a child process puts on a queue, its parent gets. */
import { Process, Queue } from 'heddle';

function f(queue: Queue<unknown>) {
  queue.putSync([42, null, 'hello']);
}

const queue = new Queue<unknown>();
const child = new Process({ target: f, args: [queue] });
await child.start();
console.log(JSON.stringify(await queue.get()));
await child.join();
