import { availableParallelism } from 'node:os';
import { nodePools, openHeddle } from '../harness/pools.mjs';
import { hold } from './threads/nothing.mjs';

const LOCKS = 200_000;
const ITEMS = 1_000_000;
const TASKS = 100_000;

export default {
  title: 'resident memory for each lock, each queued item and each pending task',
  work: `${LOCKS} locks kept in an array; ${ITEMS} integers, then as many { id, name, x } / 10, in an unbounded queue; and what is left of the memory when the integers are gone again: the engine keeps up to 16 MB at hand. ${TASKS} tasks with one integer each, submitted while every worker is held, with their futures or promises.`,
  unit: 'B',
  variants: [
    { name: 'lock', kind: 'lock' },
    { name: 'queued integer', kind: 'int', items: ITEMS },
    { name: 'queued { id, name, x }', kind: 'object', items: ITEMS / 10 },
    { name: 'left after 1 M items are taken', kind: 'left', items: ITEMS, floors: [{ atMost: 20, goal: 20 }] },
    { name: 'pending task', kind: 'task', floors: [{ against: ['piscina', 'piscina tuned'], floor: 1, goal: 4 }] },
  ],

  async heddle({ kind, items }) {
    if (kind === 'task') return perPendingTask(openHeddle, holdHeddle);
    const { Lock, Queue } = await import('heddle');
    if (kind === 'lock') {
      const locks = new Array(LOCKS).fill(undefined);
      new Lock();
      const before = resident();
      for (let i = 0; i < LOCKS; i++) locks[i] = new Lock();
      const used = resident() - before;
      if (!locks[LOCKS - 1].tryAcquire()) throw new Error('a new lock is held');
      return used / LOCKS;
    }
    const queue = new Queue();
    const make = kind === 'object' ? (i) => ({ id: i, name: 'item', x: 0.5 }) : (i) => i;
    const cycle = (count) => {
      for (let i = 0; i < count; i++) queue.putNowait(make(i));
      for (let i = 0; i < count; i++) queue.getNowait();
    };
    cycle(10_000);
    const before = resident();
    for (let i = 0; i < items; i++) queue.putNowait(make(i));
    const full = resident() - before;
    for (let i = 0; i < items; i++) queue.getNowait();
    if (!queue.empty()) throw new Error('items are left');
    return Math.max(0, kind === 'left' ? resident() - before : full) / items;
  },

  peers: Object.fromEntries(
    Object.entries(nodePools((open) => perPendingTask(open, holdPeer), undefined, ['piscina'])).map(([name, peer]) => [
      name,
      { ...peer, skip: ({ kind }) => kind !== 'task' },
    ]),
  ),
};

async function perPendingTask(open, hold) {
  const threads = availableParallelism();
  const pool = await open({ threads });
  const release = await hold(pool, threads);
  const results = new Array(TASKS).fill(undefined);
  const before = resident();
  for (let i = 0; i < TASKS; i++) results[i] = pool.run('next', i);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const used = resident() - before;
  await release();
  for (let i = 0; i < TASKS; i++) {
    if ((await results[i]) !== i + 1) throw new Error(`task ${i} came to something else`);
  }
  await pool.close();
  return used / TASKS;
}

/** Occupies every worker of a peer; returns what frees them. */
async function holdPeer(pool, threads) {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const held = Array.from({ length: threads }, () => pool.run('hold', words));
  while (Atomics.load(words, 1) < threads) await new Promise((resolve) => setTimeout(resolve, 10));
  return () => {
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
    return Promise.all(held);
  };
}

async function holdHeddle({ executor }, threads) {
  const { Event, Semaphore } = await import('heddle');
  const taken = new Semaphore(0);
  const freed = new Event();
  const held = Array.from({ length: threads }, () => executor.submit(hold, taken, freed));
  for (let i = 0; i < threads; i++) await taken.acquire();
  return () => {
    freed.set();
    return Promise.all(held);
  };
}

/** Resident bytes, without garbage of the JavaScript heap. */
function resident() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage.rss();
}
