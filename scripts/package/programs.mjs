/** Programs of somebody who has installed the package. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryPoints } from './contents.mjs';
import { check } from './report.mjs';
import { outside, root, run } from './tarball.mjs';

const PROGRAM = `
import { engine, Lock, Queue, Thread } from 'heddle';
import { LifoQueue } from 'heddle/queue';
import { Event } from 'heddle/threading';

export function add(queue, lock, results) {
  for (let n = queue.getSync(); n !== null; n = queue.getSync()) lock.withLockSync(() => results.putSync(n * n));
}

const queue = new Queue(4);
const results = new LifoQueue();
const lock = new Lock();
const threads = [1, 2].map(() => new Thread({ target: add, args: [queue, lock, results] }));
for (const thread of threads) await thread.start();
for (let n = 1; n <= 100; n++) await queue.put(n);
for (const _ of threads) await queue.put(null);
for (const thread of threads) await thread.join();
let sum = 0;
while (!results.empty()) sum += results.getNowait();
const event = new Event();
event.set();
if (sum !== 338350 || !event.isSet()) throw new Error('wrong sum ' + sum);
console.log(engine.name + ' ' + sum);
for (const refusal of engine.refusals) console.log(refusal);
`;

export function writeProgram(home) {
  writeFileSync(join(home, 'program.mjs'), PROGRAM);
}

/** Runs it without a wish for an engine, or with one; returns what the engine's refusals are. */
export function checkProgram(home, engine, what, { node = process.execPath, wish = 'auto' } = {}) {
  const env = { ...outside, HEDDLE_ENGINE: wish };
  const { status, signal, stdout, stderr } = run(node, ['program.mjs'], { cwd: home, env, timeout: 60_000 });
  const [first, ...refusals] = stdout.trimEnd().split('\n');
  const right = status === 0 && first === `${engine} 338350` && stderr === '';
  check(
    `a program runs on the ${engine} engine${what}`,
    right,
    `status ${status}, signal ${signal}\n${stdout}${stderr}`,
  );
  return refusals;
}

export function checkRequire(home, node, line) {
  const program = `
    const heddle = require('heddle');
    const { Lock } = require('heddle/threading');
    const { Queue } = require('heddle/queue');
    const lock = new Lock();
    if (!lock.acquireSync() || heddle.Lock !== Lock || heddle.Queue !== Queue) throw new Error('not the same package');
    const names = ${JSON.stringify(entryPoints())};
    Promise.all(names.map((name) => import(name))).then((imported) => {
      const same = names.every((name, i) => Object.keys(imported[i]).every((key) => require(name)[key] === imported[i][key]));
      console.log(same ? 'same' : 'two copies');
    });`;
  const { status, stdout, stderr } = run(node, ['-e', program], { cwd: home, timeout: 60_000 });
  // Node 20 and 22.12 say that require() of an ES module is experimental; from a package in node_modules they do not.
  const right = status === 0 && stdout === 'same\n' && stderr === '';
  check(
    `require() and import of every entry point give one package, Node ${line}`,
    right,
    `status ${status}\n${stdout}${stderr}`,
  );
}

/** Type declarations, for programs that are ES modules and for those that are CommonJS. */
export function checkTypes(home) {
  const names = entryPoints();
  const imports = names.map((name, i) => `import * as module${i} from '${name}';`).join('\n');
  const uses = `export const lock: module0.Lock = new module0.Lock();\nexport const used = [${names.map((_, i) => `module${i}`)}];\n`;
  for (const file of ['types.mts', 'types.cts']) writeFileSync(join(home, file), `${imports}\n${uses}`);
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2024,esnext.disposable'];
  const { status, stdout } = run(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options,
      ...['--module', 'nodenext', '--types', 'node', '--typeRoots', join(root, 'node_modules/@types')],
      ...['types.mts', 'types.cts'],
    ],
    { cwd: home },
  );
  check('TypeScript finds the types of every entry point, from ES modules and CommonJS', status === 0, stdout);
}
