export default {
  title: 'await acquire and release between tasks of one event loop',
  work: '300,000 pairs, each of which adds 1 to a plain counter around an await.',
  unit: 'ns',
  variants: [
    { name: '1 task', tasks: 1, count: 300_000, floors: [{ against: 'async-mutex', floor: 1.5, goal: 3 }] },
    { name: '100 tasks', tasks: 100, count: 300_000, floors: [{ against: 'async-mutex', floor: 1 }] },
  ],

  async heddle(variant) {
    const { Lock } = await import('heddle');
    const lock = new Lock();
    let held = 0;
    return perOperation(
      variant,
      async (count) => {
        for (let i = 0; i < count; i++) {
          await lock.acquire();
          held++;
          lock.release();
        }
      },
      () => held,
    );
  },

  peers: {
    'async-mutex': {
      async run(variant) {
        const { Mutex } = await import('async-mutex');
        const mutex = new Mutex();
        let held = 0;
        return perOperation(
          variant,
          async (count) => {
            for (let i = 0; i < count; i++) {
              const release = await mutex.acquire();
              held++;
              release();
            }
          },
          () => held,
        );
      },
    },
  },
};

async function perOperation({ tasks, count }, task, held) {
  const warmUp = count / 10;
  const all = (total) => Promise.all(Array.from({ length: tasks }, () => task(total / tasks)));
  await all(warmUp);
  const start = performance.now();
  await all(count);
  const elapsed = performance.now() - start;
  if (held() !== count + warmUp) throw new Error(`held ${held()} times`);
  return (elapsed * 1e6) / count;
}
