/**
 * Modules that shipped functions need, loaded into this isolate.
 *
 * Most load synchronously (`require` takes ES modules on every supported Node), so a function can
 * come out of `getSync`. One with top-level await has to be imported beforehand: `importModules`.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { inheritance } from '../engine/inheritance.js';
import { FunctionNotShippableError, ProcessStateError, ThreadStateError } from '../errors.js';
import { isOwnSpecifier } from './resolution.js';

/** A module namespace, or the `module.exports` of a CommonJS module. */
type Loaded = Record<string, unknown>;

const loaded = new Map<string, Loaded>();
const requireHere = createRequire(import.meta.url);

/** The modules that functions needed so far, by URL. */
export function loadedModules(): ReadonlyMap<string, object> {
  return loaded;
}

/** URLs whose top level runs now on behalf of a function that arrives. */
const running: string[] = [];

/** The module whose top level runs now because a shipped function needs it, if any. */
export function moduleBeingLoaded(): string | undefined {
  return running.at(-1);
}

/**
 * Throws when the calling code is the top level of a module that this isolate imports for a shipped
 * function: starting a thread there would import the module again, and so on for ever.
 */
export function refuseWhileLoading(action: string): void {
  const url = moduleBeingLoaded();
  // The main thread imports a module once; only a thread that starts threads as it begins goes on for ever.
  if (url === undefined || isMainThread) return;
  throw new ThreadStateError(
    `${action} at the top level of ${url} while a thread imports this module: it would go on for ever. ` +
      "Put it under `if (isMainThread)` from 'node:worker_threads', as Python does with `if __name__ == '__main__'`",
  );
}

/** The same for processes: a child imports the module in its main thread. */
export function refuseProcessWhileLoading(action: string): void {
  const url = moduleBeingLoaded();
  if (url === undefined || (isMainThread && inheritance === undefined)) return;
  throw new ProcessStateError(
    `${action} at the top level of ${url} while a thread or process imports this module: it would go on for ever. ` +
      "Put it under `if (isMainThread && parentProcess() === undefined)`, as Python does with `if __name__ == '__main__'`",
  );
}

/** True when every module of the list can be used at once: files have to be imported, Node's and our own modules never wait. */
export function modulesLoaded(urls: readonly string[]): boolean {
  return urls.every((url) => loaded.has(url) || !url.startsWith('file:'));
}

/** Imports modules that functions about to be decoded need. */
export async function importModules(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    if (loaded.has(url)) continue;
    running.push(url);
    try {
      loaded.set(url, (await import(isOwnSpecifier(url) ? import.meta.resolve(url) : url)) as Loaded);
    } catch (error) {
      throw explained(url, error);
    } finally {
      running.splice(running.lastIndexOf(url), 1);
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

/** Errors of Node.js about a kind of file that only the loader of the other side understands say so. */
function explained(url: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' && code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return error;
  return new FunctionNotShippableError(
    `a function arrived that needs ${url}, which Node.js cannot load in this thread: ` +
      'loaders and bundlers of the main thread do not reach threads; compile the program to JavaScript first, ' +
      'or define the function in a module that Node.js can load',
    { cause: error },
  );
}

/** The module at `url`, loaded now unless it is already. */
export function loadModule(url: string): Loaded {
  const known = loaded.get(url);
  if (known !== undefined) return known;
  running.push(url);
  let module: Loaded;
  try {
    // A name of our own or a builtin is required as it is, a file by its path.
    module = (url.startsWith('file:') ? createRequire(url)(fileURLToPath(url)) : requireHere(url)) as Loaded;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ERR_REQUIRE_ASYNC_MODULE' || code === 'ERR_REQUIRE_ESM') {
      throw new FunctionNotShippableError(
        `a function arrived that needs ${url}, which cannot be loaded synchronously here; ` +
          'import it in the receiving thread first, or receive with the call that returns a promise',
        { cause: error },
      );
    }
    throw explained(url, error);
  } finally {
    running.pop();
  }
  loaded.set(url, module);
  return module;
}

/** Property of a module as `import` shows it. */
export function exportOf(module: Loaded, name: string): unknown {
  if (types.isModuleNamespaceObject(module)) return name === '*' ? module : module[name];
  if (name === 'default') return module;
  if (name !== '*') return module[name];
  return Object.freeze(Object.assign(Object.create(null) as object, module, { default: module }));
}

/** Property of a module as `require` shows it. */
export function requiredFrom(module: Loaded, name: string): unknown {
  if (types.isModuleNamespaceObject(module)) {
    // What `import` made of a CommonJS or builtin module.
    const whole = 'module.exports' in module ? module['module.exports'] : isNative(module) ? module['default'] : module;
    return name === '*' ? whole : (whole as Loaded)[name];
  }
  return name === '*' ? module : module[name];
}

/** A CommonJS module as TypeScript's, Babel's and esbuild's helpers dress it. */
export function dressed(module: Loaded): Loaded {
  const whole = requiredFrom(module, '*') as Loaded;
  if (whole['__esModule'] === true) return whole;
  return Object.assign(Object.create(null) as object, whole, { default: whole }) as Loaded;
}

/** A namespace without exports of its own beside `default`'s properties belongs to a CommonJS or builtin module. */
function isNative(namespace: Loaded): boolean {
  const whole = namespace['default'];
  if ((typeof whole !== 'object' && typeof whole !== 'function') || whole === null) return false;
  return Object.keys(namespace).every(
    (name) => name === 'default' || (name in whole && (whole as Loaded)[name] === namespace[name]),
  );
}
