/** Functions that travel as a name: globals, what builtin modules export, what a module exports. */
import { realpathSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadedChunks } from '../engine/own-modules.js';
import { originalOf } from '../engine/stand-in.js';
import { canLoad } from './loadable.js';
import type { FunctionSite } from './scope-model.js';
import type { Script } from './script.js';

/** Where a function is found again. */
export type FunctionReference =
  | { readonly kind: 'global'; readonly path: string }
  /** `name` is an export, '*' all of `module.exports`. `required`: of a CommonJS or builtin module. */
  | { readonly kind: 'export'; readonly url: string; readonly name: string; readonly required: boolean };

const requireHere = createRequire(import.meta.url);

export function isNative(fn: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

let globals: Map<unknown, string> | undefined;

/** `Math.max`, `parseInt`, `Map`, `Array.prototype.slice`, `console.log`. */
export function globalReference(fn: Function): FunctionReference | undefined {
  globals ??= collectGlobals();
  const path = globals.get(fn);
  return path === undefined ? undefined : { kind: 'global', path };
}

function collectGlobals(): Map<unknown, string> {
  const found = new Map<unknown, string>();
  const add = (holder: object, prefix: string, deeper: number): void => {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)) as [
      string,
      PropertyDescriptor,
    ][]) {
      // Accessors are lazy builtins (fetch, crypto): reading them all would load them.
      if (name === 'globalThis' || name === 'global' || name === 'constructor') continue;
      if ((typeof value !== 'function' && typeof value !== 'object') || value === null || found.has(value)) continue;
      if (typeof value === 'function') found.set(value, prefix + name);
      const isPrototype = name === 'prototype';
      if (deeper > 0 || isPrototype) add(value as object, `${prefix}${name}.`, isPrototype ? 0 : deeper - 1);
    }
  };
  const standard = Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(
      ([name, { value, enumerable }]) => !enumerable || typeof value === 'function' || name === 'console',
    ),
  );
  add(Object.defineProperties({}, standard), '', 1);
  return found;
}

export function followGlobal(path: string): unknown {
  let at: unknown = globalThis;
  for (const step of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[step];
  return at;
}

/** Builtin modules that export functions made in files of another name. */
const USUAL = [
  'util',
  'fs',
  'fs/promises',
  'path',
  'crypto',
  'timers',
  'timers/promises',
  'os',
  'url',
  'events',
  'buffer',
  'stream',
  'zlib',
  'child_process',
  'worker_threads',
  'perf_hooks',
  'dns',
  'net',
  'http',
  'process',
];
const builtinFunctions = new Map<string, Map<unknown, string>>();

/** A function that a builtin module exports, given the URL of its script (`node:internal/fs/utils`), if it has one. */
export function builtinReference(fn: Function, url: string): FunctionReference | undefined {
  const parts = url.replace(/^node:(internal\/)?/, '').split('/');
  const likely = [parts.slice(0, 2).join('/'), parts[0] as string].filter(
    (name) => builtinModules.includes(name) && !name.startsWith('_'),
  );
  for (const name of new Set([...likely, ...USUAL])) {
    let functions = builtinFunctions.get(name);
    if (functions === undefined) {
      functions = new Map();
      const module = requireHere(`node:${name}`) as object;
      if (typeof module === 'function') functions.set(module, '*');
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module)) as [
        string,
        PropertyDescriptor,
      ][]) {
        if (typeof value === 'function' && !functions.has(value)) functions.set(value, key);
      }
      builtinFunctions.set(name, functions);
    }
    const key = functions.get(fn);
    if (key !== undefined) return { kind: 'export', url: `node:${name}`, name: key, required: true };
  }
  return undefined;
}

const ownFunctions = new Map<unknown, FunctionReference>();
const chunksSeen = new Set<string>();

/** A function of heddle's own, or what stands for it, which every isolate has in a chunk. */
export function ownReference(fn: Function): FunctionReference | undefined {
  const original = originalOf(fn);
  for (const [file, bindings] of Object.entries(loadedChunks())) {
    if (chunksSeen.has(file)) continue;
    chunksSeen.add(file);
    // ES modules, which functions are imported from, have this ending; that of a chunk of CommonJS loads it.
    const url = new URL(`../chunks/${file.replace(/\.cjs$/, '.js')}`, import.meta.url).href;
    for (const [name, value] of Object.entries(bindings))
      ownFunctions.set(value, { kind: 'export', url, name, required: false });
  }
  return ownFunctions.get(original);
}

/** A function that its own module exports, unless that module is the program itself. */
export function exportReference(
  fn: Function,
  script: Script,
  site: FunctionSite | undefined,
): FunctionReference | undefined {
  if (script.isShipped || !script.url.startsWith('file:') || isEntryModule(script.url)) return undefined;
  if (!canLoad(script.url, script)) return undefined;
  if (script.isModule) {
    const name = site && script.exportedSites.get(site.node);
    return name === undefined ? undefined : { kind: 'export', url: script.url, name, required: false };
  }
  const exports = requireHere.cache[fileURLToPath(script.url)]?.exports as unknown;
  if (exports === fn) return { kind: 'export', url: script.url, name: '*', required: true };
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return undefined;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(exports)) as [
    string,
    PropertyDescriptor,
  ][]) {
    // Getters of transpiled modules (`__esModule`) do nothing but return a variable; others may do anything.
    const value =
      descriptor.get !== undefined && '__esModule' in exports ? descriptor.get.call(exports) : descriptor.value;
    if (value === fn && name !== '*') return { kind: 'export', url: script.url, name, required: true };
  }
  return undefined;
}

/** URL of the directory that a `require` of Node's starts from; undefined for anything else. */
export function directoryOfRequire(value: unknown): string | undefined {
  if (typeof value !== 'function' || value.name !== 'require') return undefined;
  const { cache, resolve } = value as unknown as Partial<NodeJS.Require>;
  if (cache !== requireHere.cache || typeof resolve?.paths !== 'function') return undefined;
  const directory = resolve.paths('./')?.[0];
  return directory === undefined ? undefined : pathToFileURL(`${directory}/`).href;
}

let entry: string | undefined | null = null;

/** The module that the program was started with: importing it again would run the program again. */
export function isEntryModule(url: string): boolean {
  return url === entryModule();
}

export function entryModule(): string | undefined {
  if (entry === null) {
    try {
      entry =
        process.argv[1] === undefined
          ? undefined
          : pathToFileURL(requireHere.resolve(realpathSync(process.argv[1]))).href;
    } catch (error) {
      // No file (as with -e, or a script since deleted): then nothing can be mistaken for it.
      if (!(error instanceof Error)) throw error;
      entry = undefined;
    }
  }
  return entry;
}
