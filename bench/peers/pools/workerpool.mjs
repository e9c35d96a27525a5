/** workerpool. Plain, it sends the source of the function with every task; tuned, it has a script of its own and all workers from the start. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as exported from './tasks.mjs';

const script = fileURLToPath(new URL('workerpool.worker.mjs', import.meta.url));

const tasks = { ...exported };

export async function open(settings) {
  const { default: workerpool } = await import('workerpool');
  const options = { workerType: 'thread' };
  const pool =
    settings === undefined
      ? workerpool.pool(options)
      : workerpool.pool(script, {
          ...options,
          minWorkers: 'max',
          maxWorkers: settings.threads ?? availableParallelism(),
        });
  return {
    run: (name, value, transfer) => pool.exec(settings === undefined ? tasks[name] : name, [value], { transfer }),
    close: () => pool.terminate(true),
  };
}
