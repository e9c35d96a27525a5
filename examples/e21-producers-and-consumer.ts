/** Two producers fill a queue of four places; one consumer empties it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Thread } from 'heddle';

const SECOND = 60;
/** The original goes on for ever. */
const ROUNDS = 3;
const PRODUCERS = 2;

const q = new Queue<number>(4);

async function producer(name: number) {
  for (let count = 1; count <= ROUNDS; count++) {
    console.log(`生产者${name} 生产了骨头 ${count}`);
    await q.put(count);
    await sleep(3 * SECOND);
  }
}

async function consumer(name: number) {
  for (let n = 0; n < ROUNDS * PRODUCERS; n++) {
    console.log(`消费者${name}-->取到骨头[${await q.get()}]`);
    await sleep(0.5 * SECOND);
  }
}

for (let name = 1; name <= PRODUCERS; name++) new Thread({ target: producer, args: [name] }).start();
new Thread({ target: consumer, args: [1] }).start();
