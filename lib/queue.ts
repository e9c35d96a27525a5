/** `heddle/queue`: Python's `queue` module. */
export { QueueEmptyError, QueueFullError, QueueShutDownError, TaskDoneError } from './errors.js';
export { LifoQueue } from './queues/lifo-queue.js';
export type { PriorityKey } from './queues/priority-key.js';
export { PriorityQueue, type PriorityQueueOptions } from './queues/priority-queue.js';
export { Queue, type QueueOptions } from './queues/queue.js';
export { SimpleQueue } from './queues/simple-queue.js';
