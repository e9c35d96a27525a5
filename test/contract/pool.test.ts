import { describe } from 'vitest';
import { threadPools } from './executors.js';
import { wholePoolContract } from './suites/all-of-executor.js';

describe(threadPools.name, () => wholePoolContract(threadPools));
