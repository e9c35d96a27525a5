/**
 * What the pool scenarios share: the ways to drive a pool, timed and checked, and the Node pools as peers.
 *
 * A pool here is `run(name, value, transfer?)`, which runs the function of that name from
 * `peers/pools/tasks.mjs` on a worker and returns a promise of its result, and `close()`.
 */

import { median } from './report.mjs';

/** Each opens with its defaults, or tuned: { atOnce, atomics }; in either case with `threads` workers if it is told so. */
const LIBRARIES = {
  piscina: {},
  tinypool: {},
  workerpool: {},
  poolifier: {},
  // Needs the global `navigator`, which came with Node 21.
  multithreading: { node: '24' },
};

export const NODE_POOLS = Object.keys(LIBRARIES).flatMap((name) => [name, `${name} tuned`]);

async function open(name, settings) {
  const { open } = await import(`../peers/pools/${name}.mjs`);
  return open(settings);
}

/**
 * The Node pools as peers of a scenario. `measure(open, variant)` comes to the figure, where
 * `open({ threads })` opens a pool; `settingsFor(variant)` names what serves each library best there, found by trying its options.
 */
export function nodePools(measure, settingsFor = () => ({}), names = Object.keys(LIBRARIES)) {
  const peers = {};
  for (const name of names) {
    const requirements = { needs: name, ...LIBRARIES[name] };
    peers[name] = {
      ...requirements,
      run: (variant) => measure((settings) => open(name, settings ?? {}), variant),
    };
    peers[`${name} tuned`] = {
      ...requirements,
      run(variant) {
        const { threads, ...tuned } = settingsFor(variant)[name] ?? {};
        return measure((settings) => open(name, { threads, ...settings, tuned }), variant);
      },
    };
  }
  return peers;
}

/** heddle as such a pool: of threads, or, with `processes`, of processes. */
export async function openHeddle(settings) {
  const { ProcessPoolExecutor, ThreadPoolExecutor } = await import('heddle');
  const tasks = await import('../peers/pools/tasks.mjs');
  const { touchAndMove } = await import('../peers/pools/heddle.tasks.mjs');
  const cls = settings?.processes ? ProcessPoolExecutor : ThreadPoolExecutor;
  const executor = new cls({ maxWorkers: settings?.threads });
  return {
    executor,
    run(name, value, transfer) {
      if (transfer === undefined) return executor.submit(tasks[name], value);
      // Peers move the result back by a function of their own.
      return executor.options({ transfer }).submit(name === 'touchAndMove' ? touchAndMove : tasks[name], value);
    },
    close: () => executor.shutdown(),
  };
}

/** Awaits task after task. The sum of their results must be right. */
export async function oneAtATime(run, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await run(i);
  checkSum(sum, count);
}

/** Keeps `inFlight` tasks on their way: each that is done is followed by another. */
export async function keepInFlight(run, count, inFlight) {
  let sum = 0;
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      const result = await run(begun++);
      sum += result;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  checkSum(sum, count);
}

/** Submits all, then awaits all. */
export async function allAtOnce(run, count) {
  const results = [];
  for (let i = 0; i < count; i++) results.push(run(i));
  let sum = 0;
  for (const result of results) sum += await result;
  checkSum(sum, count);
}

/** The tasks are `next(0)` … `next(count - 1)`. */
function checkSum(sum, count) {
  const expected = (count * (count + 1)) / 2;
  if (sum !== expected) throw new Error(`the results add up to ${sum}, not ${expected}`);
}

/** So long it takes V8 to have compiled and optimised both ends of a pool, on a slow machine too. Milliseconds. */
const WARM_UP = 1000;
/** And so long, where little is done in a second, or memory has to be found that large payloads go round in. */
export const LONG_WARM_UP = 2500;

/**
 * Milliseconds for one item: the median of `work(size)` done again and again for at least `ms`, after `warmUp` ms of it with
 * `first` items at a time. A median, for a machine that is never quite free takes the processor away at times.
 */
export async function timePerItem(work, size, ms, first = size, warmUp = WARM_UP) {
  await repeat(work, first, warmUp);
  return median(await repeat(work, size, ms)) / size;
}

/** How long each `work(size)` took. */
async function repeat(work, size, ms) {
  const times = [];
  const start = performance.now();
  for (let now = start; now - start < ms; ) {
    const began = now;
    await work(size);
    now = performance.now();
    times.push(now - began);
  }
  return times;
}
