/**
 * Modules known by their objects, in code that bundlers and compilers have written: whatever the
 * variable is called, and whatever helper made its value, `require('node:path')` returned one certain
 * object, and the namespaces made from it have it as their `default`.
 */
import { builtinModules, createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';

export interface ModuleObject {
  readonly url: string;
  readonly style: 'import' | 'require' | 'interop';
}

const requireHere = createRequire(import.meta.url);
/** Loading them again would print a warning. */
const DEPRECATED = new Set(['punycode', 'sys']);

const known = new Map<unknown, string>();
let builtinsSeen = 0;
let packagesSeen = 0;

/** The module that `value` is, or is the namespace of; undefined for other objects. */
export function moduleBehind(value: object): ModuleObject | undefined {
  learn();
  const url = known.get(value);
  if (url !== undefined) return { url, style: 'require' };
  const whole = Object.getOwnPropertyDescriptor(value, 'default')?.value as unknown;
  const inner = whole === undefined ? undefined : known.get(whole);
  if (inner === undefined) return undefined;
  if (types.isModuleNamespaceObject(value)) return { url: inner, style: 'import' };
  // A namespace made by a helper has nothing but what the module has.
  const rest = Object.keys(value).every((name) => name === 'default' || name in (whole as object));
  return rest ? { url: inner, style: 'interop' } : undefined;
}

/** Notes the modules that have been loaded since the last time: builtin ones, and packages that were required. */
function learn(): void {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  const loaded = moduleLoadList ?? [];
  for (; builtinsSeen < loaded.length; builtinsSeen++) {
    const name = (loaded[builtinsSeen] as string).replace(/^NativeModule /, '');
    if (!builtinModules.includes(name) || name.startsWith('_') || DEPRECATED.has(name)) continue;
    known.set(requireHere(`node:${name}`), `node:${name}`);
  }
  const files = Object.keys(requireHere.cache);
  if (files.length === packagesSeen) return;
  packagesSeen = files.length;
  for (const file of files) {
    const module = requireHere.cache[file];
    const exports = module?.exports as unknown;
    if (!module?.loaded || !/[/\\]node_modules[/\\]/.test(file) || known.has(exports)) continue;
    if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function')
      known.set(exports, pathToFileURL(file).href);
  }
}
