/** What the binaries in `prebuilds/` were made from: `prebuilds/manifest.json`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Targets that have a binary, of whatever sources. */
export function targetsAtHand() {
  if (!existsSync(prebuilds)) return [];
  return readdirSync(prebuilds).filter((name) => existsSync(binaryOf(name)));
}

/** Removes the binary of a target. */
export function withdraw(name) {
  rmSync(join(prebuilds, name), { recursive: true });
  const { [name]: gone, ...rest } = read();
  if (gone !== undefined) write(rest);
}

function write(made) {
  mkdirSync(prebuilds, { recursive: true });
  const sorted = Object.fromEntries(Object.entries(made).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(manifest, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** `by`: who made it, where that is not the prebuild script. */
export function record(name, by = 'prebuild') {
  write({ ...read(), [name]: { sources: sourcesHash(name), by } });
}
