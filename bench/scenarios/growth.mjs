import { allAtOnce } from '../harness/pools.mjs';
import { next } from '../peers/pools/tasks.mjs';

const SMALL = 1000;
const LARGE = 1_000_000;
const floors = [{ atMost: 1.5, goal: 1.1 }];
/** A young generation in which a million promises find room, so that V8 need not copy them while they wait. */
const YOUNG = ['--min-semi-space-size=1024', '--max-semi-space-size=1024'];

export default {
  title: 'what an item costs among a million, as a multiple of its cost among a thousand',
  work: 'Locks made and used; integers put, then taken; waiters linked on an event, then all released; tasks submitted to an executor, then all awaited. The small case is repeated until it has done as much as the large one. A waiter is a promise, and V8 copies those that live longer than its young generation has room for: a million bare promises cost several times as much each as a thousand (see the peer). So waiters are measured with a young generation of 1 GB, and once more with the usual one, for which there is no floor.',
  unit: '×',
  variants: [
    { name: 'locks', work: 'locks', floors },
    { name: 'queued items', work: 'queued items', floors },
    { name: 'waiters', work: 'waiters', floors, flags: YOUNG },
    { name: 'waiters, usual heap', work: 'waiters', floors: [] },
    { name: 'tasks', work: 'tasks', floors },
  ],

  async heddle({ work }) {
    return growthOf(works[work](await import('heddle')));
  },

  peers: {
    'bare promises': {
      skip: ({ work }) => work !== 'waiters',
      run: () => growthOf(barePromises),
    },
  },
};

/** What each of a million costs, as a multiple of what each of a thousand does. */
async function growthOf(once) {
  await once(SMALL);
  await once(LARGE / 10);
  const small = await timeOf(async () => {
    for (let done = 0; done < LARGE / 4; done += SMALL) await once(SMALL);
  });
  globalThis.gc();
  const large = await timeOf(() => once(LARGE));
  return large / LARGE / (small / (LARGE / 4));
}

/** What `waiters` does, with nothing to wait for. */
async function barePromises(count) {
  const resolvers = [];
  const waits = [];
  for (let i = 0; i < count; i++) waits.push(new Promise((resolve) => resolvers.push(resolve)));
  for (const resolve of resolvers) resolve(true);
  const woken = await Promise.all(waits);
  if (woken.length !== count || woken.includes(false)) throw new Error('a promise was not resolved');
}

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
