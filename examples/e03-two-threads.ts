/** Two threads at once, and the names they are given. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 200;

async function run(n: string) {
  console.log('task', n);
  await sleep(2 * SECOND);
}

const t1 = new Thread({ target: run, args: ['t1'] });
const t2 = new Thread({ target: run, args: ['t2'] });
await t1.start();
await t2.start();
console.log(t1.name);
console.log(t2.name);
