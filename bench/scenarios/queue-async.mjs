import { Worker } from 'node:worker_threads';
import { timeThreads } from '../harness/threads.mjs';
import { PortQueue } from '../peers/port-queue.mjs';
import { asyncQueueThread } from './threads/queue.mjs';

const PLACES = 1024;
const COUNT = 300_000;

export default {
  title: 'await put and await get between two event loops',
  work: `${COUNT} integers through ${PLACES} places; their sum is checked.`,
  unit: 'op/s',
  floors: [{ against: 'MessagePort + promise', floor: 5, goal: 20 }],

  async heddle() {
    const { Queue, SharedArray } = await import('heddle');
    const queue = new Queue(PLACES);
    const sums = new SharedArray('d', 1, { lock: false });
    const elapsed = await timeThreads(asyncQueueThread, 2, (start) => {
      return ['producer', 'consumer'].map((role) => [role, queue, COUNT, start, sums]);
    });
    check(sums.array[0]);
    return (COUNT / elapsed) * 1000;
  },

  peers: {
    'MessagePort + promise': {
      async run() {
        const worker = new Worker(new URL('../peers/port-queue.worker.mjs', import.meta.url), {
          workerData: { count: COUNT, places: PLACES },
        });
        const queue = new PortQueue(worker, PLACES);
        for (let i = 0; i < COUNT / 10; i++) await queue.get();
        const began = performance.now();
        await queue.put('go');
        let sum = 0;
        for (let i = 0; i < COUNT; i++) sum += await queue.get();
        const elapsed = performance.now() - began;
        check(sum);
        return (COUNT / elapsed) * 1000;
      },
    },
  },
};

function check(sum) {
  const expected = (COUNT * (COUNT - 1)) / 2;
  if (sum !== expected) throw new Error(`the items add up to ${sum}, not ${expected}`);
}
