import { Worker } from 'node:worker_threads';
import { python } from '../harness/peers.mjs';
import { nothing } from './threads/nothing.mjs';

const COUNT = 2000;

export default {
  title: 'start and join a thread that does nothing, one after the other',
  work: `${COUNT} threads after 50 that warm the reserve up. A Worker has nothing like a reserve: 20 of them.`,
  unit: 'ns',
  floors: [
    { against: 'new Worker', floor: 50, goal: 500 },
    { against: 'CPython Thread', floor: 0.5, goal: 1 },
  ],
  variants: [{ name: 'start, joinSync', sync: true }, { name: 'await start, await join' }],

  async heddle({ sync }) {
    const { activeCount, Thread } = await import('heddle');
    const run = async (count) => {
      for (let i = 0; i < count; i++) {
        const thread = new Thread({ target: nothing });
        if (sync) {
          thread.start();
          thread.joinSync();
        } else {
          await thread.start();
          await thread.join();
        }
      }
    };
    await run(50);
    const start = performance.now();
    await run(COUNT);
    const elapsed = performance.now() - start;
    if (activeCount() !== 1) throw new Error(`${activeCount() - 1} threads are left`);
    return (elapsed * 1e6) / COUNT;
  },

  peers: {
    'new Worker': {
      async run() {
        const run = async (count) => {
          for (let i = 0; i < count; i++) {
            const worker = new Worker('', { eval: true });
            await new Promise((resolve) => worker.once('exit', resolve));
          }
        };
        await run(3);
        const start = performance.now();
        await run(20);
        return ((performance.now() - start) * 1e6) / 20;
      },
    },
    'CPython Thread': { needs: 'python3', run: () => python('threading_bench.py', 'thread_start', COUNT) },
  },
};
