import { cpp } from '../harness/peers.mjs';
import { allowedCores, sitOn, timeThreads } from '../harness/threads.mjs';
import { eventThread } from './threads/contend.mjs';

const ROUNDS = 20_000;
const WARM_UP = 5000;
const floors = [{ against: 'C++ futex', floor: 1 / 1.3, goal: 1 / 1.05 }];

export default {
  title: 'round trip between two sides that sleep until they are woken',
  work: `${ROUNDS} round trips by two Events. HEDDLE_SPIN_US=0, so that nobody spins in hope: what is measured is the wake-up itself. Both sides sit on one core, or each on a core of its own: left to the system, it is chance which of the two is measured, and they differ by a multiple.`,
  unit: 'ns',
  env: { HEDDLE_SPIN_US: '0' },
  variants: [
    { name: 'thread ↔ thread, one core', apart: false, floors },
    { name: 'thread ↔ thread, two cores', apart: true, floors },
    { name: 'event loop ↔ thread, one core', apart: false, loop: true, floors },
    { name: 'event loop ↔ thread, two cores', apart: true, loop: true, floors },
  ],

  async heddle({ loop, apart }) {
    const { Barrier, Event, Thread } = await import('heddle');
    const cores = allowedCores();
    const seat = ({ nativeId }, i) => sitOn(cores[apart ? i : 0], nativeId);
    const ping = new Event();
    const pong = new Event();
    if (!loop) {
      const argsOf = (start) => [
        [true, pong, ping, start, WARM_UP, ROUNDS],
        [false, ping, pong, start, WARM_UP, ROUNDS],
      ];
      const elapsed = await timeThreads(eventThread, 2, argsOf, seat);
      return (elapsed * 1e6) / ROUNDS;
    }
    const alone = new Barrier(1);
    const thread = new Thread({ target: eventThread, args: [false, ping, pong, alone, WARM_UP, ROUNDS] });
    await thread.start();
    [{ nativeId: process.pid }, thread].forEach(seat);
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
    'C++ futex': { needs: 'g++', run: ({ apart }) => pingPong('futex', apart) },
    'C++ eventfd + futex': {
      needs: 'g++',
      skip: ({ loop }) => !loop,
      run: ({ apart }) => pingPong('epoll', apart),
    },
  },
};

function pingPong(by, apart) {
  return cpp('futex_ping_pong.cc', by, apart ? 'apart' : 'together', ROUNDS);
}
