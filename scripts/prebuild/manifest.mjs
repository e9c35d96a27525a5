/** What the binaries in `prebuilds/` were made from: `prebuilds/manifest.json`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addFiles, sourcesHash } from '../build-native.mjs';
import { targets } from './targets.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const prebuilds = join(root, 'prebuilds');
const manifest = join(prebuilds, 'manifest.json');
const recipes = fileURLToPath(new URL('.', import.meta.url));

/** Path of the binary of a target. */
export function binaryOf(name) {
  return join(prebuilds, name, 'heddle.node');
}

function read() {
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
}

/** Hash of the sources, with that of the layout among them as native/core/layout.h, and of all that makes binaries of them. */
function originOf(name) {
  const hash = createHash('sha256').update(sourcesHash(name));
  addFiles(hash, recipes, (name) => /\.(cc|h|mjs|json)$/.test(name));
  return hash.digest('hex');
}

export function isFresh(name) {
  return existsSync(binaryOf(name)) && read()[name]?.sources === originOf(name);
}

/** Made by the prebuild script, and not by the compiler of whoever packs. */
function isPublishable(name) {
  return read()[name]?.by === 'prebuild';
}

/** Targets that have a binary, of whatever sources. */
export function targetsAtHand() {
  if (!existsSync(prebuilds)) return [];
  return readdirSync(prebuilds).filter((name) => existsSync(binaryOf(name)));
}

/**
 * Bytes of the binaries that are published and not here, each taken for one as large as the largest that is. Undefined where
 * this machine's own compiler has made one, which says nothing of the others.
 */
export function bytesOfAbsent() {
  const here = targetsAtHand();
  if (!here.every(isPublishable)) return undefined;
  return (Object.keys(targets).length - here.length) * Math.max(...here.map((name) => statSync(binaryOf(name)).size));
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
  write({ ...read(), [name]: { sources: originOf(name), by } });
}
