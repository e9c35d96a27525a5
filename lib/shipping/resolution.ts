/**
 * Resolves an import as Node does, synchronously and for any importing module.
 *
 * `import.meta.resolve` answers only for the module that calls it, and `require.resolve` reads the
 * `require` conditions of a package, which may lead to another copy than the program runs.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const IMPORT_CONDITIONS = new Set(['node', 'import', 'module-sync', 'node-addons', 'default']);

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

const manifests = new Map<string, Manifest | undefined>();

/** Where our own modules are, and their package's name. Imports of it lead to the receiving side's own copy. */
const ownRoot = new URL('../', import.meta.url).href;
export const OWN_NAME = 'heddle';

/** `heddle`, `heddle/queue`, …, however the importing module would find it. */
export function isOwnSpecifier(specifier: string): boolean {
  return specifier === OWN_NAME || specifier.startsWith(`${OWN_NAME}/`);
}

export function isOwnUrl(url: string): boolean {
  return url.startsWith(ownRoot);
}

/**
 * The URL that `specifier`, written in the module `parent`, stands for: a `file:` URL, a builtin with
 * its `node:` prefix, or `heddle…` itself. Undefined when nothing is found.
 */
export function resolveImport(specifier: string, parent: string, style: 'import' | 'require'): string | undefined {
  if (isOwnSpecifier(specifier)) return specifier;
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  if (style === 'require') return resolveRequire(specifier, parent);
  if (/^(file|data):/.test(specifier)) return specifier;
  if (specifier.startsWith('/@fs/')) return pathToFileURL(specifier.slice('/@fs'.length)).href;
  if (/^\.{0,2}\//.test(specifier)) {
    const url =
      parent.startsWith('file:') || specifier.startsWith('/')
        ? new URL(specifier, parent.startsWith('file:') ? parent : 'file:///')
        : undefined;
    if (url !== undefined && existsSync(url)) return url.href;
    return resolveRequire(specifier, parent);
  }
  return resolvePackage(specifier, parent) ?? resolveRequire(specifier, parent);
}

/** Loaders that map specifiers of their own patch `require.resolve`, so it also serves as the last resort. */
function resolveRequire(specifier: string, parent: string): string | undefined {
  if (!parent.startsWith('file:')) return undefined;
  try {
    return pathToFileURL(createRequire(parent).resolve(specifier)).href;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function resolvePackage(specifier: string, parent: string): string | undefined {
  if (!parent.startsWith('file:')) return undefined;
  const from = path.dirname(fileURLToPath(parent));
  if (specifier.startsWith('#')) {
    const root = scopeOf(from);
    const imports = root && manifestIn(root)?.imports;
    return root && imports ? resolveTable(root, imports as Record<string, unknown>, specifier) : undefined;
  }
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const own = scopeOf(from);
  if (own !== undefined) {
    const manifest = manifestIn(own);
    if (manifest?.name === name && manifest.exports !== undefined)
      return resolveExports(own, manifest.exports, `.${rest}`);
  }
  for (let directory = from; ; directory = path.dirname(directory)) {
    const root = path.join(directory, 'node_modules', name);
    if (existsSync(root)) return resolveIn(root, rest ?? '');
    if (directory === path.dirname(directory)) return undefined;
  }
}

function resolveIn(root: string, rest: string): string | undefined {
  const manifest = manifestIn(root);
  if (manifest?.exports !== undefined) return resolveExports(root, manifest.exports, `.${rest}`);
  if (rest !== '') return fileIn(root, `.${rest}`);
  const main = manifest?.main;
  const candidates = main === undefined ? [] : [main, `${main}.js`, `${main}.json`, `${main}.node`, `${main}/index.js`];
  for (const candidate of [...candidates, 'index.js', 'index.json', 'index.node']) {
    const found = fileIn(root, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

function resolveExports(root: string, exports: unknown, subpath: string): string | undefined {
  const isTable =
    typeof exports === 'object' &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).every((key) => key.startsWith('.'));
  if (isTable) return resolveTable(root, exports as Record<string, unknown>, subpath);
  return subpath === '.' ? resolveTarget(root, exports, undefined) : undefined;
}

/** The entry for `key`, or the longest pattern that fits it. */
function resolveTable(root: string, table: Record<string, unknown>, key: string): string | undefined {
  if (Object.hasOwn(table, key) && !key.includes('*')) return resolveTarget(root, table[key], undefined);
  let best: string | undefined;
  for (const pattern of Object.keys(table)) {
    const star = pattern.indexOf('*');
    if (
      star < 0 ||
      !key.startsWith(pattern.slice(0, star)) ||
      !key.endsWith(pattern.slice(star + 1)) ||
      key.length < pattern.length
    )
      continue;
    if (best === undefined || star > best.indexOf('*') || (star === best.indexOf('*') && pattern.length > best.length))
      best = pattern;
  }
  if (best === undefined) return undefined;
  const star = best.indexOf('*');
  return resolveTarget(root, table[best], key.slice(star, key.length - (best.length - star - 1)));
}

function resolveTarget(root: string, target: unknown, match: string | undefined): string | undefined {
  if (typeof target === 'string') {
    const filled = match === undefined ? target : target.replaceAll('*', match);
    if (filled.startsWith('./')) return fileIn(root, filled);
    return resolveImport(filled, pathToFileURL(path.join(root, 'package.json')).href, 'import');
  }
  if (Array.isArray(target)) {
    for (const item of target) {
      const found = resolveTarget(root, item, match);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (!IMPORT_CONDITIONS.has(condition)) continue;
    const found = resolveTarget(root, value, match);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fileIn(root: string, relative: string): string | undefined {
  const file = path.join(root, relative);
  // Node knows modules by their real path.
  return statSync(file, { throwIfNoEntry: false })?.isFile()
    ? pathToFileURL(createRequire(file).resolve(file)).href
    : undefined;
}

/** The nearest directory with a package.json. */
function scopeOf(from: string): string | undefined {
  for (let directory = from; ; directory = path.dirname(directory)) {
    if (path.basename(directory) === 'node_modules') return undefined;
    if (manifestIn(directory) !== undefined) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}

function manifestIn(root: string): Manifest | undefined {
  if (!manifests.has(root)) {
    const file = path.join(root, 'package.json');
    manifests.set(root, existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : undefined);
  }
  return manifests.get(root);
}
