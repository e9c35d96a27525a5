/**
 * What the pools of all libraries run: the same functions for heddle and for its peers. Each takes one
 * argument, for that is what most of the peers can send, and returns something that the caller can check.
 */

/** As little as a task can do whose result can still be told from another's. */
export function next(n) {
  return n + 1;
}

export function square(n) {
  return n * n;
}

/** A chunk of squares: what one writes by hand for a pool that has no map. Self-contained, for some pools send its source. */
export function squares(chunk) {
  return chunk.map((n) => n * n);
}

/**
 * Burns CPU in proportion to `rounds`; the result depends on every one of them. All of it is 32-bit integers from the
 * first value on, and nothing is computed after the loop: otherwise V8 compiles it well in one place and at a third
 * of that speed in another.
 */
export function burn(rounds) {
  let x = 123456789;
  for (let i = 0; i < rounds; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** Gives bytes back with the first one raised, so that nobody can send them back unseen. */
export function touch(bytes) {
  bytes[0] = (bytes[0] + 1) & 0xff;
  return bytes;
}

/** Occupies a worker until word 0 of a SharedArrayBuffer is set, and says in word 1 that it does. */
export function hold(words) {
  Atomics.add(words, 1, 1);
  Atomics.notify(words, 1);
  Atomics.wait(words, 0, 0);
  return true;
}
