/** PriorityQueue: the smallest first. Python: `queue.PriorityQueue`. */
import { requireFunction } from '../engine/arguments.js';
import { registerTravel } from '../engine/shared-object.js';
import { Discipline } from '../memory/layout.js';
import type { PriorityKey } from './priority-key.js';
import { maxSizeOf, Queue, type QueueOptions } from './queue.js';

/** Options of a PriorityQueue. */
export interface PriorityQueueOptions<T> extends QueueOptions {
  /**
   * What orders the items, lowest first. Called once for each, by the put. Travels with the queue, so
   * it must be a function that can. Default: the item itself.
   */
  priority?: ((item: T) => PriorityKey) | undefined;
}

/**
 * A queue that hands out the item of lowest priority value first, and those of equal value in order of
 * arrival. A put of what cannot be compared (NaN, an object, a string among numbers) throws TypeError
 * and leaves the queue as it was.
 *
 * Python: `queue.PriorityQueue`.
 *
 * @example
 * ```ts
 * import { PriorityQueue } from 'heddle/queue';
 * const queue = new PriorityQueue<[number, string]>();
 * queue.putNowait([3, 'abc']);
 * queue.putNowait([0, 'ccc']);
 * console.log(queue.getNowait()); // [0, 'ccc']
 * ```
 */
export class PriorityQueue<T = unknown> extends Queue<T> {
  readonly #priority: ((item: T) => PriorityKey) | undefined;

  constructor(options?: number | PriorityQueueOptions<T>) {
    const maxSize = maxSizeOf(options);
    const priority = typeof options === 'object' ? options.priority : undefined;
    if (priority !== undefined) requireFunction('priority', priority);
    super(maxSize, Discipline.PRIORITY);
    this.#priority = priority;
  }

  /** @internal */
  override _priorityOf(item: T): PriorityKey {
    const priority = this.#priority === undefined ? (item as PriorityKey) : this.#priority(item);
    // Anything else that is none is refused where its bytes are written.
    if (priority === undefined) throw new TypeError(`${this._keyName} is undefined, which has no place in an order`);
    return priority;
  }

  /** @internal */
  override get _keyName(): string {
    return this.#priority === undefined ? 'item' : 'priority(item)';
  }

  /** What travels beside the handle. @internal */
  static _priority<T>(queue: PriorityQueue<T>): ((item: T) => PriorityKey) | undefined {
    return queue.#priority;
  }
}

registerTravel(PriorityQueue, {
  tag: 'PriorityQueue',
  revive: (priority) => new PriorityQueue({ priority: priority as ((item: unknown) => PriorityKey) | undefined }),
  extra: (queue) => PriorityQueue._priority(queue),
});
