/**
 * The README's two commands in a fresh copy of the repository, where no build tool can be had: the demo and a test
 * run on the fallback engine, and one line of each says so. `npm pack` makes no tarball there, which would have no binary.
 *
 *   node scripts/check-no-compiler.mjs
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutBuildTools } from './no-build-tools.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'heddle-no-compiler-'));
const clone = join(work, 'heddle');
let failed = 0;

function copy() {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  // What was compiled from the same sources need not be compiled again.
  for (const name of [...listed.stdout.trim().split('\n'), 'dist']) {
    const from = join(root, name);
    if (existsSync(from)) cpSync(from, join(clone, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction');
}

/** Runs one of package.json's scripts; it must say `expected`, and in one line that it runs on the fallback. */
function check(args, env, expected) {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: clone,
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 120_000,
  });
  const said = (stdout + stderr).split('\n').filter((line) => /no C\+\+ compiler|not built/.test(line));
  const right =
    status === 0 &&
    expected.test(stdout) &&
    said.length === 1 &&
    said[0].endsWith('found: heddle will run on its fallback engine') &&
    !existsSync(join(clone, 'build'));
  console.log(`${right ? 'ok    ' : 'FAILED'} npm ${args.join(' ')}: ${said.join(' | ')}`);
  if (right) return;
  failed++;
  console.log(`status ${status}\n${stdout}${stderr}`);
}

function checkPacking(env) {
  const { status, stdout, stderr } = spawnSync('npm', ['pack'], {
    cwd: clone,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  const tarballs = readdirSync(clone).filter((name) => name.endsWith('.tgz'));
  const why = /^.*no binary.*$/m.exec(stderr)?.[0];
  const right = status !== 0 && tarballs.length === 0 && why !== undefined;
  console.log(`${right ? 'ok    ' : 'FAILED'} npm pack: ${why}`);
  if (right) return;
  failed++;
  console.log(`status ${status}, ${tarballs.join(', ')}\n${stdout}${stderr}`);
}

try {
  copy();
  const { path } = withoutBuildTools(work);
  const outside = Object.entries(process.env).filter(([name]) => !/^(npm_|heddle_|cxx$|make$|python$)/i.test(name));
  const env = { ...Object.fromEntries(outside), PATH: path };
  check(['run', 'demo', '--', 'lib'], env, /One thread and \d+ threads agree exactly/);
  check(['test', '--', 'test/contract/event.test.ts'], env, /Test Files {2}1 passed \(1\)/);
  checkPacking(env);
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(failed === 0 ? 'without a compiler: all is well' : `without a compiler: ${failed} commands failed`);
if (failed > 0) process.exitCode = 1;
