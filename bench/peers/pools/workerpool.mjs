/**
 * workerpool, on threads or, with `processes`, on processes. Plain, it sends the source of the function with every
 * task; tuned, it has a script of its own and all workers from the start.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as exported from './tasks.mjs';

const script = fileURLToPath(new URL('workerpool.worker.mjs', import.meta.url));

const tasks = { ...exported };

export async function open({ tuned, threads, processes }) {
  const { default: workerpool } = await import('workerpool');
  const options = { workerType: processes ? 'process' : 'thread', ...(threads && { maxWorkers: threads }) };
  const pool =
    tuned === undefined
      ? workerpool.pool(options)
      : workerpool.pool(script, { maxWorkers: availableParallelism(), ...options, minWorkers: 'max' });
  return {
    run: (name, value, transfer) => pool.exec(tuned === undefined ? tasks[name] : name, [value], { transfer }),
    close: () => pool.terminate(true),
  };
}
