/** tinypool, which has piscina's options but `recordTiming`, and `useAtomics` for `atomics`. */
import { availableParallelism } from 'node:os';

const filename = new URL('tinypool.tasks.mjs', import.meta.url).href;

export async function open({ tuned, threads = tuned && availableParallelism() }) {
  const { Tinypool } = await import('tinypool');
  const pool = new Tinypool({
    filename,
    ...(threads && { minThreads: threads, maxThreads: threads }),
    ...(tuned && {
      idleTimeout: 2 ** 31 - 1,
      concurrentTasksPerWorker: tuned.atOnce ?? 1,
      useAtomics: tuned.atomics !== 'disabled',
    }),
  });
  return {
    run: (name, value, transferList) => pool.run(value, { name, transferList }),
    close: () => pool.destroy(),
  };
}
