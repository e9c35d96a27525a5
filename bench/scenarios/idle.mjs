import { availableParallelism } from 'node:os';
import { keepInFlight, openHeddle } from '../harness/pools.mjs';
import { waitFor } from './threads/nothing.mjs';

const THREADS = 16;
const PROMISES = 84;
const SECONDS = 3;

export default {
  title: 'CPU time of 100 waiters for whom nothing comes, and of a pool that nothing is given to',
  work: `${THREADS} threads blocked in waitSync and ${PROMISES} promises of wait; a ThreadPoolExecutor that has done 10,000 tasks. Watched for ${SECONDS} s.`,
  unit: '%',
  floors: [{ atMost: 0.5, goal: 0.1 }],
  variants: [{ name: '100 waiters' }, { name: 'idle pool', pool: true }],

  heddle: ({ pool }) => (pool ? idlePool() : waiters()),
};

async function idlePool() {
  const pool = await openHeddle({ threads: availableParallelism() });
  await keepInFlight((n) => pool.run('next', n), 10_000, 64);
  const figure = await watch();
  if ((await pool.run('next', 1)) !== 2) throw new Error('the pool has gone');
  await pool.close();
  return figure;
}

async function waiters() {
  const { Event, Thread } = await import('heddle');
  const event = new Event();
  const threads = Array.from({ length: THREADS }, () => new Thread({ target: waitFor, args: [event] }));
  for (const thread of threads) await thread.start();
  const promises = Array.from({ length: PROMISES }, () => event.wait());
  const figure = await watch();
  event.set();
  for (const thread of threads) await thread.join();
  if ((await Promise.all(promises)).some((set) => !set)) throw new Error('a waiter was not woken');
  return figure;
}

/** CPU time of the process in per cent of a core. */
async function watch() {
  // Long enough for everything that spins or compiles at first to be over.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / (SECONDS * 1e6)) * 100;
}
