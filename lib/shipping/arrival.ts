/** The receiving half of shipping: makes the function that a message describes. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import vm from 'node:vm';
import { FunctionNotShippableError } from '../errors.js';
import {
  type Box,
  Extra,
  type FunctionCode,
  type Header,
  type ImportedVariable,
  made,
  type SourceCode,
} from './code.js';
import { compile, type Values } from './compile.js';
import { hideInstance } from './instances.js';
import { dressed, exportOf, loadModule, requiredFrom } from './modules.js';
import { followGlobal } from './references.js';
import { isOwnSpecifier, resolveImport } from './resolution.js';

/** Setters of the late variables of functions that arrived, until all have come. */
const setters = new WeakMap<Function, (late: Values) => void>();

interface Arrived {
  readonly fn: Function;
  readonly link?: (captured: unknown) => void;
}
type Maker = (values: Values) => Arrived;

/** What makes the functions of a header, worked out when it comes for the first time. Bounded: the oldest goes first. */
const makers = new Map<string, Maker>();
const KEPT = 1000;

export function receiveFunction(code: FunctionCode): Arrived {
  const header = typeof code === 'string' ? code : code[0];
  let maker = makers.get(header);
  if (maker === undefined) {
    maker = makerOf(JSON.parse(header) as Header);
    if (makers.size >= KEPT) makers.delete(makers.keys().next().value as string);
    makers.set(header, maker);
  }
  return maker(typeof code === 'string' ? NOTHING : code[1]);
}

const NOTHING: Values = {};

function makerOf(header: Header): Maker {
  switch (header.kind) {
    case 'global': {
      const fn = expectFunction(followGlobal(header.path), header.path);
      return () => ({ fn });
    }
    case 'export': {
      const module = loadModule(header.url);
      const value = header.required ? requiredFrom(module, header.name) : exportOf(module, header.name);
      const fn = expectFunction(value, `export '${header.name}' of ${header.url}`);
      return () => ({ fn });
    }
    case 'bound':
      return ({ target, boundThis, boundArguments }) => {
        const fn = Function.prototype.bind.call(
          target as Function,
          boundThis,
          ...(boundArguments as unknown[]),
        ) as Function;
        Object.defineProperty(fn, 'name', { value: header.name, configurable: true });
        return { fn };
      };
    case 'instance':
      return ({ cls }) => {
        const state: Values = {};
        return { fn: hideInstance(cls as Function, state), link: (captured) => Object.assign(state, captured) };
      };
    case 'source':
      return sourceMaker(header);
  }
}

function expectFunction(value: unknown, what: string): Function {
  if (typeof value === 'function') return value;
  throw new FunctionNotShippableError(
    `a function arrived as ${what}, which is ${value === undefined ? 'not defined' : `of type ${typeof value}`} in this thread; ` +
      'export it unconditionally, from a module that gives the same exports in every thread',
  );
}

function sourceMaker(code: SourceCode): Maker {
  const surroundings: Values = {};
  for (const variable of code.imports) surroundings[variable.local] = importVariable(variable);
  for (const [name, kind, url] of code.ambient) surroundings[name] = ambientOf(kind, url ?? code.url);
  const factory = compile({ ...code, early: [...Object.keys(surroundings), ...code.early] });
  const late = code.late.length > 0 ? code.late : undefined;
  return (values) => {
    let early = surroundings;
    if (code.early.length > 0) {
      early = { ...surroundings };
      for (const name of code.early) early[name] = values[name];
    }
    const [fn, set] = factory(early);
    if (fn.name !== code.name && !(Object.hasOwn(fn, 'name') && typeof fn.name !== 'string'))
      Object.defineProperty(fn, 'name', { value: code.name, configurable: true });
    return { fn, link: (captured) => link(fn, set, late ?? [], captured as Values) };
  };
}

function link(fn: Function, set: (late: Values) => void, names: readonly string[], captured: Values): void {
  const late: Values = {};
  let owed = false;
  for (const name of names) {
    if (name in captured) late[name] = captured[name];
    else owed = true;
  }
  // A part may still be owed: it comes with the class that it leads back to.
  if (owed) {
    setters.set(fn, (rest) => set(Object.assign(late, rest)));
  }
  set(late);
  const properties = captured[Extra.PROPERTIES] as Values | undefined;
  if (properties !== undefined) Object.assign(fn, properties);
  const prototype = captured[Extra.PROTOTYPE] as Values | undefined;
  if (prototype !== undefined) Object.assign(fn.prototype as object, prototype);
  const parent = captured[Extra.PARENT] as Function | undefined;
  if (parent !== undefined) Object.setPrototypeOf(fn.prototype, parent.prototype as object);
  for (const [debtor, rest] of (captured[Extra.OWED] as [Function, Values][] | undefined) ?? []) {
    setters.get(debtor)?.(rest);
    setters.delete(debtor);
  }
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
  if (style !== 'import' || name === '*' || !types.isModuleNamespaceObject(module))
    return { value: readImport(module, name, style) };
  // A getter of its own for each export, with the name as a constant, is as fast as the import was.
  const make = vm.runInThisContext(`(module) => ({ get value() { return module[${JSON.stringify(name)}]; } })`) as (
    module: Values,
  ) => Box;
  return make(module);
}

function ambientOf(kind: string, url: string): unknown {
  const value = makeAmbient(kind, url);
  if ((typeof value === 'object' && value !== null) || typeof value === 'function')
    made.set(value, { kind: 'ambient', ambient: kind, url });
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
      return {
        url,
        filename: file,
        dirname: path.dirname(file),
        env: process.env,
        // As there, what is written as a URL or a path need not exist.
        resolve: (specifier: string) =>
          /^(?:\.{0,2}\/|[a-z][a-z\d+.-]*:)/i.test(specifier)
            ? new URL(specifier, url).href
            : resolveFrom(specifier, url),
      };
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
  if (found === undefined)
    throw Object.assign(new Error(`Cannot find module '${specifier}' imported from ${url}`), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
  return isOwnSpecifier(found) ? import.meta.resolve(found) : found;
}
