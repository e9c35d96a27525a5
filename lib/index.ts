/** heddle: Python's threads, processes, locks and queues for Node, on real OS threads and processes. */

export { type ClassOptions, registerClass } from './codec/codec.js';
export { type EngineInfo, engine } from './engine/public.js';
export * from './errors.js';
export * from './futures.js';
export * from './multiprocessing.js';
export * from './queue.js';
export * from './threading.js';
