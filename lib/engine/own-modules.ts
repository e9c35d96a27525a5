/**
 * Modules of our own that many programs do without, loaded when they are first used, in the midst of a call.
 *
 * `require` takes ES modules too, but what a program has installed for its TypeScript may turn into CommonJS whatever is
 * required, along with all that this imports: then there would be two of each. So `scripts/gather-modules.mjs` makes
 * of such modules chunks of CommonJS that require nothing of ours: they are given what they use. That takes `provide` and
 * `chunkAt` here, which the gathered code calls. What the public faces export of such a chunk: see `stand-in.ts`.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { packageRoot } from './from-package.js';

export type Bindings = Readonly<Record<string, unknown>>;

/** What a chunk of CommonJS exports: makes its bindings from those of others. */
type Maker = (chunkAt: (file: string) => Bindings, meta: ImportMeta) => Bindings;

/** By path, the chunks of the modules that are loaded on demand; none before they are gathered. */
const CHUNKS: Readonly<Record<string, string>> = {};

/** The chunks that are loaded, by file. */
const chunks: Record<string, Bindings> = {};

/** What loads one of our modules, given by its path below `dist`, and returns its exports. */
export function ownOnDemand<Module>(module: string): () => Module {
  let loaded: Module | undefined;
  return () => {
    const chunk = CHUNKS[module];
    loaded ??= (chunk === undefined ? requireOwn(module) : chunkAt(chunk)) as Module;
    return loaded;
  };
}

/** A chunk of ES modules lets those be loaded that use it. */
export function provide(file: string, bindings: Bindings): void {
  chunks[file] = bindings;
}

/** Who waits for a chunk, by file. */
const waiting: Record<string, ((bindings: Bindings) => void)[]> = {};

/** A chunk, loaded unless it is already. */
export function chunkAt(file: string): Bindings {
  const known = chunks[file];
  if (known !== undefined) return known;
  const bindings = (requireOwn(`chunks/${file}`) as Maker)(chunkAt, import.meta);
  chunks[file] = bindings;
  for (const listener of waiting[file] ?? []) listener(bindings);
  return bindings;
}

/** The chunks that are loaded, by file. */
export function loadedChunks(): Readonly<Record<string, Bindings>> {
  return chunks;
}

/** Has `listener` called as soon as a chunk is loaded. */
export function onChunk(file: string, listener: (bindings: Bindings) => void): void {
  waiting[file] ??= [];
  waiting[file].push(listener);
}

/** Made when it is needed, for that takes a while too. */
let require: NodeJS.Require | undefined;

/** What a file exports, given by its path below `dist`. */
function requireOwn(file: string): unknown {
  require ??= createRequire(import.meta.url);
  return require(fileURLToPath(new URL(`dist/${file}`, packageRoot)));
}
