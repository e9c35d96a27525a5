import { cpp } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { eventThread } from './threads/contend.mjs';

const ROUNDS = 5000;
const WARM_UP = 500;

export default {
  title: 'round trip between two sides that sleep until they are woken',
  work: `${ROUNDS} round trips by two Events. HEDDLE_SPIN_US=0, so that nobody spins in hope: what is measured is the wake-up itself.`,
  unit: 'ns',
  env: { HEDDLE_SPIN_US: '0' },
  variants: [
    { name: 'thread ↔ thread', floors: [{ against: 'C++ futex', floor: 1 / 1.3, goal: 1 / 1.05 }] },
    { name: 'event loop ↔ thread', loop: true, floors: [{ against: 'C++ futex', floor: 1 / 1.3, goal: 1 / 1.05 }] },
  ],

  async heddle({ loop }) {
    const { Barrier, Event, Thread } = await import('heddle');
    const ping = new Event();
    const pong = new Event();
    if (!loop) {
      const elapsed = await timeThreads(eventThread, 2, (start) => [
        [true, pong, ping, start, WARM_UP, ROUNDS],
        [false, ping, pong, start, WARM_UP, ROUNDS],
      ]);
      return (elapsed * 1e6) / ROUNDS;
    }
    const alone = new Barrier(1);
    const thread = new Thread({ target: eventThread, args: [false, ping, pong, alone, WARM_UP, ROUNDS] });
    await thread.start();
    const play = async (count) => {
      for (let i = 0; i < count; i++) {
        ping.set();
        await pong.wait();
        pong.clear();
      }
    };
    await play(WARM_UP);
    const start = performance.now();
    await play(ROUNDS);
    const elapsed = performance.now() - start;
    await thread.join();
    return (elapsed * 1e6) / ROUNDS;
  },

  peers: {
    'C++ futex': { needs: 'g++', run: () => cpp('futex_ping_pong.cc', 'futex', ROUNDS) },
    'C++ eventfd + futex': {
      needs: 'g++',
      skip: ({ loop }) => !loop,
      run: () => cpp('futex_ping_pong.cc', 'epoll', ROUNDS),
    },
  },
};
