/** A join that waits two seconds at most, for a task that takes as long: it returns either way. */
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
  await t.join({ timeout: 2 * SECOND });
}
console.log('end');
