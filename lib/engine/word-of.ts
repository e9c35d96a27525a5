/** Words of a cell as its owner sees them, which may be another process (see `proxies/proxy.ts`). */
import { PROXY } from '../memory/layout.js';
import type { Handle } from './engine.js';
import { engine } from './select.js';
import { wordsAt } from './words-at.js';

/** True when the object belongs to another process, which has an arena of its own. */
export function isProxy(handle: Handle): boolean {
  return (wordsAt(handle)[handle] as number) >= PROXY;
}

export function wordOf(handle: Handle, word: number): number {
  return isProxy(handle) ? engine.look(handle, word) : Atomics.load(wordsAt(handle), handle + word);
}
