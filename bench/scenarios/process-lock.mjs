import { python } from '../harness/peers.mjs';
import { addUnderLock } from './processes/work.mjs';

const COUNT = 1_000_000;
const PEER_COUNT = 100_000;
const floors = [{ against: 'CPython mp.Lock', floor: 3, goal: 10 }];

export default {
  title: 'processes that add to one counter under one lock',
  work: `${COUNT} additions in all, of CPython's ${PEER_COUNT}; the counter must come out exact.`,
  unit: 'op/s',
  engines: ['native'],
  variants: [1, 2, 4].map((processes) => ({
    name: `${processes} process${processes > 1 ? 'es' : ''}`,
    processes,
    floors,
  })),

  async heddle({ processes }) {
    const { Barrier, Lock, Process, SharedArray } = await import('heddle');
    const lock = new Lock();
    const counter = new SharedArray('i', 1, { lock: false });
    const start = new Barrier(processes + 1);
    const each = COUNT / processes;
    const warmUp = each / 10;
    const children = Array.from({ length: processes }, () => {
      return new Process({ target: addUnderLock, args: [lock, counter, start, warmUp, each] });
    });
    for (const child of children) await child.start();
    start.waitSync();
    const began = performance.now();
    // The end of a process takes long: the last addition is what counts.
    const total = processes * (warmUp + each);
    while (Atomics.load(counter.array, 0) !== total) Atomics.wait(sleeper, 0, 0, 0.2);
    const seconds = (performance.now() - began) / 1000;
    for (const child of children) await child.join();
    if (counter.array[0] !== total) throw new Error(`the counter is ${counter.array[0]}, not ${total}`);
    return COUNT / seconds;
  },

  peers: {
    'CPython mp.Lock': {
      needs: 'python3',
      run: ({ processes }) => python('process_bench.py', 'lock', PEER_COUNT, processes),
    },
  },
};

const sleeper = new Int32Array(new SharedArrayBuffer(4));
