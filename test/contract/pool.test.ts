import { describe } from 'vitest';
import { poolKinds } from './executors.js';
import { poolContract } from './suites/pool.js';
import { poolMapContract } from './suites/pool-map.js';

describe.each(poolKinds)('$name', (kind) => {
  poolContract(kind);
  poolMapContract(kind);
});
