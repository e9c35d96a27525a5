/** The same with a lock held across the sleep: the threads take turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Lock, Thread, Value } from 'heddle';

const SECOND = 25;

const NUM = new Value('i', 10);
const lock = new Lock();

async function subNum() {
  await lock.acquire();
  try {
    NUM.value -= 1;
    await sleep(2 * SECOND);
    console.log(NUM.value);
  } finally {
    lock.release();
  }
}

const threads: Thread[] = [];
for (let i = 0; i < 10; i++) {
  const t = new Thread({ target: subNum });
  t.start();
  threads.push(t);
}
for (const t of threads) await t.join();
console.log('end');
