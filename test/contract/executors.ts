/** The kinds of executors and pools that the contracts are about. */
import { engine } from 'heddle';
import type { Executor, ExecutorOptions } from 'heddle/futures';
import { ProcessPoolExecutor, ThreadPoolExecutor } from 'heddle/futures';
import type { PoolOptions } from 'heddle/multiprocessing';
import { Pool, ThreadPool } from 'heddle/multiprocessing';
import { onTestFinished } from 'vitest';

/** How to make an executor whose workers are of one kind. */
export interface ExecutorKind {
  readonly name: string;
  /** Memory and ports can be moved to its workers; otherwise what is transferred is copied, and detached. */
  readonly moves: boolean;
  /** Its workers share memory with the test: numbers reach them, and executors. */
  readonly shares: boolean;
  /** Makes one that is shut down, or what is left of it ended, when the test has finished. */
  make(options?: ExecutorOptions): Executor;
}

/** What all executors on workers of their own have for it. */
interface Endable extends Executor {
  _terminate(): Promise<void>;
}

function kindOf(cls: new (options?: ExecutorOptions) => Executor, moves: boolean, shares: boolean): ExecutorKind {
  return {
    name: cls.name,
    moves,
    shares,
    make(options) {
      const executor = new cls(options);
      onTestFinished(() => (executor as Endable)._terminate());
      return executor;
    },
  };
}

export const threads = kindOf(ThreadPoolExecutor, true, true);
export const processes = kindOf(ProcessPoolExecutor, false, engine.supports.processSharedMemory);

/** The same for pools. */
export interface PoolKind {
  readonly name: string;
  readonly shares: boolean;
  make(options?: number | PoolOptions): ThreadPool | Pool;
}

function poolKindOf(cls: new (options?: number | PoolOptions) => ThreadPool | Pool, shares: boolean): PoolKind {
  return {
    name: cls.name,
    shares,
    make(options) {
      const pool = new cls(options);
      onTestFinished(() => pool[Symbol.asyncDispose]());
      return pool;
    },
  };
}

export const threadPools = poolKindOf(ThreadPool, true);
export const processPools = poolKindOf(Pool, engine.supports.processSharedMemory);
