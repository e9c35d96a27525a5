import { python } from '../harness/peers.mjs';

const COUNT = 5_000_000;

export default {
  title: 'acquireSync and release of a lock that nobody else wants',
  work: `${COUNT} pairs, each of which adds 1 to a plain counter.`,
  unit: 'ns',
  floors: [
    { against: 'bare CAS + store', floor: 1 / 3, goal: 1 / 1.5 },
    { against: 'CPython Lock', floor: 4, goal: 10 },
  ],

  async heddle() {
    const { Lock } = await import('heddle');
    const lock = new Lock();
    let held = 0;
    function body(count) {
      for (let i = 0; i < count; i++) {
        lock.acquireSync();
        held++;
        lock.release();
      }
    }
    return perOperation(body, () => held);
  },

  peers: {
    'bare CAS + store': {
      run() {
        const words = new Int32Array(new SharedArrayBuffer(64));
        let held = 0;
        function body(count) {
          for (let i = 0; i < count; i++) {
            if (Atomics.compareExchange(words, 0, 0, 1) !== 0) throw new Error('somebody else holds it');
            held++;
            Atomics.store(words, 0, 0);
          }
        }
        return perOperation(body, () => held);
      },
    },
    'CPython Lock': { needs: 'python3', run: () => python('threading_bench.py', 'lock', COUNT / 5) },
  },
};

function perOperation(body, held) {
  const warmUp = COUNT / 5;
  body(warmUp);
  const start = performance.now();
  body(COUNT);
  const elapsed = performance.now() - start;
  if (held() !== COUNT + warmUp) throw new Error(`held ${held()} times`);
  return (elapsed * 1e6) / COUNT;
}
