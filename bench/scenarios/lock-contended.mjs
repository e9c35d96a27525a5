import { Worker } from 'node:worker_threads';
import { lockThread } from './threads/contend.mjs';

const COUNT = 4_000_000;
const floors = [{ against: 'Atomics.wait mutex', floor: 1, goal: 1.5 }];

export default {
  title: 'threads that add to one counter under one lock',
  work: `${COUNT} additions in all; the counter must come out exact.`,
  unit: 'op/s',
  variants: [2, 4, 8].map((threads) => ({ name: `${threads} threads`, threads, floors })),

  async heddle({ threads }) {
    const { Barrier, Lock, SharedArray, Thread } = await import('heddle');
    const lock = new Lock();
    const counter = new SharedArray('i', 1, { lock: false });
    const start = new Barrier(threads + 1);
    const each = COUNT / threads;
    const workers = Array.from({ length: threads }, () => {
      return new Thread({ target: lockThread, args: [lock, counter, start, each] });
    });
    for (const worker of workers) await worker.start();
    start.waitSync();
    const began = performance.now();
    for (const worker of workers) worker.joinSync();
    const seconds = (performance.now() - began) / 1000;
    check(counter.array[0], threads);
    return COUNT / seconds;
  },

  peers: {
    'Atomics.wait mutex': {
      async run({ threads }) {
        const words = new Int32Array(new SharedArrayBuffer(64));
        const workers = Array.from({ length: threads }, () => {
          return new Worker(new URL('../peers/contend.worker.mjs', import.meta.url), {
            workerData: { words, each: COUNT / threads },
          });
        });
        const ended = Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
        for (let started = 0; started < threads; started = Atomics.load(words, 2)) {
          await Atomics.waitAsync(words, 2, started).value;
        }
        // The end of a worker takes milliseconds: the last addition is what counts.
        const total = COUNT + threads * 10_000;
        Atomics.store(words, 3, 1);
        Atomics.notify(words, 3);
        const began = performance.now();
        while (Atomics.load(words, 1) !== total) Atomics.wait(words, 15, 0, 0.2);
        const seconds = (performance.now() - began) / 1000;
        await ended;
        check(words[1], threads);
        return COUNT / seconds;
      },
    },
  },
};

function check(counter, threads) {
  const expected = COUNT + threads * 10_000;
  if (counter !== expected) throw new Error(`the counter is ${counter}, not ${expected}`);
}
