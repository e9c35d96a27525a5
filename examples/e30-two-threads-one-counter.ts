/** Two threads add one to a counter, 100,000 times each, under a lock. */
import { Lock, Thread, Value } from 'heddle';

const counter = new Value('i', 0);
const lock = new Lock();

function increment() {
  for (let i = 0; i < 100_000; i++) {
    lock.withLockSync(() => {
      counter.value += 1;
    });
  }
}

const threads = [new Thread({ target: increment }), new Thread({ target: increment })];
for (const thread of threads) await thread.start();
for (const thread of threads) await thread.join();
console.log('Final counter value:', counter.value);
