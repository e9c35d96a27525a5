/**
 * Builds native/core alone and runs its C++ tests:
 *
 *   node scripts/test-cpp.mjs [plain] [thread] [address] [portable] [faults]      default: plain
 *
 * `thread` is ThreadSanitizer, `address` is AddressSanitizer with UndefinedBehaviorSanitizer, `portable` has
 * threads sleep as on systems without a futex, for the tests in which they do. `faults` kills processes at each step
 * of what they do in the core.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** The tests in which threads sleep. */
const SLEEPING = ['futex', 'guard', 'waiting', 'mutex', 'semaphore', 'event', 'condition', 'barrier', 'queue'].map(
  (name) => `${name}_test`,
);
const OPTIONS = {
  plain: [],
  thread: ['-DHEDDLE_SANITIZE=thread'],
  address: ['-DHEDDLE_SANITIZE=address'],
  portable: ['-DHEDDLE_FUTEX_PORTABLE=ON', `-DHEDDLE_ONLY_TESTS=${SLEEPING.join(';')}`],
  faults: ['-DHEDDLE_FAULTS=ON'],
};
/** Of what takes longer to compile than to run. */
const UNOPTIMISED = ['portable', 'faults'];
/** Stack traces are to have lines; the rest of what a debugger knows takes long to write. */
const FLAGS = ['-DCMAKE_CXX_FLAGS_DEBUG=-g1', '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG'];
const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['plain'];

function run(command, args, env) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw new Error(`${command} cannot be run: ${error.message}`, { cause: error });
  return status ?? 1;
}

/** Adds up what so many runs of test programs have written; one that ended without writing counts as a failure. */
function totals(results, runs) {
  let passed = 0;
  let failed = 0;
  const files = readdirSync(results);
  for (const file of files) {
    const { tests, failures } = JSON.parse(readFileSync(join(results, file), 'utf8'));
    passed += tests - failures;
    failed += failures;
  }
  return { passed, failed: failed + runs - files.length };
}

/** How many runs of test programs the build in a folder knows of. */
function runsIn(folder) {
  const { stdout } = spawnSync('ctest', ['--test-dir', folder, '--show-only=json-v1'], { encoding: 'utf8' });
  return JSON.parse(stdout).tests.length;
}

function test(name) {
  const folder = join(root, 'build', `cpp-${name}`);
  const jobs = String(availableParallelism());
  const type = UNOPTIMISED.includes(name) ? 'Debug' : 'RelWithDebInfo';
  const configured =
    run('cmake', ['-S', 'native', '-B', folder, ...OPTIONS[name], ...FLAGS, `-DCMAKE_BUILD_TYPE=${type}`]) ||
    run('cmake', ['--build', folder, '--parallel', jobs]);
  if (configured !== 0) return configured;

  const results = join(folder, 'results');
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results);
  // Who kills processes one after the other waits for most of the time; the rest is to have all cores.
  const parallel = name === 'faults' ? ['--parallel', '8'] : [];
  const status = run('ctest', ['--test-dir', folder, '--output-on-failure', ...parallel]);
  const { passed, failed } = totals(results, runsIn(folder));
  console.log(`C++ (${name}): ${passed} passed, ${failed} failed`);
  return status || Math.min(failed, 1);
}

for (const name of chosen) {
  if (OPTIONS[name] === undefined) throw new Error(`${name} is none of ${Object.keys(OPTIONS).join(', ')}`);
  process.exitCode ||= test(name);
}
