/** `heddle/futures`: Python's `concurrent.futures`. */
export { move } from './codec/codec.js';
export type { SyncWaitOptions, WaitOptions } from './engine/wait.js';
export {
  BrokenExecutorError,
  CancelledError,
  InvalidStateError,
  PoolStateError,
  QueueFullError,
  TimeoutError,
  WorkerLostError,
} from './errors.js';
export { type AsCompleted, asCompleted } from './executors/as-completed.js';
export { Executor, type ExecutorStats, type ShutdownOptions } from './executors/executor.js';
export type { ExecutorOptions } from './executors/executor-options.js';
export { Future } from './executors/future.js';
export type { Histogram } from './executors/histogram.js';
export type { MapOptions, Mapped } from './executors/map-options.js';
export { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from './executors/process-pool-executor.js';
export type { TaskOptions } from './executors/task-options.js';
export { taskSignal } from './executors/task-signal.js';
export { ThreadPoolExecutor, type ThreadPoolExecutorOptions } from './executors/thread-pool-executor.js';
export { type ReturnWhen, type WaitForOptions, type WaitResult, wait } from './executors/wait.js';
