/**
 * The contract in brief: each kind of object, between tasks, threads and processes, on whichever engine, runtime and
 * platform runs this.
 *
 *   node scripts/smoke/smoke.mjs [CHECK …]      default: all
 *
 * Prints the engine, then for each check `ok NAME`, `lacks NAME: why` where heddle says that it cannot do that here, or
 * `FAILED NAME: why`. Exit code 1: a check has failed.
 */
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import * as heddle from 'heddle';
import { sortSync } from 'heddle/parallel';
import { addUnderLock, awaitReady, cube, double, echo, fail, produce, square } from './tasks.mjs';

const { Condition, engine, Lock, Pipe, Pool, Process, Queue, SharedArray, SharedMemory } = heddle;
const { Thread, ThreadPool, ThreadPoolExecutor, Value } = heddle;

/** A check that takes longer hangs. */
const LIMIT = 20_000;

/** Errors by which heddle says that something cannot be done here, and why. */
const REFUSALS = [heddle.FunctionNotShippableError, heddle.ProcessStateError, heddle.EngineUnavailableError];

function equal(actual, expected) {
  if (inspect(actual) !== inspect(expected)) throw new Error(`${inspect(actual)}, not ${inspect(expected)}`);
}

async function both(Kind, target, args) {
  const pair = [1, 2].map(() => new Kind({ target, args }));
  for (const one of pair) await one.start();
  return pair;
}

const checks = {
  async lock() {
    const lock = new Lock();
    const count = new Value('i', 0, { lock: false });
    const threads = await both(Thread, addUnderLock, [lock, count, 2000]);
    for (let i = 0; i < 500; i++) {
      await lock.withLock(async () => {
        const before = count.value;
        await null;
        count.value = before + 1;
      });
    }
    for (const thread of threads) await thread.join();
    equal(count.value, 4500);
    lock.acquireSync();
    equal(await lock.acquire({ timeout: 20 }), false);
    lock.release();
  },

  async condition() {
    const condition = new Condition();
    const ready = new SharedArray('i', 2);
    const thread = new Thread({ target: awaitReady, args: [condition, ready] });
    await thread.start();
    await condition.withLock(async () => {
      ready.array[0] = 1;
      condition.notifyAll();
      await condition.waitFor(() => ready.array[1] === 2);
    });
    equal(thread.joinSync({ timeout: LIMIT }), true);
  },

  async queue() {
    const queue = new Queue(3);
    const threads = await both(Thread, produce, [queue, 300]);
    let sum = 0;
    for (let ends = 0; ends < threads.length; ) {
      const item = await queue.get();
      if (item === null) ends++;
      else sum += item.i;
    }
    equal(sum, 2 * 45_150);
    equal(await queue.get({ timeout: 5 }).catch((error) => error.constructor), heddle.QueueEmptyError);
  },

  async thread() {
    const results = new Queue();
    const thread = new Thread({ target: square, args: [new Lock(), new Queue(), results], daemon: true });
    await thread.start();
    equal([thread.isAlive(), await thread.join({ timeout: 20 }), results.empty()], [true, false, true]);
  },

  async closures() {
    const results = new Queue();
    const factor = 3;
    const times = (n) => n * factor;
    const thread = new Thread({ target: (n) => results.putSync(times(n)), args: [14] });
    await thread.start();
    equal(await results.get(), 42);
    await thread.join();
  },

  async pool() {
    const pool = new ThreadPool(2);
    equal(await pool.map(cube, [1, 2, 3]), [1, 8, 27]);
    equal(pool.mapSync(cube, [4, 5]), [64, 125]);
    pool.terminate();
    await pool.join();
    const executor = new ThreadPoolExecutor({ maxWorkers: 2 });
    const error = await executor.submit(fail, 'on purpose').exception();
    equal([error.constructor, error.message], [RangeError, 'on purpose']);
    await executor.shutdown();
  },

  async sharedArray() {
    const numbers = new SharedArray('d', [1.5, 2.5]);
    const thread = new Thread({ target: double, args: [numbers] });
    await thread.start();
    await thread.join();
    equal([...numbers.array], [3, 5]);
  },

  async kernels() {
    equal([...sortSync(new Float64Array([3, 1, 2]))], [1, 2, 3]);
  },

  async process() {
    const [lock, numbers, squares] = [new Lock(), new Queue(4), new Queue()];
    const child = new Process({ target: square, args: [lock, numbers, squares] });
    await child.start();
    for (const n of [5, 6, null]) await numbers.put(n);
    equal([await squares.get(), await squares.get()], [25, 36]);
    await child.join();
    equal(child.exitCode, 0);
  },

  async pipe() {
    const [near, far] = Pipe();
    const child = new Process({ target: echo, args: [far] });
    await child.start();
    await near.send({ text: 'hello' });
    equal(await near.recv(), { text: 'hello' });
    await child.join();
  },

  async processPool() {
    const pool = new Pool({ processes: 1 });
    equal(await pool.map(cube, [1, 2, 3]), [1, 8, 27]);
    pool.terminate();
    await pool.join();
  },

  async sharedMemory() {
    const memory = new SharedMemory({ create: true, size: 16 });
    memory.buf[3] = 7;
    const other = new SharedMemory({ name: memory.name });
    equal(other.buf[3], 7);
    other.close();
    memory.close();
    memory.unlink();
  },
};

function oneLine(error) {
  return String(error?.message ?? error).split('\n', 1)[0];
}

async function run(name) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${LIMIT} ms`)), LIMIT);
  });
  try {
    await Promise.race([checks[name](), late]);
    console.log(`ok ${name}`);
    return true;
  } catch (error) {
    const refused = REFUSALS.some((Refusal) => error instanceof Refusal);
    console.log(`${refused ? 'lacks' : 'FAILED'} ${name}: ${oneLine(error)}`);
    return refused;
  } finally {
    clearTimeout(timer);
  }
}

async function main(asked) {
  console.log(`engine ${[engine.name, ...engine.refusals].join('; ')}`);
  let sound = true;
  for (const name of asked.length > 0 ? asked : Object.keys(checks)) sound = (await run(name)) && sound;
  // What a failed check has left waiting would keep the program; without one, it must end by itself.
  if (!sound) process.exit(1);
}

// In a bundle, which is one module, this is imported by threads too.
if (isMainThread && heddle.parentProcess() === undefined) void main(process.argv.slice(2));
