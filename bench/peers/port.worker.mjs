/**
 * MessagePort's side of queue-threads: a plain worker that posts `count` items on its port, or adds up
 * as many. words: workers ready, go.
 */
import { workerData } from 'node:worker_threads';
import { itemOf, weightOf } from './items.mjs';

const { role, port, words, count, item } = workerData;
const warmUp = count / 10;

function reportReady() {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

if (role === 'producer') {
  const make = itemOf(item);
  for (let i = 0; i < warmUp; i++) port.postMessage(make(i));
  reportReady();
  Atomics.wait(words, 1, 0);
  for (let i = 0; i < count; i++) port.postMessage(make(i));
  port.close();
} else {
  const weigh = weightOf(item);
  let received = -warmUp;
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
