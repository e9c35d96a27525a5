/**
 * poolifier. Plain: a fixed pool with its defaults, which hand every task to a worker at once. Tuned: no events,
 * and workers in turn instead of by a comparison of their loads.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('poolifier.worker.mjs', import.meta.url));

export async function open({ tuned, threads = availableParallelism() }) {
  const { FixedThreadPool, WorkerChoiceStrategies } = await import('poolifier');
  const pool = new FixedThreadPool(threads, script, {
    ...(tuned && { enableEvents: false, workerChoiceStrategy: WorkerChoiceStrategies.ROUND_ROBIN }),
  });
  return {
    run: (name, value, transferList) => pool.execute(value, name, undefined, transferList),
    close: () => pool.destroy(),
  };
}
