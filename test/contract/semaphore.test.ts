import { describe } from 'vitest';
import { reaches } from './reach.js';
import { semaphoreContract } from './suites/semaphore.js';

describe.each(reaches())('Semaphore between $name and task', (reach) => semaphoreContract(reach));
