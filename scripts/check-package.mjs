/**
 * Packs the package and treats it as a user does: installs the tarball in an empty folder where no build
 * tool can be had, runs a program on the fallback, builds the native engine from the tarball's own
 * sources, runs the program on it, and loads the package with import and require() on every Node line.
 *
 *   node scripts/check-package.mjs [MAJOR …]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutBuildTools } from './no-build-tools.mjs';
import { nodeBinary, nodeLines } from './node-lines.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'heddle-package-'));
const home = join(work, 'app');
const failures = [];
/** The environment of somebody who knows nothing of the npm that runs this script. */
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|heddle_)/i.test(name)));

function run(command, args, options) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, env: outside, ...options });
  if (result.error) throw result.error;
  return result;
}

function check(what, holds, detail = '') {
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  if (holds) return;
  if (detail) console.log(detail);
  failures.push(what);
}

function pack() {
  const { status, stdout, stderr } = run('npm', ['pack', '--json', '--pack-destination', work], { cwd: root });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))));
  return packed;
}

/** What a program may import, package.json aside. */
function entryPoints() {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1));
}

function checkContents(packed) {
  const files = packed.files.map(({ path }) => path);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const promised = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : Object.values(entry),
  );
  const needed = [
    ...promised.map((path) => path.slice(2)),
    ...readdirSync(join(root, 'native/core'), { recursive: true })
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => `native/core/${name}`),
    'native/sources.txt',
    'scripts/build-native.mjs',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ];
  const missing = needed.filter((path) => !files.includes(path));
  check(
    'the tarball holds every entry point, the sources of the addon and the papers',
    missing.length === 0,
    missing.join('\n'),
  );
  const strange = files.filter((path) => {
    return (
      path === 'binding.gyp' ||
      !/^(dist|lib|native|prebuilds)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE|scripts\/build-native\.mjs)$/.test(
        path,
      ) ||
      /^native\/(test|model|build)\/|\.(node|tgz|log)$/.test(path.replace(/^prebuilds\/.*/, ''))
    );
  });
  check('and nothing else, above all no binding.gyp at its root', strange.length === 0, strange.join('\n'));
  check(`it has ${files.length} files, ${Math.round(packed.size / 1024)} KB packed`, packed.size < 2 << 20);
}

function checkInstall(packed, trapped) {
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "name": "app", "version": "1.0.0", "private": true }\n');
  const env = { ...outside, PATH: trapped.path };
  const install = run('npm', ['install', '--no-audit', '--no-fund', join(work, packed.filename)], { cwd: home, env });
  check('it installs', install.status === 0, install.stderr);
  check('without asking for a build tool', trapped.asked() === '', trapped.asked());
  check(
    'without a word about scripts or builds',
    !/gyp|script|build/i.test(install.stdout + install.stderr),
    install.stderr,
  );
  rmSync(join(home, 'node_modules'), { recursive: true });
  const again = run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: home, env });
  check('and so from a lockfile', again.status === 0 && trapped.asked() === '', again.stderr + trapped.asked());
}

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
`;

function checkProgram(engine, node, line) {
  const { status, stdout, stderr } = run(node, ['program.mjs'], {
    cwd: home,
    env: { ...outside, HEDDLE_ENGINE: engine },
    timeout: 60_000,
  });
  const right = status === 0 && stdout === `${engine} 338350\n` && stderr === '';
  check(`a program runs on the ${engine} engine, Node ${line}`, right, `status ${status}\n${stdout}${stderr}`);
}

function checkRequire(node, line) {
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
  const right = status === 0 && stdout === 'same\n';
  check(
    `require() and import of every entry point give one package, Node ${line}`,
    right,
    `status ${status}\n${stdout}${stderr}`,
  );
}

try {
  const lines = process.argv.length > 2 ? process.argv.slice(2) : nodeLines;
  const trapped = withoutBuildTools(work);
  const packed = pack();
  checkContents(packed);
  checkInstall(packed, trapped);
  writeFileSync(join(home, 'program.mjs'), PROGRAM);
  for (const line of lines) {
    checkProgram('fallback', nodeBinary(line), line);
    checkRequire(nodeBinary(line), line);
  }
  // That it can be built is the question, not how fast it is.
  const env = { ...outside, CXXFLAGS: '-O1' };
  const built = run('npm', ['explore', 'heddle', '--', 'npm', 'run', 'build:native'], { cwd: home, env });
  check('the native engine is built from the tarball', built.status === 0, built.stdout + built.stderr);
  for (const line of lines) {
    checkProgram('native', nodeBinary(line), line);
    checkRequire(nodeBinary(line), line);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(`packaging: ${failures.length} checks failed`);
  process.exitCode = 1;
} else console.log('packaging: the tarball installs and works');
