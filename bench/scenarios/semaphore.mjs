import { python } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { permitThread } from './threads/contend.mjs';

const ALONE = 2_000_000;
const CONTENDED = 200_000;
const THREADS = 4;
const floors = [{ against: 'CPython Semaphore', floor: 3, goal: 10 }];

export default {
  title: 'acquireSync and release of a Semaphore(2)',
  work: `${ALONE} pairs by one thread; ${CONTENDED} pairs by ${THREADS} threads. The permits must all be back.`,
  unit: 'ns',
  variants: [
    { name: 'alone', floors },
    { name: `${THREADS} threads`, threads: THREADS, floors },
  ],

  async heddle({ threads }) {
    const { Semaphore } = await import('heddle');
    const semaphore = new Semaphore(2);
    let elapsed;
    if (threads === undefined) {
      const body = (count) => {
        for (let i = 0; i < count; i++) {
          semaphore.acquireSync();
          semaphore.release();
        }
      };
      body(ALONE / 5);
      const start = performance.now();
      body(ALONE);
      elapsed = performance.now() - start;
    } else {
      elapsed = await timeThreads(permitThread, threads, (start) => {
        return Array.from({ length: threads }, () => [semaphore, start, CONTENDED / threads]);
      });
    }
    if (semaphore.getValue() !== 2) throw new Error(`${semaphore.getValue()} permits are left`);
    return (elapsed * 1e6) / (threads === undefined ? ALONE : CONTENDED);
  },

  peers: {
    'CPython Semaphore': {
      needs: 'python3',
      run({ threads }) {
        return threads === undefined
          ? python('threading_bench.py', 'semaphore', ALONE / 10)
          : python('threading_bench.py', 'semaphore_contended', CONTENDED / 4, threads);
      },
    },
  },
};
