import { describe } from 'vitest';
import { reaches } from './reach.js';
import { conditionContract } from './suites/condition.js';

describe.each(reaches())('Condition between $name and task', (reach) => conditionContract(reach));
