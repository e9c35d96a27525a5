/** Targets of the scenarios about threads themselves. */

export function nothing() {}

export function waitFor(event) {
  event.waitSync();
}

/** Says that it has begun, and waits. */
export function hold(taken, freed) {
  taken.release();
  freed.waitSync();
}
