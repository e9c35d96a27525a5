/** Joining each thread before starting the next: one after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 50;

async function run(n: number) {
  await sleep(2 * SECOND);
  console.log(n);
}

for (let i = 0; i < 5; i++) {
  const t = new Thread({ target: run, args: [i] });
  await t.start();
  await t.join();
}
console.log('end');
