/** Threads and what they synchronise with. Python: the `threading` module. */
export type { SyncWaitOptions, WaitOptions } from './engine/wait.js';
export { Barrier, type BarrierOptions } from './sync/barrier.js';
export { Condition } from './sync/condition.js';
export { Event } from './sync/event.js';
export { LockGuard } from './sync/guard.js';
export { Lock } from './sync/lock.js';
export { RLock, RLockGuard } from './sync/rlock.js';
export { BoundedSemaphore, Semaphore } from './sync/semaphore.js';
export { type Excepthook, type ExcepthookArgs, setExcepthook } from './threads/excepthook.js';
export { Local } from './threads/local.js';
export { activeCount, currentThread, enumerate, getIdent, getNativeId, mainThread } from './threads/registry.js';
export { Thread, type ThreadOptions } from './threads/thread.js';
export { Timer } from './threads/timer.js';
