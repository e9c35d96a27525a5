import { MessageChannel, Worker } from 'node:worker_threads';
import { cpp, java, python } from '../harness/peers.mjs';
import { timeThreads } from '../harness/threads.mjs';
import { totalOf } from '../peers/items.mjs';
import { queueThread } from './threads/queue.mjs';

const PLACES = 1024;
const integers = [
  { against: 'CPython queue.Queue', floor: 5, goal: 20 },
  { against: 'MessagePort', floor: 10, goal: 30 },
  { against: 'Java ArrayBlockingQueue', floor: 0.2, goal: 1 },
];

export default {
  title: 'putSync and getSync between threads',
  work: `One Queue of ${PLACES} places; what comes out is added up and checked. Twice as many go through before the clock starts (Java: as many; CPython, which does not compile: none). A MessagePort has one writer and one reader, so it gets a channel for each pair, and no bound; that it has places and blocks, as a Queue, is shown for comparison, and so is a bare ring in C++.`,
  unit: 'op/s',
  variants: [
    { name: 'integers 1 → 1', item: 'int', pairs: 1, count: 4_000_000, floors: integers },
    { name: 'integers 4 → 4', item: 'int', pairs: 4, count: 4_000_000, floors: integers },
    { name: '{ id, name, x }', item: 'object', pairs: 1, count: 500_000, floors: port(3, 10) },
    { name: '1 KB strings', item: 'string', pairs: 1, count: 500_000, floors: port(2, 5) },
    { name: '64 KB buffers', item: 'buffer', pairs: 1, count: 20_000, floors: port(2) },
  ],

  async heddle({ item, pairs, count }) {
    const { Queue, SharedArray } = await import('heddle');
    const queue = new Queue(PLACES);
    const sums = new SharedArray('d', pairs, { lock: false });
    const each = count / pairs;
    const elapsed = await timeThreads(queueThread, 2 * pairs, (start) => {
      const roles = [];
      for (let i = 0; i < pairs; i++) roles.push(['producer', i], ['consumer', i]);
      return roles.map(([role, i]) => [role, queue, item, each, start, sums, i]);
    });
    check(sums.array, item, pairs, each);
    if (!queue.empty()) throw new Error('items are left');
    return (count / elapsed) * 1000;
  },

  peers: {
    MessagePort: {
      run: (variant) => ports(variant, 'port.worker.mjs'),
    },
    'MessagePort, bounded and blocking': {
      run: (variant) => ports(variant, 'bounded-port.worker.mjs'),
    },
    'CPython queue.Queue': {
      needs: 'python3',
      skip: ({ item }) => item !== 'int',
      run: ({ pairs, count }) => python('threading_bench.py', 'queue_ints', count / 20, pairs),
    },
    'Java ArrayBlockingQueue': {
      needs: 'java',
      skip: ({ item }) => item !== 'int',
      run: ({ pairs, count }) => java('BlockingQueueBench.java', count, pairs),
    },
    'C++ ring': {
      needs: 'g++',
      skip: ({ item }) => item !== 'int',
      run: ({ pairs, count }) => cpp('ring_limit.cc', count * 4, pairs),
    },
  },
};

function port(floor, goal) {
  return [{ against: 'MessagePort', floor, goal }];
}

/** A channel and two workers for each pair; both sides run `file`. */
async function ports({ item, pairs, count }, file) {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const each = count / pairs;
  const sums = [];
  for (let i = 0; i < pairs; i++) {
    const { port1, port2 } = new MessageChannel();
    const done = new MessageChannel();
    sums.push(new Promise((resolve) => done.port1.once('message', resolve)));
    const both = { words, channel: new Int32Array(new SharedArrayBuffer(64)), places: PLACES, count: each, item };
    start(file, { ...both, role: 'producer', port: port1 }, [port1]);
    start(file, { ...both, role: 'consumer', port: port2, done: done.port2 }, [port2, done.port2]);
  }
  for (let ready = 0; ready < 2 * pairs; ready = Atomics.load(words, 0)) {
    await Atomics.waitAsync(words, 0, ready).value;
  }
  Atomics.store(words, 1, 1);
  const began = performance.now();
  Atomics.notify(words, 1);
  const results = await Promise.all(sums);
  const elapsed = performance.now() - began;
  check(results, item, pairs, each);
  return (count / elapsed) * 1000;
}

function start(file, workerData, transferList) {
  return new Worker(new URL(`../peers/${file}`, import.meta.url), { workerData, transferList });
}

function check(sums, item, pairs, each) {
  let total = 0;
  for (const sum of sums) total += sum;
  const expected = pairs * totalOf(item, each);
  if (total !== expected) throw new Error(`the items add up to ${total}, not ${expected}`);
}
