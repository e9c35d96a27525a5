import { waitFor } from './threads/nothing.mjs';

const THREADS = 16;
const PROMISES = 84;
const SECONDS = 3;

export default {
  title: 'CPU time of 100 waiters for whom nothing comes',
  work: `${THREADS} threads blocked in waitSync and ${PROMISES} promises of wait, watched for ${SECONDS} s.`,
  unit: '%',
  floors: [{ atMost: 0.5, goal: 0.1 }],

  async heddle() {
    const { Event, Thread } = await import('heddle');
    const event = new Event();
    const threads = Array.from({ length: THREADS }, () => new Thread({ target: waitFor, args: [event] }));
    for (const thread of threads) await thread.start();
    const promises = Array.from({ length: PROMISES }, () => event.wait());
    // Long enough for everything that spins or compiles at first to be over.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const { user, system } = process.cpuUsage(before);
    event.set();
    for (const thread of threads) await thread.join();
    if ((await Promise.all(promises)).some((set) => !set)) throw new Error('a waiter was not woken');
    return ((user + system) / (SECONDS * 1e6)) * 100;
  },
};
