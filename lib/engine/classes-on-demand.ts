/**
 * Classes of shared objects that few programs use, loaded into an isolate when the first object of theirs
 * arrives there: by tag, the module that registers them.
 */
import { ownOnDemand } from './own-modules.js';

const modules: Readonly<Record<string, () => unknown>> = {
  Process: ownOnDemand('processes/process.js'),
};

/** Loads the class of this tag, if it is one of those. */
export function loadClassOf(tag: string): void {
  modules[tag]?.();
}
