/**
 * Where a task was submitted, for the stack of the error it ends with.
 *
 * To note the stack of every task would cost more than a small task does. So it is noted for the first task
 * of a function, and after that as often as leaves the cost unnoticeable: a loop that submits a hundred
 * thousand tasks of one function submits them all from one place.
 */
import type { KnownFunction } from './functions.js';

/** Notes a second, and notes at once after a pause. */
const PER_MS = 2;
const BURST = 100;

let left = BURST;
let last = 0;
let uses = 0;

/** Notes, if it is worth it, that `fn` is submitted by the caller of `caller`. */
export function noteSite(fn: KnownFunction, caller: Function): void {
  if (fn.site !== undefined) {
    if (left < 1) {
      // The clock is dear as well.
      if ((++uses & 63) !== 0) return;
      const now = performance.now();
      left = Math.min(BURST, left + PER_MS * (now - last));
      last = now;
      if (left < 1) return;
    }
    left--;
  }
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, caller);
  fn.site = site;
}

/** Adds to an error of a task where that was submitted. */
export function addSite(error: unknown, site: { stack?: string } | undefined): void {
  const frames = site?.stack?.slice(site.stack.indexOf('\n') + 1 || site.stack.length);
  if (!frames || !(error instanceof Error) || typeof error.stack !== 'string') return;
  try {
    error.stack += `\n    --- submitted ---\n${frames}`;
  } catch (refusal) {
    // Frozen, or its stack is: it stays as it came.
    if (!(refusal instanceof TypeError)) throw refusal;
  }
}
