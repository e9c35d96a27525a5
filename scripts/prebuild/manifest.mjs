/** What the binaries in `prebuilds/` were made from: `prebuilds/manifest.json`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourcesHash } from '../build-native.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const prebuilds = join(root, 'prebuilds');
const manifest = join(prebuilds, 'manifest.json');

/** Path of the binary of a target. */
export function binaryOf(name) {
  return join(prebuilds, name, 'heddle.node');
}

function read() {
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
}

/** The hash of the layout is in the sources, as native/core/layout.h. */
export function isFresh(name) {
  return existsSync(binaryOf(name)) && read()[name]?.sources === sourcesHash(name);
}

/** `by`: who made it, where that is not the prebuild script. */
export function record(name, by = 'prebuild') {
  mkdirSync(prebuilds, { recursive: true });
  const made = { ...read(), [name]: { sources: sourcesHash(name), by } };
  const sorted = Object.fromEntries(Object.entries(made).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(manifest, `${JSON.stringify(sorted, null, 2)}\n`);
}
