import { describe } from 'vitest';
import { numberReaches } from './reach.js';
import { sharedArrayContract, valueContract } from './suites/shared-numbers.js';

describe.each(numberReaches())('between $name and task', (reach) => {
  describe('Value', () => valueContract(reach));
  describe('SharedArray', () => sharedArrayContract(reach));
});
