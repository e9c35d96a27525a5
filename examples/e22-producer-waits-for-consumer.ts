/** The producer waits until all that it produced has been eaten: taskDone and join. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Thread } from 'heddle';

const SECOND = 60;

const q = new Queue<string>(4);

async function producer() {
  for (let count = 1; count <= 10; count++) {
    await q.put(`骨头 ${count}`);
    if (q.qsize() > 4) console.log('too many bones');
    await sleep(0.3 * SECOND);
  }
  await q.join();
  console.log('-----------所有骨头都吃完了-----');
  // In the original the consumer waits for more for ever, and the program with it.
  q.shutdown();
}

async function consumer(name: number) {
  for await (const bone of q) {
    await sleep(0.5 * SECOND);
    console.log(`消费者${name}-->取到[${bone}]`);
    q.taskDone();
  }
}

await new Thread({ target: producer }).start();
await new Thread({ target: consumer, args: [1] }).start();
