import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { python } from '../harness/peers.mjs';
import { nothing } from './processes/work.mjs';

const COUNT = 20;
const empty = fileURLToPath(new URL('../peers/empty.mjs', import.meta.url));

export default {
  title: 'start and join a process that does nothing, one after the other',
  work: `${COUNT} processes after 3. A forked process runs an empty module, and CPython's is spawned, that is, made anew as ours is.`,
  unit: 'ns',
  engines: ['native'],
  // A process of heddle is a forked one that has heddle loaded besides.
  floors: [{ against: 'child_process.fork', floor: 0.25, goal: 0.5 }],

  async heddle() {
    const { Process } = await import('heddle');
    return timeStarts(async () => {
      const child = new Process({ target: nothing });
      await child.start();
      await child.join();
      if (child.exitCode !== 0) throw new Error(`the process ended with ${child.exitCode}`);
    });
  },

  peers: {
    'child_process.fork': {
      run: () => timeStarts(() => once(fork(empty, { execArgv: [] }), 'exit')),
    },
    'CPython mp.Process': { needs: 'python3', run: () => python('process_bench.py', 'start', COUNT) },
  },
};

async function timeStarts(start) {
  for (let i = 0; i < 3; i++) await start();
  const began = performance.now();
  for (let i = 0; i < COUNT; i++) await start();
  return ((performance.now() - began) * 1e6) / COUNT;
}
