/**
 * Runs the lifecycle scenarios on every Node line that heddle supports:
 *
 *   node scripts/lifecycle-matrix.mjs [--rounds N] [MAJOR …]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary, nodeLines } from './node-lines.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const driver = join(root, 'test/lifecycle/fixtures/driver.mjs');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '30' } },
});

const failed = [];
for (const major of positionals.length > 0 ? positionals : nodeLines) {
  const node = nodeBinary(major);
  console.log(`Node ${major} (${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()})`);
  const { status } = spawnSync(process.execPath, [driver, '--node', node, '--rounds', values.rounds], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(major);
}
if (failed.length > 0) {
  console.error(`lifecycle scenarios failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
} else {
  console.log('lifecycle: every thread ended without harm to others');
}
