import { describe } from 'vitest';
import { reaches } from './reach.js';
import { eventContract } from './suites/event.js';

describe.each(reaches())('Event between $name and task', (reach) => eventContract(reach));
