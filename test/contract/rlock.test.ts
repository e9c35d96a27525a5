import { describe } from 'vitest';
import { reaches } from './reach.js';
import { rlockContract } from './suites/rlock.js';

describe.each(reaches())('RLock between $name and task', (reach) => rlockContract(reach));
