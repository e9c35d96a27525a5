/** Daemon threads end with the program: none of the ten comes to print its number. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 2000;

async function run(n: number) {
  await sleep(5 * SECOND);
  console.log(n);
}

for (let i = 0; i < 10; i++) {
  const t = new Thread({ target: run, args: [i] });
  t.daemon = true;
  await t.start();
}
console.log('end');
