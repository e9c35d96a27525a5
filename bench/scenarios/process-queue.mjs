import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { python } from '../harness/peers.mjs';
import { itemOf, totalOf } from '../peers/items.mjs';
import { echo, takeAll } from './processes/work.mjs';

const PLACES = 1024;
const both = [
  { against: 'child_process IPC', floor: 10, goal: 50 },
  { against: 'CPython mp.Queue', floor: 3, goal: 10 },
];
const ipc = [{ against: 'child_process IPC', floor: 10, goal: 50 }];

export default {
  title: 'putSync and getSync between two processes',
  work: `One Queue of ${PLACES} places, from this process to a child, which adds up what it takes; the sum is checked. Round trips go through two queues, one item at a time. IPC is \`send\` and 'message' with its default serialisation, without a bound.`,
  unit: 'op/s',
  engines: ['native'],
  variants: [
    { name: 'integers', item: 'int', count: 4_000_000, peerCount: 100_000, floors: both },
    { name: '{ id, name, x }', item: 'object', count: 1_000_000, peerCount: 50_000, floors: both },
    { name: '1 KB strings', item: 'string', count: 1_000_000, peerCount: 50_000, floors: ipc },
    { name: 'round trips', roundTrips: true, count: 50_000, peerCount: 10_000, floors: both },
  ],

  heddle: (variant) => (variant.roundTrips ? roundTrips(variant) : oneWay(variant)),

  peers: {
    'child_process IPC': { run: measureIpc },
    'CPython mp.Queue': {
      needs: 'python3',
      skip: ({ item }) => item === 'string',
      run: ({ roundTrips, item, peerCount }) =>
        roundTrips
          ? python('process_bench.py', 'round_trips', peerCount)
          : python('process_bench.py', item === 'int' ? 'queue_ints' : 'queue_objects', peerCount),
    },
  },
};

async function oneWay({ item, count }) {
  const { Barrier, Process, Queue } = await import('heddle');
  const queue = new Queue(PLACES);
  const results = new Queue();
  const start = new Barrier(2);
  const make = itemOf(item);
  const warmUp = count / 10;
  const child = new Process({ target: takeAll, args: [queue, item, warmUp, count, start, results] });
  await child.start();
  for (let i = 0; i < warmUp; i++) queue.putSync(make(i));
  start.waitSync();
  const began = performance.now();
  for (let i = 0; i < count; i++) queue.putSync(make(i));
  const sum = results.getSync();
  const elapsed = performance.now() - began;
  await child.join();
  if (sum !== totalOf(item, count)) throw new Error(`the items add up to ${sum}`);
  return (count / elapsed) * 1000;
}

async function roundTrips({ count }) {
  const { Process, Queue } = await import('heddle');
  const [there, back] = [new Queue(), new Queue()];
  const warmUp = count / 10;
  const child = new Process({ target: echo, args: [there, back, warmUp + count] });
  await child.start();
  const run = (n) => {
    for (let i = 0; i < n; i++) {
      there.putSync(i);
      if (back.getSync() !== i) throw new Error('not what was sent');
    }
  };
  run(warmUp);
  const began = performance.now();
  run(count);
  const elapsed = performance.now() - began;
  await child.join();
  return (count / elapsed) * 1000;
}

const ipcChild = fileURLToPath(new URL('../peers/ipc.child.mjs', import.meta.url));

async function measureIpc({ item, roundTrips, peerCount }) {
  const child = fork(ipcChild, [roundTrips ? 'echo' : item], { execArgv: [] });
  await once(child, 'message');
  const figure = roundTrips ? await echoIpc(child, peerCount) : await sendIpc(child, item, peerCount);
  child.disconnect();
  return figure;
}

async function sendIpc(child, item, count) {
  const make = itemOf(item);
  const run = async (n) => {
    const answer = once(child, 'message');
    for (let i = 0; i < n; i++) {
      // Whole buffers at a time: what is not written yet is kept, and sending on would only grow it.
      if (!child.send(make(i))) await new Promise((resolve) => setImmediate(resolve));
    }
    child.send('end');
    const [sum] = await answer;
    if (sum !== totalOf(item, n)) throw new Error(`the items add up to ${sum}`);
  };
  await run(count / 10);
  const began = performance.now();
  await run(count);
  return (count / (performance.now() - began)) * 1000;
}

function echoIpc(child, count) {
  return new Promise((resolve, reject) => {
    let next = -count / 10;
    let began = 0;
    child.on('message', (got) => {
      if (got !== next) reject(new Error('not what was sent'));
      next++;
      if (next === 0) began = performance.now();
      if (next === count) resolve((count / (performance.now() - began)) * 1000);
      else child.send(next);
    });
    child.send(next);
  });
}
