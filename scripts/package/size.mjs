/** The README's figures of what `npm install heddle` brings, measured; with the binaries of all platforms. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfAbsent } from '../prebuild/manifest.mjs';
import { check } from './report.mjs';
import { root } from './tarball.mjs';

/** So far may the README's figure be off, either way. */
const TOLERANCE = 0.1;
const WORDS = ['no', 'one', 'two', 'three', 'four', 'five'];

function sizeBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}

export function checkReadmesFigures({ home }) {
  const modules = join(home, 'node_modules');
  const installed = Object.keys(JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages);
  const dependencies = installed.length - 1;
  const absent = bytesOfAbsent();
  const isTelling = absent !== undefined;
  const megabytes = (sizeBelow(modules) + (absent ?? 0)) / 1e6;
  const found = `${WORDS[dependencies] ?? dependencies} dependencies${isTelling ? `, ${megabytes.toFixed(1)} MB` : ''}`;
  const text = readFileSync(join(root, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ');
  const [, count, size] = /(\w+) dependencies \(.*?\), ([\d.]+) MB installed/i.exec(text) ?? [];
  const right =
    count?.toLowerCase() === (WORDS[dependencies] ?? String(dependencies)) &&
    (!isTelling || Math.abs(Number(size) / megabytes - 1) <= TOLERANCE);
  check(`the README says truly what is installed: ${found}`, right, `it says ${count} dependencies, ${size} MB`);
}
