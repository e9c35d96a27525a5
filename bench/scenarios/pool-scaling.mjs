import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { keepInFlight, nodePools, openHeddle, timePerItem } from '../harness/pools.mjs';
import { median } from '../harness/report.mjs';
import { burn } from '../peers/pools/tasks.mjs';

const CORES = availableParallelism();

/** Nanoseconds of one round of `burn`, compiled and undisturbed. */
function nanosecondsPerRound() {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    if (burn(500_000) === 0) throw new Error('a xorshift generator never reaches 0');
    best = Math.min(best, ((performance.now() - start) * 1e6) / 500_000);
  }
  return best;
}

/** Milliseconds per task of so many microseconds with so many workers. */
async function timeWith(open, threads, rounds, microseconds) {
  const pool = await open({ threads });
  const expected = burn(rounds);
  // keepInFlight adds up: a right result counts as the task's number and one, a wrong one spoils the sum.
  const run = async (n) => ((await pool.run('burn', rounds)) === expected ? n + 1 : Number.NaN);
  const batch = Math.max(64, Math.round(20_000 / microseconds));
  const perTask = await timePerItem((count) => keepInFlight(run, count, 64), batch, 250);
  await pool.close();
  return perTask;
}

async function measure(open, { microseconds, overLoop }) {
  const perRound = nanosecondsPerRound();
  const rounds = Math.round((microseconds * 1000) / perRound);
  const ratios = [];
  for (let i = 0; i < 3; i++) {
    const one = overLoop ? (rounds * perRound) / 1e6 : await timeWith(open, 1, rounds, microseconds);
    ratios.push(one / (await timeWith(open, CORES, rounds, microseconds)));
  }
  return median(ratios);
}

/** The same of threads that share the tasks beforehand, which is all that the machine has to give. */
async function measureBare({ microseconds }) {
  const rounds = Math.round((microseconds * 1000) / nanosecondsPerRound());
  const expected = burn(rounds);
  const threads = Array.from({ length: CORES }, () => new Worker(new URL('../peers/burn.worker.mjs', import.meta.url)));
  const timeWithBare = async (count) => {
    const tasks = Math.round((CORES * 300_000) / microseconds / count);
    const start = performance.now();
    const done = threads.slice(0, count).map((thread) => {
      thread.postMessage({ tasks, rounds });
      return once(thread, 'message');
    });
    const results = await Promise.all(done);
    const elapsed = performance.now() - start;
    for (const [result] of results) if (result !== expected) throw new Error(`burnt to ${result}, not ${expected}`);
    return elapsed;
  };
  await timeWithBare(CORES);
  const ratios = [];
  for (let i = 0; i < 3; i++) ratios.push((await timeWithBare(1)) / (await timeWithBare(CORES)));
  for (const thread of threads) await thread.terminate();
  return median(ratios);
}

const tasks = [
  { name: '10 µs', microseconds: 10, floor: 1.5 },
  { name: '100 µs', microseconds: 100, floor: 1.8 },
  { name: '1 ms', microseconds: 1000, floor: 1.9 },
];

export default {
  title: `CPU-bound tasks: how many times the work of one core ${CORES} workers get done`,
  work: `Xorshift rounds that take 10 µs, 100 µs or 1 ms, 64 tasks in flight, every result checked; the median of three ratios. Ideal is ${CORES}; what the machine has to give, threads show that share out the tasks beforehand. The submitting thread needs its share of the same cores.`,
  unit: '×',
  variants: [
    // What a scenario asks of two cores says nothing of one or of eight.
    ...tasks.map(({ name, microseconds, floor }) => ({
      name: `${name}, 1 → ${CORES} workers`,
      microseconds,
      floors: CORES === 2 ? [{ atLeast: floor, goal: 1.9 }] : [],
    })),
    ...tasks.map(({ name, microseconds }) => ({
      name: `${name}, ${CORES} workers over a plain loop`,
      microseconds,
      overLoop: true,
      floors: [],
    })),
  ],

  heddle: (variant) => measure(openHeddle, variant),

  peers: {
    ...nodePools(measure, () => ({ piscina: { atOnce: 8 }, tinypool: { atOnce: 8 } })),
    'bare threads': { skip: ({ overLoop }) => overLoop, run: measureBare },
  },
};
