/** The kinds of executors and pools that the contracts are about. */
import type { Executor, ThreadPoolExecutorOptions } from 'heddle/futures';
import { ThreadPoolExecutor } from 'heddle/futures';
import type { PoolOptions } from 'heddle/multiprocessing';
import { ThreadPool } from 'heddle/multiprocessing';
import { onTestFinished } from 'vitest';

/** How to make an executor whose workers are of one kind. */
export interface ExecutorKind {
  readonly name: string;
  /** Makes one that is shut down, or what is left of it ended, when the test has finished. */
  make(options?: ThreadPoolExecutorOptions): Executor;
}

export const threads: ExecutorKind = {
  name: 'ThreadPoolExecutor',
  make(options) {
    const executor = new ThreadPoolExecutor(options);
    onTestFinished(() => (executor as unknown as { _terminate(): Promise<void> })._terminate());
    return executor;
  },
};

/** The same for pools. */
export interface PoolKind {
  readonly name: string;
  make(options?: number | PoolOptions): ThreadPool;
}

export const threadPools: PoolKind = {
  name: 'ThreadPool',
  make(options) {
    const pool = new ThreadPool(options);
    onTestFinished(() => pool[Symbol.asyncDispose]());
    return pool;
  },
};
