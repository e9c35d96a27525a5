/**
 * Modules of our own that many programs do without, loaded when they are first used, in the midst of a call.
 *
 * `require` takes ES modules too, but what a program has installed for its TypeScript may turn into CommonJS whatever is
 * required, along with all that this imports: then there would be two of each. So `scripts/gather-modules.mjs` makes
 * of such a module, and of what it alone needs, a chunk of CommonJS that requires nothing of ours: it is given what it
 * uses. That takes three things here, of which the gathered code calls the last two.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import './from-package.js';

type Bindings = Readonly<Record<string, unknown>>;

/** What a chunk of CommonJS exports: makes its bindings from those of others. */
type Maker = (chunkAt: (file: string) => Bindings, meta: ImportMeta) => Bindings;

const require = createRequire(import.meta.url);

/** By path, the chunks of the modules that are loaded on demand; none before they are gathered. */
const CHUNKS: Readonly<Record<string, string>> = {};

/** The chunks that are loaded, by file. */
const chunks: Record<string, Bindings> = {};

/** What loads one of our modules, given by its path below `dist`, and returns its exports. */
export function ownOnDemand<Module>(module: string): () => Module {
  let loaded: Module | undefined;
  return () => {
    const chunk = CHUNKS[module];
    loaded ??= (chunk === undefined ? require(pathOf(`../${module}`)) : chunkAt(chunk)) as Module;
    return loaded;
  };
}

/** A chunk of ES modules lets those be loaded that use it. */
export function provide(file: string, bindings: Bindings): void {
  chunks[file] = bindings;
}

/** A chunk, loaded unless it is already. */
export function chunkAt(file: string): Bindings {
  chunks[file] ??= (require(pathOf(`../chunks/${file}`)) as Maker)(chunkAt, import.meta);
  return chunks[file];
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
