import { describe } from 'vitest';
import { reaches } from './reach.js';
import { racesContract } from './suites/races.js';

describe.each(reaches())('When a wait on one side is given up while $name grants it,', (reach) => racesContract(reach));
