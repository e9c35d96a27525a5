/** Starting all threads, then joining all: they run side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 500;

async function run(n: number) {
  await sleep(2 * SECOND);
  console.log(n);
}

const threads: Thread<[number]>[] = [];
for (let i = 0; i < 5; i++) {
  const t = new Thread({ target: run, args: [i] });
  await t.start();
  threads.push(t);
}
for (const t of threads) await t.join();
console.log('main thread');
