import { python } from '../harness/peers.mjs';
import {
  allAtOnce,
  keepInFlight,
  LONG_WARM_UP,
  nodePools,
  oneAtATime,
  openHeddle,
  timePerItem,
} from '../harness/pools.mjs';

const FEW = 64;
const MANY = 10_000;
const ITEMS = 500_000;
const NODE = ['workerpool', 'workerpool tuned', 'jest-worker', 'jest-worker tuned'];

const floors = [
  { against: NODE, floor: 8, goal: 50 },
  { against: 'CPython ProcessPoolExecutor', floor: 3, goal: 10 },
];

const ways = {
  one: (run) => timePerItem((count) => oneAtATime(run, count), 100, 700, 100, LONG_WARM_UP),
  few: (run) => timePerItem((count) => keepInFlight(run, count, FEW), 2000, 800),
  many: (run) => timePerItem((count) => allAtOnce(run, count), MANY, 800, MANY / 5),
};

async function measure(open, { way }) {
  const pool = await open({ processes: true });
  // The first task waits for a process.
  await pool.run('next', 0);
  const perTask = await ways[way]((n) => pool.run('next', n));
  await pool.close();
  return 1000 / perTask;
}

/** Items per second of `Pool.map`. */
async function measureMap() {
  const { Pool } = await import('heddle');
  const { square } = await import('../peers/pools/tasks.mjs');
  const pool = new Pool();
  const items = Array.from({ length: ITEMS }, (_, i) => i);
  const map = async () => {
    const results = await pool.map(square, items);
    if (results.length !== ITEMS || results[ITEMS - 1] !== (ITEMS - 1) ** 2) throw new Error('wrong squares');
  };
  const perCall = await timePerItem(map, 1, 1000);
  pool.close();
  await pool.join();
  return (ITEMS / perCall) * 1000;
}

export default {
  title: 'tasks that do next to nothing, on processes',
  work: `n + 1, awaited one at a time; ${FEW} on their way, each that is done followed by another; ${MANY} submitted before the first is awaited; and a map of the squares of ${ITEMS} integers. Results are checked. One process per core, or what a peer takes by default; the median of rounds for 0.7 s or more.`,
  unit: 'op/s',
  variants: [
    { name: 'one at a time', way: 'one', floors },
    { name: `${FEW} in flight`, way: 'few', floors },
    { name: `${MANY} at once`, way: 'many', floors },
    { name: 'map', way: 'map', floors: [{ against: 'CPython mp.Pool.map', floor: 1, goal: 5 }] },
  ],

  heddle: (variant) => (variant.way === 'map' ? measureMap() : measure(openHeddle, variant)),

  peers: {
    ...withoutMap(nodePools(measure, undefined, ['workerpool', 'jest-worker'])),
    'CPython ProcessPoolExecutor': {
      needs: 'python3',
      skip: ({ way }) => way === 'map',
      run: ({ way }) =>
        way === 'one'
          ? 1e9 / python('pool_bench.py', 'process_latency', 2000)
          : python('pool_bench.py', 'process_throughput', MANY, way === 'few' ? FEW : MANY),
    },
    'CPython mp.Pool.map': {
      needs: 'python3',
      skip: ({ way }) => way !== 'map',
      run: () => python('pool_bench.py', 'pool_map', ITEMS),
    },
  },
};

function withoutMap(peers) {
  for (const peer of Object.values(peers)) peer.skip = ({ way }) => way === 'map';
  return peers;
}
