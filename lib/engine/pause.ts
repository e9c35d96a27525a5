/** Sleep, for the few places where there is nothing to wait for. */

/** Nobody wakes who waits for it. */
const silence = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread for so many milliseconds. */
export function pause(ms: number): void {
  Atomics.wait(silence, 0, 0, ms);
}
