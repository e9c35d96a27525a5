/**
 * Runs the lifecycle scenarios on every Node line that heddle supports:
 *
 *   node scripts/lifecycle-matrix.mjs [--rounds N] [MAJOR …]
 *
 * The Node binaries are npm's `node-<platform>-<arch>` packages, kept in `build/nodes`; the line that
 * runs this script is used as it is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const VERSIONS = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

const root = fileURLToPath(new URL('../', import.meta.url));
const driver = join(root, 'test/lifecycle/fixtures/driver.mjs');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '30' } },
});

/** Path of a Node binary of that line, fetched if need be. */
function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const version = VERSIONS[major];
  if (version === undefined) throw new Error(`Node ${major} is none of ${Object.keys(VERSIONS).join(', ')}`);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const home = join(root, 'build/nodes', version);
  const binary = join(home, 'node_modules', name, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(home, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = [
    'install',
    '--prefix',
    home,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${name}@${version}`,
  ];
  const { status } = spawnSync(npm, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${name}@${version}`);
  return binary;
}

const failed = [];
for (const major of positionals.length > 0 ? positionals : Object.keys(VERSIONS)) {
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
