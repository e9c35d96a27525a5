/** How a module of ours is started as a worker, whatever options Node.js itself was started with. */
import type { Worker, WorkerOptions } from 'node:worker_threads';

/** With --input-type, which workers inherit, Node takes no file for a program: text that imports the file will do. */
const evaluated = process.execArgv.some((argument) => argument.startsWith('--input-type'));

/** The arguments of `new Worker` for a module. */
export function programFor(module: URL, options: WorkerOptions): ConstructorParameters<typeof Worker> {
  return evaluated ? [`import(${JSON.stringify(module.href)})`, { ...options, eval: true }] : [module, options];
}
