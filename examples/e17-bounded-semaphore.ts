/** A semaphore lets three threads in at a time: the numbers come in batches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedSemaphore, Thread, Value } from 'heddle';

const SECOND = 200;

const NUM = new Value('i', 10);
const inside = new Value('i', 0);
const most = new Value('i', 0);
const semaphore = new BoundedSemaphore(3);

async function subNum() {
  await semaphore.withPermit(async () => {
    const now = inside.add(1) + 1;
    for (let seen = most.value; now > seen && most.compareExchange(seen, now) !== seen; ) seen = most.value;
    NUM.add(-1);
    await sleep(2 * SECOND);
    console.log(NUM.value);
    inside.add(-1);
  });
}

const threads: Thread[] = [];
for (let i = 0; i < 10; i++) {
  const t = new Thread({ target: subNum });
  t.start();
  threads.push(t);
}
for (const t of threads) await t.join();
console.log('at most', most.value, 'inside');
