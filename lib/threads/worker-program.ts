/** How a module of ours is started as a worker, whatever options Node.js itself was started with. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { bequeathFamily } from '../engine/select.js';
import { ThreadStateError } from '../errors.js';

/** With --input-type, which workers inherit, Node takes no file for a program: text that imports the file will do. */
const evaluated = process.execArgv.some((argument) => argument.startsWith('--input-type'));

/** A worker that runs a module. @throws ThreadStateError where Node.js was told not to let programs have any. */
export function startProgram(module: URL, options: WorkerOptions): Worker {
  bequeathFamily();
  try {
    return evaluated
      ? new Worker(`import(${JSON.stringify(module.href)})`, { ...options, eval: true })
      : new Worker(module, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
    throw new ThreadStateError(
      'Node.js lets this program start no threads: beside --permission, start it with --allow-worker',
      { cause: error },
    );
  }
}
