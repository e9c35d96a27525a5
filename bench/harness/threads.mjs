/** Starts heddle threads that warm up and then meet at a barrier, and times what they do after it. */

/**
 * `argsOf(start)` gives the arguments of each thread; every thread must pass the barrier `start` once.
 * Returns milliseconds from the meeting to the end of the last.
 */
export async function timeThreads(target, count, argsOf) {
  const { Barrier, Thread } = await import('heddle');
  const start = new Barrier(count + 1);
  const threads = argsOf(start).map((args) => new Thread({ target, args }));
  for (const thread of threads) await thread.start();
  start.waitSync();
  const began = performance.now();
  for (const thread of threads) thread.joinSync();
  return performance.now() - began;
}
