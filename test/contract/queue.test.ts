import { describe } from 'vitest';
import { reaches } from './reach.js';
import { lifoQueueContract, priorityQueueContract, simpleQueueContract } from './suites/other-queues.js';
import { queueContract } from './suites/queue.js';

describe.each(reaches())('between $name and task', (reach) => {
  describe('Queue', () => queueContract(reach));
  describe('LifoQueue', () => lifoQueueContract(reach));
  describe('PriorityQueue', () => priorityQueueContract(reach));
  describe('SimpleQueue', () => simpleQueueContract(reach));
});
