import { java, python } from '../harness/peers.mjs';
import {
  allAtOnce,
  keepInFlight,
  LONG_WARM_UP,
  NODE_POOLS,
  nodePools,
  openHeddle,
  timePerItem,
} from '../harness/pools.mjs';

const FEW = 64;
const MANY = 50_000;

const floors = [
  { against: NODE_POOLS, floor: 8, goal: 40 },
  { against: 'Java FixedThreadPool', floor: 0.2, goal: 1 },
];

async function measure(open, { inFlight }) {
  const pool = await open();
  const run = (n) => pool.run('next', n);
  const perTask =
    inFlight === FEW
      ? await timePerItem((count) => keepInFlight(run, count, FEW), 2000, 800, 2000, LONG_WARM_UP)
      : await timePerItem((count) => allAtOnce(run, count), MANY, 800, MANY / 5);
  await pool.close();
  return 1000 / perTask;
}

// Tried: 8 … 1024 tasks on a worker at once, Atomics.wait, waitAsync and neither, one worker and two.
const tuned = {
  [FEW]: { piscina: { atOnce: 8 }, tinypool: { atOnce: 8 } },
  [MANY]: { piscina: { atOnce: 64, threads: 1 }, tinypool: { atOnce: 32, atomics: 'disabled' } },
};

export default {
  title: 'tasks that do next to nothing, many on their way',
  work: `n + 1 for at least 0.8 s: ${FEW} on their way, each that is done followed by another; then ${MANY} submitted before the first is awaited. The sum of the results is checked. The median of rounds of 2,000, or of ${MANY}.`,
  unit: 'op/s',
  variants: [FEW, MANY].map((inFlight) => ({ name: `${inFlight} in flight`, inFlight, floors })),

  heddle: (variant) => measure(openHeddle, variant),

  peers: {
    ...nodePools(measure, ({ inFlight }) => tuned[inFlight]),
    'CPython ThreadPoolExecutor': {
      needs: 'python3',
      run: ({ inFlight }) => python('pool_bench.py', 'throughput', MANY, inFlight),
    },
    'Java FixedThreadPool': {
      needs: 'java',
      run: ({ inFlight }) => java('PoolBench.java', 'throughput', 10 * MANY, inFlight),
    },
  },
};
