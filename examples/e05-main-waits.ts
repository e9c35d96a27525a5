/** The program ends when its threads have ended, not before. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 60;

async function run() {
  await sleep(5 * SECOND);
  console.log(1);
}

const t = new Thread({ target: run });
await t.start();
console.log('end');
