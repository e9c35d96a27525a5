/** Starts heddle threads that warm up and then meet at a barrier, and times what they do after it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The cores that this process may use. */
export function allowedCores() {
  const [, list] = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(.*)$/m);
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Has a thread of this process run on one core only. */
export function sitOn(core, nativeId) {
  execFileSync('taskset', ['-cp', core, nativeId], { stdio: 'ignore' });
}

/**
 * `argsOf(start)` gives the arguments of each thread; every thread must pass the barrier `start` once.
 * `seat(thread, i)` is called before it may do so. Returns milliseconds from the meeting to the end of the last.
 */
export async function timeThreads(target, count, argsOf, seat) {
  const { Barrier, Thread } = await import('heddle');
  const start = new Barrier(count + 1);
  const threads = argsOf(start).map((args) => new Thread({ target, args }));
  for (const thread of threads) await thread.start();
  if (seat !== undefined) threads.forEach(seat);
  start.waitSync();
  const began = performance.now();
  for (const thread of threads) thread.joinSync();
  return performance.now() - began;
}
