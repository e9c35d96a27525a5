/**
 * How a thread looks, without pause, for something that is likely to come in a moment.
 *
 * After a while in vain it gives way between looks: others may have the core, perhaps just the one who is waited for.
 * Where that one has no other core, this is what it takes. Two habits of it do harm, and are broken by not giving
 * way for some looks:
 *
 *   It helps again and again. Two threads that hand one core to and fro every few microseconds look busy and warm to
 *   the system, which then leaves both where they are, although another core may be free or do less that matters.
 *   One of them moves there, or, where it cannot, waits long enough to be moved.
 *
 *   It never helps. The one who is waited for has a core and is at it; whoever gets ours, a compiler's thread
 *   perhaps, keeps it for longer than that takes.
 */
import { engine } from '../engine/select.js';

/** Looks between two looks at the clock. */
const LOOKS = 50;
/** Others may have the core after so long. Milliseconds. */
const PATIENCE_MS = 0.01;
/** So many times it helps, one after another; then so many looks without. */
const HELPED = 16;
const AFTER_HELPED = 16;
/** The same for when it does not help. */
const FUTILE = 32;
const AFTER_FUTILE = 64;

let helped = 0;
let futile = 0;
/** Looks to come that do not give way. */
let abstain = 0;

/** Whether looking may pay: not where others have use for the core, which a thread that looks takes from them in vain. */
export function mayLook(): boolean {
  return !engine.isCoreWanted();
}

/** Looks until `isThere()` says so, `end`, of `performance.now()`, has passed, or others want the core; whether it is there. */
export function lookUntil(end: number, isThere: () => boolean): boolean {
  const begun = performance.now();
  const patience = abstain > 0 ? Number.POSITIVE_INFINITY : PATIENCE_MS;
  if (abstain > 0) abstain--;
  for (let now = begun; now < end; now = performance.now()) {
    if (now - begun > patience && abstain === 0) {
      engine.yieldCore();
      if (isThere()) {
        hasHelped();
        return true;
      }
      if (engine.isCoreWanted()) return false;
      if (++futile === FUTILE) {
        futile = 0;
        abstain = AFTER_FUTILE;
      }
    }
    for (let i = 0; i < LOOKS; i++) {
      if (!isThere()) continue;
      if (now - begun <= PATIENCE_MS) helped = 0;
      return true;
    }
  }
  return false;
}

/** The same, for what cannot be left: to the end, whoever wants the core. */
export function insistUntil(end: number, isThere: () => boolean): boolean {
  do {
    if (lookUntil(end, isThere)) return true;
  } while (performance.now() < end);
  return false;
}

function hasHelped(): void {
  futile = 0;
  if (++helped < HELPED) return;
  helped = 0;
  if (!engine.leaveCore()) abstain = AFTER_HELPED;
}
