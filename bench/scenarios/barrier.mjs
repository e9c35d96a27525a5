import { python } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { barrierThread } from './threads/contend.mjs';

const ROUNDS = 20_000;
const floors = [{ against: 'CPython Barrier', floor: 3, goal: 10 }];

export default {
  title: 'threads that meet at one Barrier again and again',
  work: `${ROUNDS} meetings.`,
  unit: 'ns',
  variants: [2, 4].map((parties) => ({ name: `${parties} threads`, parties, floors })),

  async heddle({ parties }) {
    const { Barrier } = await import('heddle');
    const barrier = new Barrier(parties);
    const elapsed = await timeThreads(barrierThread, parties, (start) => {
      return Array.from({ length: parties }, () => [barrier, start, ROUNDS / 10, ROUNDS]);
    });
    if (barrier.nWaiting !== 0 || barrier.broken) throw new Error('somebody is left waiting');
    return (elapsed * 1e6) / ROUNDS;
  },

  peers: {
    'CPython Barrier': {
      needs: 'python3',
      run: ({ parties }) => python('threading_bench.py', 'barrier', ROUNDS / 4, parties),
    },
  },
};
