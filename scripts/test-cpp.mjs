/**
 * Builds native/core alone and runs its C++ tests:
 *
 *   node scripts/test-cpp.mjs [plain] [thread] [address]      default: plain
 *
 * `thread` is ThreadSanitizer, `address` is AddressSanitizer with UndefinedBehaviorSanitizer.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const SANITIZERS = { plain: '', thread: 'thread', address: 'address,undefined' };
const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['plain'];

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw new Error(`${command} cannot be run: ${error.message}`, { cause: error });
  if (status !== 0) process.exit(status ?? 1);
}

for (const name of chosen) {
  if (SANITIZERS[name] === undefined) throw new Error(`${name} is none of ${Object.keys(SANITIZERS).join(', ')}`);
  const folder = `build/cpp-${name}`;
  run('cmake', '-S', 'native', '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', `-DHEDDLE_SANITIZE=${SANITIZERS[name]}`);
  run('cmake', '--build', folder, '--parallel', String(availableParallelism()));
  run('ctest', '--test-dir', folder, '--output-on-failure', '--timeout', '300');
}
