/** The clock by which tasks are timed. */

/**
 * What `performance.now()` lacks to the system's own clock, which all processes of a machine read alike, and
 * nobody sets. The largest of some tries: this thread may have been interrupted between the two.
 */
function originOfNow(): number {
  let origin = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 5; i++) origin = Math.max(origin, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  return origin;
}

/** NaN until somebody asks: Node.js loads `performance` when it is first used. */
let origin = Number.NaN;

/** Milliseconds on a clock that all threads and processes read alike. It starts with the machine. */
export function clock(): number {
  const time = origin + performance.now();
  if (time >= 0) return time;
  origin = originOfNow();
  return origin + performance.now();
}
