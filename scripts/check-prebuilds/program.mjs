/**
 * A little of everything that an engine must do, for binaries and runtimes that the suite does not run on: a lock, a
 * queue, threads, pools, a process, memory by name. Needs nothing but `heddle`; the last line it writes is JSON.
 *
 *   node scripts/check-prebuilds/program.mjs
 */
import {
  engine,
  Lock,
  Process,
  ProcessPoolExecutor,
  Queue,
  SharedArray,
  SharedMemory,
  Thread,
  ThreadPoolExecutor,
} from 'heddle';

export function countUp(lock, counter, times) {
  for (let n = 0; n < times; n++) {
    lock.withLockSync(() => {
      // Not atomic: without the lock counts would be lost.
      counter.array[0] = counter.array[0] + 1;
    });
  }
}

export function square(from, to) {
  for (let n = from.getSync(); n !== null; n = from.getSync()) to.putSync(n * n);
}

export function double(n) {
  return 2 * n;
}

function expect(what, actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  console.log(`${what}: ok`);
}

async function lock() {
  const mine = new Lock();
  expect('lock is free', await mine.acquire(), true);
  expect('lock is taken', await mine.acquire({ timeout: 0 }), false);
  mine.release();

  const counter = new SharedArray('i', 1);
  const threads = [1, 2].map(() => new Thread({ target: countUp, args: [mine, counter, 500] }));
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  expect('lock between threads', counter.array[0], 1000);
}

async function queue() {
  const there = new Queue(4);
  const back = new Queue();
  const thread = new Thread({ target: square, args: [there, back] });
  await thread.start();
  for (let n = 1; n <= 100; n++) await there.put(n);
  await there.put(null);
  await thread.join();
  let sum = 0;
  while (!back.empty()) sum += back.getNowait();
  expect('queue between threads', sum, 338350);
  await back.put('x'.repeat(100_000));
  expect('queue of large items', (await back.get()).length, 100_000);
}

async function pool() {
  const executor = new ThreadPoolExecutor({ maxWorkers: 2 });
  const results = await Promise.all([1, 2, 3].map((n) => executor.submit(double, n)));
  expect('pool', results, [2, 4, 6]);
  await executor.shutdown();
}

export function crash() {
  process.exit(3);
}

export function hand(queue, n) {
  queue.putSync(n);
  return queue;
}

async function processPool() {
  const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const lost = executor.submit(crash);
  const results = await Promise.all([1, 2, 3].map((n) => executor.submit(double, n)));
  expect('pool of processes', results, [2, 4, 6]);
  expect('a worker that ends', (await lost.exception()).message.includes('exit code 3'), true);
  const queue = new Queue();
  expect('a queue there and back', (await executor.submit(hand, queue, 5)) === queue && queue.getNowait(), 5);
  await executor.shutdown();
}

export async function addUp(lock, from, to) {
  let sum = 0;
  for (let n = from.getSync(); n !== null; n = await from.get()) sum += n;
  lock.withLockSync(() => to.putSync(sum));
}

async function processes() {
  const [lock, there, back] = [new Lock(), new Queue(), new Queue()];
  await lock.acquire();
  const child = new Process({ target: addUp, args: [lock, there, back] });
  await child.start();
  for (const n of [1, 2, 3, null]) await there.put(n);
  expect('process waits for a lock', await child.join({ timeout: 300 }), false);
  lock.release();
  expect('process', back.getSync(), 6);
  expect('process ends', [await child.join(), child.exitCode], [true, 0]);
}

export function fill(memory, byte) {
  memory.buf.fill(byte);
  memory.close();
}

async function sharedMemory() {
  const memory = new SharedMemory({ create: true, size: 5000 });
  const { name } = memory;
  const child = new Process({ target: fill, args: [memory, 7] });
  await child.start();
  await child.join();
  expect('memory by name', [memory.buf[0], memory.buf[4999]], [7, 7]);
  const codeOf = (options) => {
    try {
      new SharedMemory(options).close();
      return 'none';
    } catch (error) {
      return error.code;
    }
  };
  expect('a name that is taken', codeOf({ create: true, size: 5, name }), 'EEXIST');
  memory.unlink();
  memory.close();
  expect('a name that is gone', codeOf({ name }), 'ENOENT');
}

// A thread that imports this module to find its target runs it from the top.
const { isMainThread } = await import('node:worker_threads');
if (isMainThread) {
  process.execPath = process.env.HEDDLE_CHECK_EXECUTABLE ?? process.execPath;
  await lock();
  await queue();
  await pool();
  await processes();
  await processPool();
  if (engine.supports.namedSharedMemory) await sharedMemory();
  console.log(JSON.stringify({ engine: engine.name, refusals: engine.refusals, supports: engine.supports }));
}
