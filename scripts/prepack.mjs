/**
 * Before packing: a fresh `dist/` with nothing left over from sources that are gone, an honest layout, and the
 * binary of this machine. Then `dist/` is trimmed to what is published; `postpack.mjs` puts it back.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { trimDist } from './package/trim.mjs';
import { ensureHostBinary } from './prebuild/host.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
for (const args of [['scripts/gen-layout.mjs', '--check'], ['scripts/make-dist.mjs']]) {
  // npm prints the tarball's name on stdout; what is said here goes to stderr.
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

const problem = await ensureHostBinary();
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
trimDist();
