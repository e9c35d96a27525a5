/** All that executors and pools have to keep, of one kind. */
import { describe } from 'vitest';
import type { ExecutorKind, PoolKind } from '../executors.js';
import { executorContract } from './executor.js';
import { executorMapContract } from './executor-map.js';
import { executorWorkersContract } from './executor-workers.js';
import { futureContract } from './future.js';
import { poolContract } from './pool.js';
import { poolMapContract } from './pool-map.js';
import { taskOptionsContract } from './task-options.js';
import { transferContract } from './transfer.js';
import { waitingContract } from './waiting.js';

export function wholeExecutorContract(kind: ExecutorKind): void {
  describe('Executor', () => {
    executorContract(kind);
    taskOptionsContract(kind);
    transferContract(kind);
    executorWorkersContract(kind);
  });
  describe('map', () => executorMapContract(kind));
  describe('Future', () => futureContract(kind));
  describe('wait and asCompleted', () => waitingContract(kind));
}

export function wholePoolContract(kind: PoolKind): void {
  poolContract(kind);
  poolMapContract(kind);
}
