/** How a thread looks, without pause, for something that is likely to come in a moment. */
import { engine } from '../engine/select.js';

/** Looks between two looks at the clock. */
const LOOKS = 50;
/** After so long in vain, others may have the core between looks: perhaps just the one who is waited for. Milliseconds. */
const PATIENCE_MS = 0.01;

/** Looks until `isThere()` says so, or `end`, of `performance.now()`, has passed; which of the two. */
export function lookUntil(end: number, isThere: () => boolean): boolean {
  const begun = performance.now();
  for (let now = begun; now < end; now = performance.now()) {
    if (now - begun > PATIENCE_MS) engine.yieldCore();
    for (let i = 0; i < LOOKS; i++) if (isThere()) return true;
  }
  return false;
}
