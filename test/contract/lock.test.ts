import { describe } from 'vitest';
import { reaches } from './reach.js';
import { lockContract } from './suites/lock.js';

describe.each(reaches())('Lock between $name and task', (reach) => lockContract(reach));
