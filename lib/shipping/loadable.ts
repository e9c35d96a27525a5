/**
 * Whether a thread can load a module by itself: threads run plain Node.js, without the loader, the
 * bundler or the test runner that may be at work here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Script } from './script.js';

/** @param importer The script that imports it, or the module itself: it tells who loads TypeScript here. */
export function canLoad(url: string, importer: Script): boolean {
  if (!url.startsWith('file:')) return !url.startsWith('data:');
  const extension = /\.([a-z0-9]+)(?:[?#]|$)/i.exec(url)?.[1] ?? '';
  // As data it needs no import attribute.
  if (extension === 'json') return false;
  if (/^[mc]?ts$/.test(extension)) return loadsTypeScript(importer);
  return !/^(tsx|jsx|vue|svelte|css)$/.test(extension);
}

/** Node.js loads it, and not a loader, which threads do not have. */
function loadsTypeScript(importer: Script): boolean {
  const support = (process.features as { typescript?: unknown }).typescript;
  if (!support) return false;
  return support === 'transform' || !/\.[mc]?tsx?(?:[?#]|$)/.test(importer.url) || isStripped(importer);
}

const stripped = new WeakMap<Script, boolean>();

/** Node.js replaces types by blanks; all others who make JavaScript of TypeScript write it anew. */
function isStripped(script: Script): boolean {
  let known = stripped.get(script);
  if (known === undefined) {
    const file = fileURLToPath(script.url);
    const { length } = existsSync(file) ? readFileSync(file, 'utf8') : '';
    known = length > 0 && /^\s*(?:\/\/# source.*\s*)*$/.test(script.source.slice(length));
    stripped.set(script, known);
  }
  return known;
}
