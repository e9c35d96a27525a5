import { describe } from 'vitest';
import { threads } from './executors.js';
import { wholeExecutorContract } from './suites/all-of-executor.js';

describe(threads.name, () => wholeExecutorContract(threads));
