/**
 * Sees to it that heddle is loaded from its package: the programs of its threads and processes, its addon and what it
 * loads on demand are files of their own there, which a bundler that takes heddle into a bundle leaves behind. That is
 * refused here, at once, rather than when the first thread is started.
 *
 * To be imported by every module of this layer that looks for a file, for it is to run before they do.
 */
import { statSync } from 'node:fs';
import { EngineUnavailableError } from '../errors.js';
import { isDenied } from './denied.js';

/** A function where webpack, or a bundler of its kind, has compiled this module, whose `import.meta.url` it then keeps. */
declare const __webpack_require__: unknown;

/** What this module takes for its place; undefined in CommonJS that a bundler has made. */
function ownUrl(): URL | undefined {
  try {
    return new URL(import.meta.url);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_INVALID_URL') return undefined;
    throw error;
  }
}

/** Whether this module is the file that it should be. */
function isOwnFile(): boolean {
  const url = ownUrl();
  if (typeof __webpack_require__ === 'function' || !url?.pathname.endsWith('/engine/from-package.js')) return false;
  try {
    return url.protocol !== 'file:' || statSync(url, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (!isDenied(error)) throw error;
    // Nobody says; that it is there is to be expected.
    return true;
  }
}

if (!isOwnFile()) {
  throw new EngineUnavailableError(
    'heddle has been made part of a bundle, which leaves behind the files that its threads and processes run. Have the ' +
      'bundler leave it out, and install it beside the bundle; docs/bundling.md of the package says more. ' +
      "esbuild: --external:heddle; Bun: --external heddle; Vite: ssr: { external: ['heddle'] }; Rollup, Rolldown: external: /^heddle(\\/|$)/; " +
      "webpack: externals: [/^heddle(\\/|$)/], with externalsType; Next.js: serverExternalPackages: ['heddle']",
  );
}

/** The folder of the package. */
export const packageRoot = new URL('../../', import.meta.url);
