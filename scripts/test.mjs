/**
 * `npm test`: builds what is missing, then runs the whole suite on each engine this machine has.
 * Arguments go to vitest: `npm test -- --project native test/contract`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
for (const args of [['scripts/build.mjs'], ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]]) {
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    if (signal) console.error(`${args[0]} was ended by ${signal}`);
    process.exit(status ?? 1);
  }
}
