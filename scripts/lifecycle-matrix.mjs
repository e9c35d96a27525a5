/**
 * Runs the lifecycle scenarios on every Node line that heddle supports, with both engines:
 *
 *   node scripts/lifecycle-matrix.mjs [--rounds N] [--engine NAME] [--others] [MAJOR …]
 *
 * --others: not on the line that runs this script, on which the test suite has run them.
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
  options: {
    rounds: { type: 'string', default: '6' },
    engine: { type: 'string', multiple: true, default: ['native', 'fallback'] },
    others: { type: 'boolean', default: false },
  },
});

const own = process.versions.node.split('.')[0];
const others = nodeLines.filter((major) => !values.others || String(major) !== own);

const failed = [];
for (const major of positionals.length > 0 ? positionals : others) {
  const node = nodeBinary(major);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  for (const engine of values.engine) {
    console.log(`Node ${version}, ${engine} engine:`);
    const { status } = spawnSync(process.execPath, [driver, '--node', node, '--rounds', values.rounds], {
      stdio: 'inherit',
      env: { ...process.env, HEDDLE_ENGINE: engine },
    });
    if (status !== 0) failed.push(`${version} (${engine})`);
  }
}
if (failed.length > 0) {
  console.error(`lifecycle scenarios failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
