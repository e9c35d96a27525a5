import { engine } from 'heddle';
import { describe } from 'vitest';
import { processes } from './executors.js';
import { wholeExecutorContract } from './suites/all-of-executor.js';

describe.runIf(engine.supports.processes)(processes.name, () => wholeExecutorContract(processes));
