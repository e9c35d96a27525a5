import { availableParallelism } from 'node:os';
import { python } from '../harness/peers.mjs';
import { NODE_POOLS, nodePools } from '../harness/pools.mjs';
import { square } from '../peers/pools/tasks.mjs';

const COUNT = 1_000_000;
/** As Python chooses it: four chunks for each worker. */
const CHUNK = Math.ceil(COUNT / (4 * availableParallelism()));

const numbers = Array.from({ length: COUNT }, (_, i) => i);

/** Items per second, the better of two runs after a first one that warms up. */
async function perSecond(map) {
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const results = await map(numbers);
    const seconds = (performance.now() - start) / 1000;
    check(results);
    if (round > 0) best = Math.max(best, COUNT / seconds);
  }
  return best;
}

function check(results) {
  if (results.length !== COUNT) throw new Error(`${results.length} results, not ${COUNT}`);
  for (let i = 0; i < COUNT; i++) {
    if (results[i] !== i * i) throw new Error(`result ${i} is ${results[i]}`);
  }
}

async function measureChunks(open) {
  const pool = await open();
  const figure = await perSecond(async (items) => {
    const chunks = [];
    for (let i = 0; i < COUNT; i += CHUNK) chunks.push(pool.run('squares', items.slice(i, i + CHUNK)));
    return (await Promise.all(chunks)).flat();
  });
  await pool.close();
  return figure;
}

export default {
  title: 'map of 1 M integers to their squares',
  work: `Executor.map of an array into an array, chunks chosen by heddle; every result is checked. Python's Pool.map chooses chunks of ${CHUNK}; the Node pools have no map that cuts chunks, so they get the same ones made by hand.`,
  unit: 'op/s',
  floors: [
    { against: 'CPython mp.Pool.map', floor: 1, goal: 5 },
    { against: NODE_POOLS, floor: 1, goal: 2 },
  ],

  async heddle() {
    const { ThreadPoolExecutor } = await import('heddle');
    const executor = new ThreadPoolExecutor();
    const figure = await perSecond((items) => executor.map(square, items).toArray());
    await executor.shutdown();
    return figure;
  },

  peers: {
    ...nodePools(measureChunks),
    'CPython mp.Pool.map': { needs: 'python3', run: () => python('pool_bench.py', 'pool_map', COUNT) },
    'CPython ThreadPool.map': { needs: 'python3', run: () => python('pool_bench.py', 'thread_pool_map', COUNT) },
  },
};
