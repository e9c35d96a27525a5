import { allAtOnce } from '../harness/pools.mjs';
import { next } from '../peers/pools/tasks.mjs';

const SMALL = 1000;
const LARGE = 1_000_000;
const floors = [{ atMost: 1.5, goal: 1.1 }];

export default {
  title: 'what an item costs among a million, as a multiple of its cost among a thousand',
  work: 'Locks made and used; integers put, then taken; waiters linked on an event, then all released; tasks submitted to an executor, then all awaited. The small case is repeated until it has done as much as the large one.',
  unit: '×',
  variants: ['locks', 'queued items', 'waiters', 'tasks'].map((name) => ({ name, floors })),

  async heddle({ name }) {
    const heddle = await import('heddle');
    const once = works[name](heddle);
    await once(SMALL);
    await once(LARGE / 10);
    const small = await timeOf(async () => {
      for (let done = 0; done < LARGE / 4; done += SMALL) await once(SMALL);
    });
    globalThis.gc();
    const large = await timeOf(() => once(LARGE));
    return large / LARGE / (small / (LARGE / 4));
  },
};

const works = {
  locks: ({ Lock }) => {
    return (count) => {
      const locks = [];
      for (let i = 0; i < count; i++) locks.push(new Lock());
      for (const lock of locks) {
        lock.acquireSync();
        lock.release();
      }
    };
  },
  'queued items': ({ Queue }) => {
    const queue = new Queue();
    return (count) => {
      for (let i = 0; i < count; i++) queue.putNowait(i);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += queue.getNowait();
      if (sum !== (count * (count - 1)) / 2) throw new Error('items were lost');
    };
  },
  waiters: ({ Event }) => {
    return async (count) => {
      const event = new Event();
      const waits = [];
      for (let i = 0; i < count; i++) waits.push(event.wait());
      event.set();
      const woken = await Promise.all(waits);
      if (woken.length !== count || woken.includes(false)) throw new Error('a waiter was not woken');
    };
  },
  tasks: ({ ThreadPoolExecutor }) => {
    const executor = new ThreadPoolExecutor();
    return (count) => allAtOnce((n) => executor.submit(next, n), count);
  },
};

async function timeOf(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
