/** Threads and what they synchronise with. Python: the `threading` module. */
export { type Excepthook, type ExcepthookArgs, setExcepthook } from './threads/excepthook.js';
export { Local } from './threads/local.js';
export { activeCount, currentThread, enumerate, getIdent, getNativeId, mainThread } from './threads/registry.js';
export { Thread, type ThreadOptions } from './threads/thread.js';
export { Timer } from './threads/timer.js';
