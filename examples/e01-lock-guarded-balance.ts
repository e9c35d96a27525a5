/** Two threads change one balance 100,000 times each; the lock keeps every change whole. */
import { Lock, Thread, Value } from 'heddle';

const balance = new Value('i', 0);
const lock = new Lock();

function changeIt(n: number) {
  balance.value += n;
  balance.value -= n;
}

function runThread(n: number) {
  for (let i = 0; i < 100_000; i++) {
    lock.acquireSync();
    try {
      changeIt(n);
    } finally {
      lock.release();
    }
  }
}

const t1 = new Thread({ target: runThread, args: [5] });
const t2 = new Thread({ target: runThread, args: [8] });
await t1.start();
await t2.start();
await t1.join();
await t2.join();
console.log(balance.value);
