/**
 * MessagePort's side of queue-threads: a plain worker that posts `count` items on its port, or adds up
 * as many. words: workers ready, go.
 */
import { workerData } from 'node:worker_threads';
import { itemOf, warmUp, warmUpOf, weightOf } from './items.mjs';

const { role, port, words, count, item } = workerData;

function reportReady() {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

if (role === 'producer') {
  const make = itemOf(item);
  const post = (n) => {
    for (let i = 0; i < n; i++) port.postMessage(make(i));
  };
  warmUp(post, count);
  reportReady();
  Atomics.wait(words, 1, 0);
  post(count);
  port.close();
} else {
  const weigh = weightOf(item);
  let received = -warmUpOf(count);
  let sum = 0;
  port.on('message', (value) => {
    sum += weigh(value);
    if (++received === 0) {
      sum = 0;
      reportReady();
    }
    if (received === count) {
      workerData.done.postMessage(sum);
      port.close();
      workerData.done.close();
    }
  });
}
