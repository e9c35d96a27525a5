/** `heddle/multiprocessing`: Python's `multiprocessing`. */
export type { Address, AddressFamily, InetAddress } from './channels/address.js';
export { Client, type ClientOptions } from './channels/client.js';
export {
  Connection,
  type PollOptions,
  type RecvBytesIntoOptions,
  type RecvBytesOptions,
  type RecvBytesSyncOptions,
} from './channels/connection.js';
export { Listener, type ListenerOptions, type SocketOptions } from './channels/listener.js';
export { Pipe, type PipeOptions } from './channels/pipe.js';
export { type ReadableLike, type Waitable, waitReady } from './channels/wait-ready.js';
export type { SyncWaitOptions, WaitOptions } from './engine/wait.js';
export {
  AuthenticationError,
  BrokenPipeError,
  BufferTooShortError,
  CancelledError,
  ConnectionClosedError,
  EOFError,
  InvalidStateError,
  OwnerLostError,
  PoolStateError,
  ProcessStateError,
  TimeoutError,
  WorkerLostError,
} from './errors.js';
export { type AsyncCallbacks, AsyncResult } from './executors/async-result.js';
export { cpuCount } from './executors/cpu-count.js';
export type { PoolIterator, PoolMapOptions, PoolOptions } from './executors/pool.js';
export { Pool, type ProcessPoolOptions } from './executors/process-pool.js';
export { ThreadPool } from './executors/thread-pool.js';
export { Process, type ProcessOptions } from './processes/process.js';
export { activeChildren, currentProcess, parentProcess } from './processes/registry.js';
export * from './queue.js';
export type { GuardedOptions } from './shared/guarded-object.js';
export { type Shareable, ShareableList, type ShareableListOptions } from './shared/shareable-list.js';
export { SharedArray } from './shared/shared-array.js';
export { SharedMemory, type SharedMemoryOptions } from './shared/shared-memory.js';
export type { TypeCode } from './shared/type-code.js';
export { Value } from './shared/value.js';
export { Barrier, type BarrierOptions } from './sync/barrier.js';
export { Condition } from './sync/condition.js';
export { Event } from './sync/event.js';
export { LockGuard } from './sync/guard.js';
export { Lock } from './sync/lock.js';
export { RLock, RLockGuard } from './sync/rlock.js';
export { BoundedSemaphore, Semaphore } from './sync/semaphore.js';
