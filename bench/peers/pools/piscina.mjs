/**
 * piscina. Tuned as its documentation advises: as many threads as cores that never retire
 * (`idleTimeout: Infinity`), no time keeping (`recordTiming: false`), several tasks on a worker's port at once
 * (`concurrentTasksPerWorker`), and `atomics` as a scenario asks.
 */
import { availableParallelism } from 'node:os';

const filename = new URL('piscina.tasks.mjs', import.meta.url).href;

export async function open(settings) {
  const { default: Piscina } = await import('piscina');
  const threads = settings?.threads ?? availableParallelism();
  const pool = new Piscina(
    settings === undefined
      ? { filename }
      : {
          filename,
          minThreads: threads,
          maxThreads: threads,
          idleTimeout: Number.POSITIVE_INFINITY,
          recordTiming: false,
          concurrentTasksPerWorker: settings.atOnce ?? 1,
          atomics: settings.atomics ?? 'sync',
        },
  );
  return {
    run: (name, value, transferList) => pool.run(value, { name, transferList }),
    close: () => pool.destroy(),
  };
}
