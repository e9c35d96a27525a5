import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../harness/report.mjs';

const PROGRAMS = 15;
const program = fileURLToPath(new URL('../peers/import.child.mjs', import.meta.url));
const peers = ['piscina', 'tinypool', 'workerpool', 'poolifier'];

/** Nanoseconds that an import takes in a program that does nothing else. */
function measure(module) {
  const run = () => JSON.parse(execFileSync(process.execPath, [program, module], { encoding: 'utf8' }));
  run();
  return median(Array.from({ length: PROGRAMS }, run)) * 1e6;
}

export default {
  title: 'what importing a package adds to the start of a program',
  work: `import of the whole package, the first thing that a program does. The median of ${PROGRAMS} programs, after one that has the files read.`,
  unit: 'ns',
  floors: [{ atMost: 15e6, goal: 10e6 }],

  heddle: () => measure('heddle'),

  peers: Object.fromEntries(peers.map((name) => [name, { needs: name, run: () => measure(name) }])),
};
