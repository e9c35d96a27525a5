/** LifoQueue: a stack. Python: `queue.LifoQueue`. */
import { registerTravel } from '../engine/shared-object.js';
import { Discipline } from '../memory/layout.js';
import { Queue, type QueueOptions } from './queue.js';

/**
 * A queue that hands out the newest item first.
 *
 * Python: `queue.LifoQueue`.
 *
 * @example
 * ```ts
 * import { LifoQueue } from 'heddle/queue';
 * const stack = new LifoQueue<number>();
 * stack.putNowait(1);
 * stack.putNowait(2);
 * console.log(stack.getNowait()); // 2
 * ```
 */
export class LifoQueue<T = unknown> extends Queue<T> {
  constructor(options?: number | QueueOptions) {
    super(options, Discipline.LIFO);
  }
}

registerTravel(LifoQueue, { tag: 'LifoQueue', revive: () => new LifoQueue() });
