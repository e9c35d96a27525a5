/** heddle: Python's threads, locks and queues for Node, on real OS threads. */

export { type ClassOptions, registerClass } from './codec/codec.js';
export { type EngineInfo, engine } from './engine/public.js';
export * from './errors.js';
export * from './queue.js';
export type { GuardedOptions } from './shared/guarded-object.js';
export { SharedArray } from './shared/shared-array.js';
export type { TypeCode } from './shared/type-code.js';
export { Value } from './shared/value.js';
export * from './threading.js';
