/** Ten threads count down, sleep and print what is left: by then all have counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread, Value } from 'heddle';

const SECOND = 1000;

const NUM = new Value('i', 10);

async function subNum() {
  // Threads run truly in parallel, so `NUM.value -= 1` could lose a step where no lock protects it.
  NUM.add(-1);
  await sleep(2 * SECOND);
  console.log(NUM.value);
}

const threads: Thread[] = [];
for (let i = 0; i < 10; i++) {
  const t = new Thread({ target: subNum });
  t.start();
  threads.push(t);
}
for (const t of threads) await t.join();
console.log('end');
