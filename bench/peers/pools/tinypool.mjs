/** tinypool, which has piscina's options but `recordTiming`, and `useAtomics` for `atomics`. */
import { availableParallelism } from 'node:os';

const filename = new URL('tinypool.tasks.mjs', import.meta.url).href;

export async function open(settings) {
  const { Tinypool } = await import('tinypool');
  const threads = settings?.threads ?? availableParallelism();
  const pool = new Tinypool(
    settings === undefined
      ? { filename }
      : {
          filename,
          minThreads: threads,
          maxThreads: threads,
          idleTimeout: 2 ** 31 - 1,
          concurrentTasksPerWorker: settings.atOnce ?? 1,
          useAtomics: settings.atomics !== 'disabled',
        },
  );
  return {
    run: (name, value, transferList) => pool.run(value, { name, transferList }),
    close: () => pool.destroy(),
  };
}
