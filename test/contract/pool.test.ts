import { describe } from 'vitest';
import { threadPools } from './executors.js';
import { poolContract } from './suites/pool.js';

describe.each([threadPools])('$name', (kind) => poolContract(kind));
