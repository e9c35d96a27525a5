/** One side of queue-threads on a BoundedPort. words: workers ready, go. */
import { workerData } from 'node:worker_threads';
import { BoundedPort } from './bounded-port.mjs';
import { itemOf, warmUp, weightOf } from './items.mjs';

const { role, port, channel, places, words, count, item, done } = workerData;
const queue = new BoundedPort(port, channel, places);
const make = itemOf(item);
const weigh = weightOf(item);

function work(n) {
  let sum = 0;
  if (role === 'producer') for (let i = 0; i < n; i++) queue.put(make(i));
  else for (let i = 0; i < n; i++) sum += weigh(queue.get());
  return sum;
}

warmUp(work, count);
Atomics.add(words, 0, 1);
Atomics.notify(words, 0);
Atomics.wait(words, 1, 0);
const sum = work(count);
done?.postMessage(sum);
