/**
 * Builds the binaries of the package, one for each platform, into `prebuilds/<platform>-<arch>[-libc]/heddle.node`:
 *
 *   npm run prebuild                          all of them
 *   npm run prebuild -- linux-x64-glibc …     some
 *   npm run prebuild -- --list                which there are, and how old those at hand are
 *   npm run prebuild -- --verbose …           with what the compilers say
 *
 * A binary is accepted if it exports what Node looks for and nothing else, and needs no newer C library than
 * promised. `prebuilds/manifest.json` keeps what each was made from.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildDirectly } from './prebuild/direct.mjs';
import { binaryOf, isFresh, record } from './prebuild/manifest.mjs';
import { faultsOf, newestGlibc, symbolsOf } from './prebuild/symbols.mjs';
import { targets } from './prebuild/targets.mjs';
import { buildWithGyp } from './prebuild/with-gyp.mjs';
import { zig } from './prebuild/zig.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

async function build(name, verbose) {
  const target = targets[name];
  const folder = join(root, 'build/prebuild', name);
  rmSync(folder, { recursive: true, force: true });
  const options = { zig: zig(), folder, jobs: availableParallelism(), verbose };
  const built = target.gyp === undefined ? await buildDirectly(target, options) : buildWithGyp(target, options);
  const bytes = readFileSync(built);
  const faults = faultsOf(bytes, target.glibc);
  if (!symbolsOf(bytes).isStripped) faults.push('it is not stripped');
  if (faults.length > 0) throw new Error(faults.join('; '));
  const binary = binaryOf(name);
  mkdirSync(join(binary, '..'), { recursive: true });
  copyFileSync(built, `${binary}.new`);
  renameSync(`${binary}.new`, binary);
  record(name);
}

/** One line of the table: sizes in KB, what it exports and needs. */
function row(name) {
  const bytes = readFileSync(binaryOf(name));
  const { exported, needed } = symbolsOf(bytes);
  const needs = targets[name].glibc === undefined ? '' : `glibc ${newestGlibc(needed)}`;
  const kb = (count) => `${Math.round(count / 1024)} KB`.padStart(8);
  return [
    name.padEnd(18),
    kb(bytes.length),
    kb(gzipSync(bytes, { level: 9 }).length),
    `  ${exported.length} symbols`,
    `  ${needs}`,
  ].join(' ');
}

async function buildAll(names, verbose) {
  const failed = [];
  for (const name of names) {
    const started = Date.now();
    console.error(`${name}: building`);
    try {
      await build(name, verbose);
      console.error(`${name}: built in ${Math.round((Date.now() - started) / 1000)} s`);
    } catch (error) {
      failed.push(name);
      console.error(`${name}: FAILED: ${error.message}`);
    }
  }
  console.log('target               binary  gzipped  exports');
  for (const name of names) console.log(failed.includes(name) ? `${name.padEnd(18)} FAILED` : row(name));
  return failed.length === 0;
}

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = [
  ...flags.filter((flag) => flag !== '--list' && flag !== '--verbose'),
  ...chosen.filter((name) => targets[name] === undefined),
];
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: known are --list, --verbose and ${Object.keys(targets).join(', ')}`);
  process.exitCode = 2;
} else if (flags.includes('--list')) {
  for (const name of Object.keys(targets))
    console.log(`${name.padEnd(18)} ${isFresh(name) ? 'up to date' : 'to be built'}`);
} else if (!(await buildAll(chosen.length > 0 ? chosen : Object.keys(targets), flags.includes('--verbose')))) {
  process.exitCode = 1;
}
