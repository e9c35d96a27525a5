import { python } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { conditionThread } from './threads/contend.mjs';

const ROUNDS = 20_000;

export default {
  title: 'two threads that take turns by one Condition',
  work: `${ROUNDS} turns each: acquire, wait until it is my turn, pass it on, notify, release.`,
  unit: 'ns',
  floors: [{ against: 'CPython Condition', floor: 3, goal: 10 }],

  async heddle() {
    const { Condition, SharedArray } = await import('heddle');
    const condition = new Condition();
    const turn = new SharedArray('i', 1, { lock: false });
    const elapsed = await timeThreads(conditionThread, 2, (start) => {
      return [0, 1].map((me) => [me, condition, turn, start, ROUNDS / 10, ROUNDS]);
    });
    if (turn.array[0] !== 0) throw new Error('a turn was lost');
    return (elapsed * 1e6) / ROUNDS;
  },

  peers: {
    'CPython Condition': { needs: 'python3', run: () => python('threading_bench.py', 'condition', ROUNDS / 2) },
  },
};
