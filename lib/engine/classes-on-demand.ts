/**
 * Classes of shared objects that few programs use, loaded into an isolate when the first object of theirs
 * arrives there: by tag, what loads the module that registers them.
 */
import { onDemand } from './on-demand.js';

const modules: Readonly<Record<string, () => unknown>> = {
  Process: onDemand(new URL('../processes/process.js', import.meta.url)),
};

/** Loads the class of this tag, if it is one of those. An object may arrive in a Sync call. */
export function loadClassOf(tag: string): void {
  modules[tag]?.();
}
