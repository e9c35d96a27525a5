/**
 * Modules that many programs do without, loaded when they are first used instead of with heddle: Node's own, and those
 * of packages that are CommonJS as well.
 *
 * They are loaded by `require`, in the midst of a call. Our own modules: see `own-modules.ts`.
 *
 * For the same purpose `process` is the global one everywhere: an import of it makes Node.js open the standard streams.
 */
import { createRequire } from 'node:module';
import './from-package.js';

const require = createRequire(import.meta.url);

/** What loads a module, once, and returns it. */
export function onDemand<Module>(specifier: string): () => Module {
  let loaded: Module | undefined;
  return () => {
    loaded ??= require(specifier) as Module;
    return loaded;
  };
}
