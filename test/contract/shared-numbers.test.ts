import { describe } from 'vitest';
import { reaches } from './reach.js';
import { sharedArrayContract, valueContract } from './suites/shared-numbers.js';

describe.each(reaches())('between $name and task', (reach) => {
  describe('Value', () => valueContract(reach));
  describe('SharedArray', () => sharedArrayContract(reach));
});
