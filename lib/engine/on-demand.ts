/**
 * Modules that many programs do without, loaded when they are first used instead of with heddle: Node's own, those of
 * other packages, and ours.
 *
 * They are loaded by `require`, in the midst of a call, which takes ES modules too on every Node.js that is supported,
 * as long as they await nothing at their top level.
 *
 * For the same reason `process` is the global one everywhere: an import of it has Node.js make stdin, stdout and stderr.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/**
 * What loads a module, once, and returns it.
 *
 * @param module A specifier, or the URL of one of our own modules.
 */
export function onDemand<Module>(module: string | URL): () => Module {
  let loaded: Module | undefined;
  return () => {
    loaded ??= require(typeof module === 'string' ? module : fileURLToPath(module)) as Module;
    return loaded;
  };
}
