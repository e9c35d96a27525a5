/**
 * Finds the module that exports a function where no inspector tells where functions come from: in
 * the modules that threads have imported for functions before, in those that were required, and in
 * those that the program imports. That an export is the function itself is always checked.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { exportOf, loadedModules, loadModule } from './modules.js';
import { entryModule, type FunctionReference, isEntryModule } from './references.js';
import { isOwnUrl, resolveImport } from './resolution.js';
import type { FunctionSite } from './scope-model.js';
import { Script } from './script.js';

export interface Found {
  readonly reference: FunctionReference;
  readonly script?: Script;
  readonly site?: FunctionSite;
}

const requireHere = createRequire(import.meta.url);
/** So many files of a program are looked through at most. */
const LIMIT = 5000;

export function searchModules(fn: Function): Found | undefined {
  for (const [url, module] of loadedModules()) {
    const name = isEntryModule(url) || isOwnUrl(url) ? undefined : nameIn(module, fn);
    if (name !== undefined) return found(fn, url, name, !types.isModuleNamespaceObject(module));
  }
  for (const file of Object.keys(requireHere.cache)) {
    const url = pathToFileURL(file).href;
    const exports: unknown = requireHere.cache[file]?.exports;
    if (isEntryModule(url) || isOwnUrl(url)) continue;
    if (exports === fn) return found(fn, url, '*', true);
    const name = typeof exports === 'object' && exports !== null ? nameIn(exports, fn) : undefined;
    if (name !== undefined) return found(fn, url, name, !types.isModuleNamespaceObject(exports));
  }
  const text = Function.prototype.toString.call(fn);
  for (const [url, source] of programFiles()) {
    if (isEntryModule(url) || !source.includes(text)) continue;
    const name = exportNameOf(fn, url, source);
    if (name !== undefined) return found(fn, url, name, false);
  }
  return undefined;
}

/** Getters are left alone. */
function nameIn(module: object, fn: Function): string | undefined {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module)))
    if (value === fn) return name;
  return undefined;
}

function found(fn: Function, url: string, name: string, required: boolean): Found {
  const reference = { kind: 'export', url, name, required } as const;
  try {
    const script = scriptOf(url, readFileSync(fileURLToPath(url), 'utf8'), !required);
    const site = sitesOf(fn, script)[0];
    return site === undefined ? { reference } : { reference, script, site };
  } catch (error) {
    // No JavaScript that can be read: the export is the function all the same.
    if (!(error instanceof Error)) throw error;
    return { reference };
  }
}

function scriptOf(url: string, source: string, isModule: boolean): Script {
  return new Script({ id: '', url, isModule, startLine: 0, startColumn: 0, source });
}

function sitesOf(fn: Function, script: Script): FunctionSite[] {
  const text = Function.prototype.toString.call(fn);
  return script.scopes.sites.filter(({ start }) => script.source.startsWith(text, start));
}

function exportNameOf(fn: Function, url: string, source: string): string | undefined {
  try {
    const script = scriptOf(url, source, true);
    return sitesOf(fn, script)
      .map(({ node }) => script.exportedSites.get(node))
      .find((name) => name !== undefined && exportOf(loadModule(url), name) === fn);
  } catch (error) {
    // Not JavaScript, not loaded to its end, or only to be loaded asynchronously: then the module cannot be asked.
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}

const IMPORTS = /\b(?:import|export)\b[^'";]*?\bfrom\s*(['"])(.+?)\1|\bimport\s*\(?\s*(['"])(.+?)\3/g;

/** Files of the program and of what it imports, with their text. */
function* programFiles(): Generator<[url: string, source: string]> {
  const start = entryModule();
  if (start === undefined) return;
  const urls = new Set([start]);
  for (const url of urls) {
    const file = fileURLToPath(url);
    if (urls.size > LIMIT || !existsSync(file)) continue;
    const source = readFileSync(file, 'utf8');
    yield [url, source];
    for (const [, , from, , bare] of source.matchAll(IMPORTS)) {
      const found = resolveImport((from ?? bare) as string, url, 'import');
      if (found?.startsWith('file:') && /\.[cm]?[jt]s$/.test(found) && !isOwnUrl(found)) urls.add(found);
    }
  }
}
