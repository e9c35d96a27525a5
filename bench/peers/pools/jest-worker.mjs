/** jest-worker on child processes, as it is by default. Tuned: as many as cores, which its default leaves one of to the caller. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('jest-worker.worker.cjs', import.meta.url));

export async function open({ tuned }) {
  const { Worker } = await import('jest-worker');
  const pool = new Worker(script, {
    exposedMethods: ['next'],
    ...(tuned && { numWorkers: availableParallelism() }),
  });
  return {
    run: (name, value) => pool[name](value),
    close: () => pool.end(),
  };
}
