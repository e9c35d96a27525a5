/** The clock by which tasks are timed. */

/** Node.js's, from the first time on: it loads it when it is first used, and the global is asked for it each time. */
let timer: Pick<typeof performance, 'now'> | undefined;
/** What that lacks to the system's own. */
let origin = 0;

/**
 * What `performance.now()` lacks to the system's own clock, which all processes of a machine read alike, and
 * nobody sets. The largest of some tries: this thread may have been interrupted between the two.
 */
function originOfNow(): number {
  let origin = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 5; i++) origin = Math.max(origin, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  return origin;
}

/** Milliseconds on a clock that all threads and processes read alike. It starts with the machine. */
export function clock(): number {
  if (timer === undefined) {
    timer = performance;
    origin = originOfNow();
  }
  return origin + timer.now();
}
