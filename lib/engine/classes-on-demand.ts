/**
 * Classes of shared objects that few programs use, loaded into an isolate when the first object of theirs
 * arrives there: by tag, the module that registers them.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import './from-package.js';

const modules: Readonly<Record<string, string>> = {
  Process: '../processes/process.js',
};

const require = createRequire(import.meta.url);

/** Loads the class of this tag, if it is one of those. */
export function loadClassOf(tag: string): void {
  const module = modules[tag];
  // ES modules can be required on every Node.js that is supported, and an object may arrive in a Sync call.
  if (module !== undefined) require(fileURLToPath(new URL(module, import.meta.url)));
}
