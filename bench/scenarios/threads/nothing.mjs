/** Targets of the scenarios about threads themselves. */

export function nothing() {}

export function waitFor(event) {
  event.waitSync();
}
