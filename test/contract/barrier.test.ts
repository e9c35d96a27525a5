import { describe } from 'vitest';
import { reaches } from './reach.js';
import { barrierContract } from './suites/barrier.js';

describe.each(reaches())('Barrier between $name and task', (reach) => barrierContract(reach));
