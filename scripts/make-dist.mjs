/**
 * Makes `dist/` anew: tsc compiles every module of `lib/`, and `gather-modules.mjs` puts them into few files. When it was
 * begun is the time of `dist/.built`.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gather } from './gather-modules.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = `${root}dist/.built`;
const began = new Date();

// Nothing may be left over from sources that are gone.
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'];
const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await gather(`${root}dist`);
writeFileSync(stamp, '');
utimesSync(stamp, began, began);
