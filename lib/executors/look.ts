/**
 * How a thread looks, without pause, for something that is likely to come in a moment.
 *
 * After a while in vain it lets others have the core between looks: perhaps just the one who is waited for. Where that
 * one has no other core, this is what it takes. But it makes it last: two threads that hand one core to and fro every
 * few microseconds look busy and warm to the system, which then leaves both where they are, although another core may
 * be free or do less that matters. So who finds what it looks for only after giving way, time and again, does
 * not give way for some looks: then one of the two is left to wait long enough to be moved to another core.
 */
import { engine } from '../engine/select.js';

/** Looks between two looks at the clock. */
const LOOKS = 50;
/** Others may have the core after so long. Milliseconds. */
const PATIENCE_MS = 0.01;
/** As often as it has helped to give way, one time after another, does it become a habit to be broken. */
const HABIT = 16;
/** Calls that then do not give way. */
const ABSTINENCE = 16;

let helped = 0;
let abstain = 0;

/** Looks until `isThere()` says so, or `end`, of `performance.now()`, has passed; which of the two. */
export function lookUntil(end: number, isThere: () => boolean): boolean {
  const begun = performance.now();
  const patience = abstain > 0 ? Number.POSITIVE_INFINITY : PATIENCE_MS;
  if (abstain > 0) abstain--;
  let gaveWay = false;
  for (let now = begun; now < end; now = performance.now()) {
    if (now - begun > patience) {
      engine.yieldCore();
      gaveWay = true;
    }
    for (let i = 0; i < LOOKS; i++) {
      if (!isThere()) continue;
      helped = gaveWay ? helped + 1 : 0;
      if (helped === HABIT) {
        helped = 0;
        abstain = ABSTINENCE;
      }
      return true;
    }
  }
  return false;
}
