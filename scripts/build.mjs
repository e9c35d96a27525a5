/**
 * Builds what a fresh clone needs: `dist/` always, the native addon where the machine can, unless both
 * are up to date. Without a C++ compiler it says so in one line and goes on: the fallback engine then
 * does the work.
 *
 *   node scripts/build.mjs [--require-native]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

function modified(path) {
  return statSync(root + path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The newest change below any of the paths, tests left out. */
function newest(...paths) {
  let time = 0;
  for (const path of paths) {
    time = Math.max(time, modified(path));
    if (!existsSync(root + path) || !statSync(root + path).isDirectory()) continue;
    for (const entry of readdirSync(root + path)) {
      if (entry !== 'test' && entry !== 'model') time = Math.max(time, newest(`${path}/${entry}`));
    }
  }
  return time;
}

function run(command, args, options) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
}

/** The first tool of `names` that answers. */
function find(...names) {
  return names.find((name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

function buildTypeScript() {
  const stamp = 'dist/.built';
  if (modified(stamp) > newest('lib', 'tsconfig.json', 'package.json')) return;
  const started = new Date();
  const { status } = run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(root + stamp, '');
  utimesSync(root + stamp, started, started);
}

function buildNative(required) {
  const addon = 'build/Release/heddle.node';
  if (modified(addon) > newest('native', 'binding.gyp', 'CMakeLists.txt')) return;
  const missing = [];
  if (!find(process.env.CXX, 'c++', 'g++', 'clang++')) missing.push('C++ compiler');
  if (!find('make')) missing.push('make');
  if (!find(process.env.PYTHON, 'python3', 'python')) missing.push('Python');
  if (missing.length > 0) {
    console.log(`No ${missing.join(', no ')} here: heddle runs on its fallback engine.`);
    if (required) process.exit(1);
    return;
  }
  console.log('Building the native engine ...');
  const { status, stdout, stderr } = run(process.execPath, ['scripts/build-native.mjs'], {
    stdio: 'pipe',
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status === 0) return;
  console.error(stdout + stderr);
  console.error('The native engine could not be built (see above): heddle runs on its fallback engine.');
  if (required) process.exit(1);
}

buildTypeScript();
buildNative(process.argv.includes('--require-native'));
