import { describe } from 'vitest';
import { executorKinds } from './executors.js';
import { executorContract } from './suites/executor.js';
import { executorMapContract } from './suites/executor-map.js';
import { executorWorkersContract } from './suites/executor-workers.js';
import { futureContract } from './suites/future.js';
import { taskOptionsContract } from './suites/task-options.js';
import { waitingContract } from './suites/waiting.js';

describe.each(executorKinds)('$name', (kind) => {
  describe('Executor', () => {
    executorContract(kind);
    taskOptionsContract(kind);
    executorWorkersContract(kind);
  });
  describe('map', () => executorMapContract(kind));
  describe('Future', () => futureContract(kind));
  describe('wait and asCompleted', () => waitingContract(kind));
});
