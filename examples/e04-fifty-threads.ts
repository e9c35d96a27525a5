/** Fifty threads sleep two seconds each, all at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 500;

async function run(n: string) {
  console.log('task', n);
  await sleep(2 * SECOND);
}

for (let i = 0; i < 50; i++) {
  const t = new Thread({ target: run, args: [`t-${i}`] });
  // Not awaited: all are on their way before the first has begun.
  t.start();
}
