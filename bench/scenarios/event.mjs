import { python } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { eventThread } from './threads/contend.mjs';

const ROUNDS = 20_000;

export default {
  title: 'two threads that wake each other by two Events',
  work: `${ROUNDS} round trips: set, waitSync, clear on both sides.`,
  unit: 'ns',
  floors: [{ against: 'CPython Event', floor: 3, goal: 10 }],

  async heddle() {
    const { Event } = await import('heddle');
    const ping = new Event();
    const pong = new Event();
    const warmUp = ROUNDS / 10;
    const elapsed = await timeThreads(eventThread, 2, (start) => [
      [true, pong, ping, start, warmUp, ROUNDS],
      [false, ping, pong, start, warmUp, ROUNDS],
    ]);
    if (ping.isSet() || pong.isSet()) throw new Error('an event is left set');
    return (elapsed * 1e6) / ROUNDS;
  },

  peers: {
    'CPython Event': { needs: 'python3', run: () => python('threading_bench.py', 'event', ROUNDS / 2) },
  },
};
