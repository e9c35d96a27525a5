/** A plain worker that adds to a counter under an AtomicsMutex. words: mutex, counter, started, go. */
import { workerData } from 'node:worker_threads';
import { AtomicsMutex } from './atomics-mutex.mjs';

const { words, each } = workerData;
const mutex = new AtomicsMutex(words, 0);
function add(count) {
  for (let i = 0; i < count; i++) {
    mutex.acquire();
    words[1]++;
    mutex.release();
  }
}
add(10_000);
Atomics.add(words, 2, 1);
Atomics.notify(words, 2);
Atomics.wait(words, 3, 0);
add(each);
