/** The receiving half of shipping: makes the function that a message describes. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import vm from 'node:vm';
import { FunctionNotShippableError } from '../errors.js';
import { type Box, Extra, type FunctionCode, type ImportedVariable, INSTANCE_CLASS, INSTANCE_STATE, made, type SourceCode } from './code.js';
import { compile, type Values } from './compile.js';
import { dressed, exportOf, loadModule, requiredFrom } from './modules.js';
import { followGlobal } from './references.js';
import { isOwnSpecifier, resolveImport } from './resolution.js';

/** Setters of the late variables of functions that arrived, until all have come. */
const setters = new WeakMap<Function, (late: Values) => void>();

export function receiveFunction(code: FunctionCode): { fn: Function; link?: (captured: unknown) => void } {
  switch (code.kind) {
    case 'global':
      return { fn: expectFunction(followGlobal(code.path), code.path) };
    case 'export': {
      const module = loadModule(code.url);
      const value = code.required ? requiredFrom(module, code.name) : exportOf(module, code.name);
      return { fn: expectFunction(value, `export '${code.name}' of ${code.url}`) };
    }
    case 'bound': {
      const fn = Function.prototype.bind.call(code.target, code.boundThis, ...code.boundArguments) as Function;
      Object.defineProperty(fn, 'name', { value: code.name, configurable: true });
      return { fn };
    }
    case 'source':
      return receiveSource(code);
  }
}

function expectFunction(value: unknown, what: string): Function {
  if (typeof value === 'function') return value;
  throw new FunctionNotShippableError(
    `a function arrived as ${what}, which is ${value === undefined ? 'not defined' : `of type ${typeof value}`} in this thread; ` +
      'export it unconditionally, from a module that gives the same exports in every thread',
  );
}

function receiveSource(code: SourceCode): { fn: Function; link: (captured: unknown) => void } {
  const early: Values = {};
  for (const variable of code.imports) early[variable.local] = importVariable(variable);
  for (const [name, kind] of code.ambient) early[name] = ambientOf(kind, code.url);
  for (const [name, value] of Object.entries(code.early)) early[name] = restore(value);
  const factory = compile({ ...code, early: Object.keys(early), late: code.late });
  const [fn, set] = factory(early);
  if (fn.name !== code.name && !(Object.hasOwn(fn, 'name') && typeof fn.name !== 'string')) Object.defineProperty(fn, 'name', { value: code.name, configurable: true });
  return { fn, link: (captured) => link(fn, set, code.late, captured as Values) };
}

function link(fn: Function, set: (late: Values) => void, names: readonly string[], captured: Values): void {
  const late: Values = {};
  let owed = false;
  for (const name of names) {
    if (name in captured) late[name] = restore(captured[name]);
    else owed = true;
  }
  // A part may still be owed: it comes with the class that it leads back to.
  if (owed) {
    setters.set(fn, (rest) => {
      for (const [name, value] of Object.entries(rest)) late[name] = restore(value);
      set(late);
    });
  }
  set(late);
  const properties = captured[Extra.PROPERTIES] as Values | undefined;
  if (properties !== undefined) Object.assign(fn, restoreAll(properties));
  const prototype = captured[Extra.PROTOTYPE] as Values | undefined;
  if (prototype !== undefined) Object.assign(fn.prototype as object, restoreAll(prototype));
  const parent = captured[Extra.PARENT] as Function | undefined;
  if (parent !== undefined) Object.setPrototypeOf(fn.prototype, parent.prototype as object);
  for (const [debtor, rest] of (captured[Extra.OWED] as [Function, Values][] | undefined) ?? []) {
    setters.get(debtor)?.(rest);
    setters.delete(debtor);
  }
}

function restoreAll(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, restore(value)]));
}

const instances = new WeakMap<object, object>();

/** Gives an instance of a user's class its class back; in a box too. */
export function restore(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (INSTANCE_CLASS in value && INSTANCE_STATE in value) {
    let instance = instances.get(value);
    if (instance === undefined) {
      instance = Object.create((value[INSTANCE_CLASS] as Function).prototype as object) as object;
      instances.set(value, instance);
      // Defined, not assigned: the class may have setters of these names.
      for (const [name, property] of Object.entries(value[INSTANCE_STATE] as Values)) {
        Object.defineProperty(instance, name, { value: restore(property), writable: true, enumerable: true, configurable: true });
      }
    }
    return instance;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === 'value' && Object.getPrototypeOf(value) === Object.prototype) {
    const box = value as Box;
    if (typeof box.value === 'object' && box.value !== null && INSTANCE_CLASS in box.value) box.value = restore(box.value);
  }
  return value;
}

const boxes = new Map<string, Box>();

/** Boxed, the variable is live: it follows the module when that assigns to its export. */
function importVariable({ url, name, style, boxed }: ImportedVariable): unknown {
  const module = loadModule(url);
  if (!boxed) return readImport(module, name, style);
  const key = `${style} ${name} ${url}`;
  let box = boxes.get(key);
  if (box === undefined) {
    box = makeBox(module, name, style);
    boxes.set(key, box);
    made.set(box, { kind: 'import', url, name, style });
  }
  return box;
}

function readImport(module: Values, name: string, style: ImportedVariable['style']): unknown {
  if (style === 'interop') return name === '*' ? dressed(module) : dressed(module)[name];
  return style === 'require' ? requiredFrom(module, name) : exportOf(module, name);
}

function makeBox(module: Values, name: string, style: ImportedVariable['style']): Box {
  if (style !== 'import' || name === '*' || !types.isModuleNamespaceObject(module)) return { value: readImport(module, name, style) };
  // A getter of its own for each export, with the name as a constant, is as fast as the import was.
  const make = vm.runInThisContext(`(module) => ({ get value() { return module[${JSON.stringify(name)}]; } })`) as (module: Values) => Box;
  return make(module);
}

function ambientOf(kind: string, url: string): unknown {
  const value = makeAmbient(kind, url);
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') made.set(value, { kind: 'ambient', ambient: kind, url });
  return value;
}

function makeAmbient(kind: string, url: string): unknown {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  switch (kind) {
    case 'require':
      return createRequire(url);
    case '__filename':
      return file;
    case '__dirname':
      return path.dirname(file);
    case 'import.meta':
      return { url, filename: file, dirname: path.dirname(file), env: process.env, resolve: (specifier: string) => resolveFrom(specifier, url) };
    case 'import()':
      return async (specifier: string, options?: ImportCallOptions): Promise<unknown> => {
        const found = resolveFrom(String(specifier), url);
        return await (options === undefined ? import(found) : import(found, options));
      };
    default:
      throw new TypeError(`unknown surrounding '${kind}' of a function`);
  }
}

function resolveFrom(specifier: string, url: string): string {
  const found = resolveImport(specifier, url, 'import');
  if (found === undefined) throw Object.assign(new Error(`Cannot find module '${specifier}' imported from ${url}`), { code: 'ERR_MODULE_NOT_FOUND' });
  return isOwnSpecifier(found) ? import.meta.resolve(found) : found;
}
