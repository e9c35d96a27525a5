import { java, python } from '../harness/peers.mjs';
import { NODE_POOLS, nodePools, oneAtATime, openHeddle, timePerItem } from '../harness/pools.mjs';

async function measure(open) {
  const pool = await open();
  const run = (n) => pool.run('next', n);
  const figure = (await timePerItem((count) => oneAtATime(run, count), 100, 700)) * 1e6;
  await pool.close();
  return figure;
}

// One worker that stays awake serves a caller who waits for each result better than two that take turns.
const tuned = Object.fromEntries(
  ['piscina', 'tinypool', 'poolifier', 'multithreading'].map((name) => [name, { threads: 1 }]),
);

export default {
  title: 'await of a task that does next to nothing, one at a time',
  work: 'n + 1 for 0.7 s, the sum of the results checked; the median of hundreds. One worker per core; tuned peers have the one worker that serves them best.',
  unit: 'ns',
  floors: [{ against: NODE_POOLS, floor: 8, goal: 30 }],

  heddle: () => measure(openHeddle),

  peers: {
    ...nodePools(measure, () => tuned),
    'CPython ThreadPoolExecutor': { needs: 'python3', run: () => python('pool_bench.py', 'latency', 5000) },
    'CPython mp.Pool.apply': { needs: 'python3', run: () => python('pool_bench.py', 'apply_latency', 2000) },
    'Java FixedThreadPool': { needs: 'java', run: () => java('PoolBench.java', 'latency', 50_000, 1) },
  },
};
