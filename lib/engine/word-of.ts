/** Words of a cell as its owner sees them, which may be another process (see `fallback/proxy.ts`). */
import type { Handle } from './engine.js';
import { PROXY } from './fallback/proxy.js';
import { engine } from './select.js';

const words = engine.words;

/** True when the object belongs to another process, which has an arena of its own. */
export function isProxy(handle: Handle): boolean {
  return (words[handle] as number) >= PROXY;
}

export function wordOf(handle: Handle, word: number): number {
  return isProxy(handle) ? engine.look(handle, word) : Atomics.load(words, handle + word);
}
