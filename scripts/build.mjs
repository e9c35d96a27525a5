/**
 * Builds what a fresh clone needs and what is out of date: `dist/`, and the native addon where the machine
 * can. Where it cannot, one line says so, and the fallback engine does the work.
 *
 *   node scripts/build.mjs [--require-native]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

function modified(path) {
  return statSync(root + path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The newest change among the files and below the folders. */
function newest(...paths) {
  let time = 0;
  for (const path of paths) {
    time = Math.max(time, modified(path));
    if (!statSync(root + path).isDirectory()) continue;
    for (const entry of readdirSync(root + path)) time = Math.max(time, newest(`${path}/${entry}`));
  }
  return time;
}

function buildTypeScript() {
  const makers = ['make-dist', 'gather-modules', 'chunk-code'].map((name) => `scripts/${name}.mjs`);
  const sources = newest('lib', 'tsconfig.json', 'package.json', ...makers);
  if (modified('dist/.built') > sources) return;
  const { status } = spawnSync(process.execPath, ['scripts/make-dist.mjs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function buildNative(required) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/build-native.mjs'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const built = existsSync(`${root}build/Release/heddle.node`);
  if (status !== 0) {
    console.error(stdout + stderr);
    console.error('The native engine could not be built (see above): heddle runs on its fallback engine.');
  } else if (!built) console.log(stdout.trim());
  if (required && (status !== 0 || !built)) process.exit(1);
}

buildTypeScript();
buildNative(process.argv.includes('--require-native'));
