import { engine } from 'heddle';
import { describe } from 'vitest';
import { processPools } from './executors.js';
import { wholePoolContract } from './suites/all-of-executor.js';

describe.runIf(engine.supports.processes)(processPools.name, () => wholePoolContract(processPools));
