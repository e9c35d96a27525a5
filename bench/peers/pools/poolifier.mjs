/**
 * poolifier. Plain: a fixed pool with its defaults, which hand every task to a worker at once. Tuned: no events,
 * and workers in turn instead of by a comparison of their loads.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('poolifier.worker.mjs', import.meta.url));

export async function open({ tuned, threads = availableParallelism() }) {
  const { FixedThreadPool, WorkerChoiceStrategies } = await import('poolifier');
  let left = threads;
  let allGone;
  const gone = new Promise((resolve) => {
    allGone = resolve;
  });
  const pool = new FixedThreadPool(threads, script, {
    exitHandler: () => --left === 0 && allGone(),
    ...(tuned && { enableEvents: false, workerChoiceStrategy: WorkerChoiceStrategies.ROUND_ROBIN }),
  });
  return {
    run: (name, value, transferList) => pool.execute(value, name, undefined, transferList),
    // destroy() waits for ever for the end of a worker that was quicker to end, and the process then ends with exit code 13.
    close: () => Promise.race([pool.destroy(), gone]),
  };
}
