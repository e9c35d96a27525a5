/** heddle: Python's threads, locks and queues for Node, on real OS threads. */
export { type EngineInfo, engine } from './engine/public.js';
export * from './errors.js';
