import { describe } from 'vitest';
import { numberReaches } from './reach.js';
import { racesContract } from './suites/races.js';

describe.each(numberReaches())('When a wait on one side is given up while $name grants it,', (reach) =>
  racesContract(reach),
);
