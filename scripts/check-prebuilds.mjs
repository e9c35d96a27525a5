/**
 * Loads each binary of `prebuilds/` in a runtime of its platform, as far as this machine can run one, and has it do a
 * little of everything:
 *
 *   npm run test:prebuilds [-- TARGET …]      default: all
 *
 * Says of each `ok`, `FAILED`, or what is missing to run it here.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimesOf } from './check-prebuilds/runtimes.mjs';
import { binaryOf, isFresh } from './prebuild/manifest.mjs';
import { targets } from './prebuild/targets.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
/** An emulator on a busy machine takes its time. */
const TIMEOUT = 400_000;
const counts = { passed: 0, failed: 0, skipped: 0 };

/** The package as it is installed, with this one binary and without a local build. */
function packageWith(name, folder) {
  mkdirSync(join(folder, 'prebuilds', name), { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  copyFileSync(join(root, 'scripts/check-prebuilds/program.mjs'), join(folder, 'program.mjs'));
  copyFileSync(binaryOf(name), join(folder, 'prebuilds', name, 'heddle.node'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** Why it does not work; undefined when it does. */
function failureOf({ command, args, env }, folder) {
  // To a file: Node under Wine cannot write into pipes.
  const log = join(folder, 'output.txt');
  const output = openSync(log, 'w');
  const { error, status, signal } = spawnSync(command, [...args, 'program.mjs'], {
    cwd: folder,
    stdio: ['ignore', output, output],
    timeout: TIMEOUT,
    env: { ...process.env, ...env, HEDDLE_ENGINE: 'native' },
  });
  closeSync(output);
  const said = readFileSync(log, 'utf8').trim();
  if (error?.code === 'ETIMEDOUT') return `not done after ${TIMEOUT / 1000} s\n${said}`;
  if (error) return error.message;
  if (status !== 0) return `${signal ?? `exit code ${status}`}\n${said}`;
  return JSON.parse(said.split('\n').at(-1)).engine === 'native' ? undefined : said;
}

function report(kind, target, what) {
  counts[kind]++;
  const word = { passed: 'ok    ', failed: 'FAILED', skipped: 'cannot be run here' }[kind];
  console.log(`${word} ${target}: ${what}`);
}

function check(target, runtime) {
  if (runtime.missing) {
    report('skipped', target, `${runtime.name}: ${runtime.missing}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'heddle-prebuild-'));
  try {
    packageWith(target, folder);
    const failure = failureOf(runtime, folder);
    if (failure === undefined) report('passed', target, runtime.name);
    else report('failed', target, `${runtime.name}: ${failure}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkAll(target) {
  if (!existsSync(binaryOf(target))) report('failed', target, `it is not built; npm run prebuild -- ${target}`);
  else if (!isFresh(target)) report('failed', target, `it is not of these sources; npm run prebuild -- ${target}`);
  else for (const runtime of runtimesOf(target)) check(target, runtime);
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => targets[name] === undefined);
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: known are ${Object.keys(targets).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const target of chosen.length > 0 ? chosen : Object.keys(targets)) checkAll(target);
  console.log(`prebuilds: ${counts.skipped} cannot be run here`);
  console.log(`prebuilds: ${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}
