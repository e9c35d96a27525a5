/**
 * piscina. Tuned as its documentation advises: as many threads as cores that never retire
 * (`idleTimeout: Infinity`), no time keeping (`recordTiming: false`), several tasks on a worker's port at once
 * (`concurrentTasksPerWorker`), and `atomics` as a scenario asks.
 */
import { availableParallelism } from 'node:os';

const filename = new URL('piscina.tasks.mjs', import.meta.url).href;

export async function open({ tuned, threads = tuned && availableParallelism() }) {
  const { default: Piscina } = await import('piscina');
  const pool = new Piscina({
    filename,
    ...(threads && { minThreads: threads, maxThreads: threads }),
    ...(tuned && {
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      concurrentTasksPerWorker: tuned.atOnce ?? 1,
      atomics: tuned.atomics ?? 'sync',
    }),
  });
  return {
    run: (name, value, transferList) => pool.run(value, { name, transferList }),
    close: () => pool.destroy(),
  };
}
