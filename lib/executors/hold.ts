/** Keeps the event loop alive while somebody waits for what would not by itself: results of a pool. */

const keepAlive = setInterval(() => {}, 0x7fffffff);
keepAlive.unref();
let holding = 0;

export function hold(): void {
  if (holding++ === 0) keepAlive.ref();
}

export function release(): void {
  if (--holding === 0) keepAlive.unref();
}

/** Keeps it alive until the promise has settled. */
export async function heldUntil<T>(promise: Promise<T>): Promise<T> {
  hold();
  try {
    return await promise;
  } finally {
    release();
  }
}
