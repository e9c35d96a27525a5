/** The main thread and its child work side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 200;

async function printNumbers() {
  for (let i = 0; i < 5; i++) {
    await sleep(SECOND);
    console.log(`Printing ${i} from the child thread`);
  }
}

const child = new Thread({ target: printNumbers });
await child.start();

for (let i = 0; i < 3; i++) {
  await sleep(2 * SECOND);
  console.log(`Executing task ${i} in the main thread`);
}

await child.join();
console.log('Main thread and child thread have finished executing');
