/**
 * The binary of the machine that packs: no tarball goes without it. One that is up to date stays; otherwise the build
 * of this machine's own compiler serves, which is quick and enough for trying a tarball here, but needs a C library as
 * new as this machine's.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from '../build-native.mjs';
import { binaryOf, isFresh, record, targetsAtHand, withdraw } from './manifest.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const local = join(root, 'build/Release/heddle.node');

/** Undefined, or what must be done before the package can be packed. */
export async function ensureHostBinary() {
  // After the build of dist/.
  const { prebuildName } = await import('../../dist/engine/addon.js');
  const host = prebuildName();
  for (const name of targetsAtHand()) {
    if (isFresh(name)) continue;
    console.error(
      `prebuilds/${name} is of other sources and is left out; \`npm run prebuild -- ${name}\` makes it anew`,
    );
    withdraw(name);
  }
  if (isFresh(host)) return undefined;

  const { status } = spawnSync(process.execPath, ['scripts/build-native.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
  // Without a compiler it leaves what is there, which may be of other sources.
  if (status !== 0 || !isBuilt()) {
    return `there is no binary for ${host}, without which heddle is not packed: run \`npm run prebuild -- ${host}\`, or \`npm run build:native\` where there is a compiler`;
  }
  const binary = binaryOf(host);
  mkdirSync(dirname(binary), { recursive: true });
  rmSync(binary, { force: true });
  copyFileSync(local, binary);
  // Without strip it is larger, and works.
  if (process.platform !== 'win32') spawnSync('strip', process.platform === 'darwin' ? ['-x', binary] : [binary]);
  record(host, 'build:native');
  console.error(
    `warning: prebuilds/${host} comes from this machine's compiler; \`npm run prebuild -- ${host}\` makes the one to publish`,
  );
  return undefined;
}
