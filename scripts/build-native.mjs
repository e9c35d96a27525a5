/**
 * Builds the native addon with node-gyp into build/Release/heddle.node, in the repository and in an
 * installed package alike:
 *
 *   node scripts/build-native.mjs [--force]
 *   npm explore heddle -- npm run build:native
 *
 * Does nothing when the addon is up to date, and, without a C++ compiler, says so in one line and
 * succeeds: the fallback engine does the work then.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** In a package without their comments. */
const native = [join(root, 'native'), join(root, 'dist/native')].find(existsSync);
const addon = join(root, 'build/Release/heddle.node');
const stamp = join(root, 'build/Release/heddle.hash');
const require = createRequire(import.meta.url);

function answers(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** What the machine lacks, for the one line that says so. */
function missingTools() {
  const missing = [];
  // Visual Studio is not on the path: node-gyp finds it itself.
  if (process.platform !== 'win32') {
    if (![process.env.CXX, 'c++', 'g++', 'clang++'].some((name) => name && answers(name, ['--version'])))
      missing.push('C++ compiler');
    if (![process.env.MAKE, 'make', 'gmake'].some((name) => name && answers(name, ['--version']))) missing.push('make');
  }
  const pythons = [process.env.PYTHON, process.env.npm_config_python, 'python3', 'python', 'py'];
  if (!pythons.some((name) => name && answers(name, ['--version']))) missing.push('Python');
  return missing;
}

/** node-gyp's script: our own dependency in the repository, the one inside npm in an installed package. */
function nodeGyp() {
  const beside = join(dirname(process.execPath), '..');
  const candidates = [
    () => require.resolve('node-gyp/bin/node-gyp.js'),
    () => process.env.npm_config_node_gyp,
    () => join(beside, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
    () => join(dirname(process.execPath), 'node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
  ];
  for (const candidate of candidates) {
    try {
      const path = candidate();
      if (path && existsSync(path)) return path;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error('node-gyp was not found; install it (npm install --global node-gyp) or run this through npm');
}

/** Where Node's headers lie on this machine, so that nothing need be downloaded; undefined lets node-gyp fetch them. */
function headers() {
  const candidates = [process.env.npm_config_nodedir, resolve(dirname(process.execPath), '..'), '/usr'];
  return candidates.find((dir) => {
    const file = dir && join(dir, 'include/node/node_version.h');
    if (!file || !existsSync(file)) return false;
    // Headers of another Node-API generation would do, but not of another major version's V8 options.
    return readFileSync(file, 'utf8').includes(
      `#define NODE_MAJOR_VERSION ${process.versions.node.split('.', 1)[0]}\n`,
    );
  });
}

/** Adds the files below a folder to a hash, those whose names are wanted; the names are the same on all systems. */
export function addFiles(hash, directory, isWanted) {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  for (const name of names.filter(isWanted).sort())
    hash.update(`\0${name}\0`).update(readFileSync(join(directory, name)));
}

function isSource(name) {
  return /\.(cc|h|txt|gyp|map)$/.test(name) && !/^(test|model|build)\//.test(name);
}

/** Hash of everything the addon is made from, and of what it is made for. */
export function sourcesHash(target = `${process.platform}-${process.arch}`) {
  const hash = createHash('sha256').update(target);
  addFiles(hash, native, isSource);
  hash.update(require('node-addon-api/package.json').version);
  return hash.digest('hex');
}

/** Whether there is an addon that was built here from the sources as they are. */
export function isBuilt(hash = sourcesHash()) {
  return existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

function build() {
  const hash = sourcesHash();
  if (isBuilt(hash) && !process.argv.includes('--force')) return 0;

  const missing = missingTools();
  if (missing.length > 0) {
    console.log(`no ${missing.join(' and no ')} found: heddle will run on its fallback engine`);
    return 0;
  }
  // The root binding.gyp is not in the package, see native/binding.gyp.
  const directory = existsSync(join(root, 'binding.gyp')) ? root : native;
  const nodedir = headers();
  const args = [nodeGyp(), 'configure', 'build', '-C', directory, '--jobs', 'max'];
  if (nodedir !== undefined) args.push('--nodedir', nodedir);
  if (process.env.HEDDLE_BUILD_VERBOSE) args.push('--verbose');
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) return status ?? 1;

  if (directory === native) {
    // Renamed into place: a process that has the old addon loaded keeps the file it has mapped.
    mkdirSync(dirname(addon), { recursive: true });
    copyFileSync(join(native, 'build/Release/heddle.node'), `${addon}.new`);
    renameSync(`${addon}.new`, addon);
  }
  writeFileSync(stamp, hash);
  return 0;
}

// Other scripts ask for the hash only.
const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) process.exitCode = build();
