import { describe } from 'vitest';
import { reaches } from './reach.js';
import { connectionContract } from './suites/connection.js';

describe.each(reaches())('between $name and task', (reach) => {
  describe('Connection', () => connectionContract(reach));
});
