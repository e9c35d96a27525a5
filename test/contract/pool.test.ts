import { describe } from 'vitest';
import { threadPools } from './executors.js';
import { poolContract } from './suites/pool.js';
import { poolMapContract } from './suites/pool-map.js';

describe.each([threadPools])('$name', (kind) => {
  poolContract(kind);
  poolMapContract(kind);
});
