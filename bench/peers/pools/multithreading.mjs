/**
 * multithreading, which sends the source of a function once to each worker and transfers every array it is
 * given. Its only setting is the number of workers, so plain and tuned are the same but for that.
 */
import { availableParallelism } from 'node:os';
import * as exported from './tasks.mjs';

const tasks = { ...exported };

export async function open({ threads = availableParallelism() }) {
  const { initRuntime, move, shutdown, spawn } = await import('multithreading');
  initRuntime({ maxWorkers: threads });
  return {
    async run(name, value) {
      const result = await spawn(move(value), tasks[name]).join();
      if (!result.ok) throw result.error;
      return result.value;
    },
    close: shutdown,
  };
}
