/** SimpleQueue: an unbounded queue and nothing more. Python: `queue.SimpleQueue`. */
import { engine } from '../engine/select.js';
import { registerTravel } from '../engine/shared-object.js';
import { settleOwnGrants } from '../engine/wait.js';
import { Discipline } from '../memory/layout.js';
import { BaseQueue } from './base-queue.js';

/**
 * An unbounded queue in order of arrival, without `join`, `taskDone` and `shutdown`. A put never waits.
 *
 * Python: `queue.SimpleQueue`, `multiprocessing.SimpleQueue`.
 *
 * @example
 * ```ts
 * import { SimpleQueue } from 'heddle/queue';
 * const queue = new SimpleQueue<string>();
 * queue.putSync('bone');
 * console.log(queue.getSync()); // bone
 * ```
 */
export class SimpleQueue<T = unknown> extends BaseQueue<T> implements Disposable {
  constructor() {
    super(Discipline.FIFO, 0);
  }

  /** The end of `using`: puts are refused from now on, and gets once the queue is empty, with QueueShutDownError. */
  [Symbol.dispose](): void {
    engine.queueShutdown(this._handle, false);
    settleOwnGrants();
  }
}

registerTravel(SimpleQueue, { tag: 'SimpleQueue', revive: () => new SimpleQueue() });
