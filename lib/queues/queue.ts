/** Queue: items in order of arrival, bounded or not. Python: `queue.Queue`, `multiprocessing.JoinableQueue`. */
import { requireOptions, show } from '../engine/arguments.js';
import type { Outcome as OutcomeCode } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { registerTravel } from '../engine/shared-object.js';
import {
  block,
  deadlineOf,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { wordOf } from '../engine/word-of.js';
import { QueueShutDownError, TaskDoneError } from '../errors.js';
import { Cell, Discipline, Outcome, WaiterMode, Queue as Word } from '../memory/layout.js';
import { BaseQueue, MOST_ITEMS, NOW } from './base-queue.js';
import { unfinishedIn } from './counts.js';
import { itemsUntil } from './items-until.js';

const TRUE = Promise.resolve(true);
const FALSE = Promise.resolve(false);

/** Options of a queue. */
export interface QueueOptions {
  /** How many items it takes before a put waits; 0, the default, for any number. */
  maxSize?: number | undefined;
}

/** Checks a bound. As in Python, none at all is said by 0 or less; Infinity says so too. */
function checkedSize(maxSize: unknown): number {
  if (typeof maxSize !== 'number') throw new TypeError(`maxSize must be an integer, got ${show(maxSize)}`);
  if (maxSize === Number.POSITIVE_INFINITY) return 0;
  if (!Number.isInteger(maxSize)) throw new RangeError(`maxSize must be an integer, got ${maxSize}`);
  if (maxSize > MOST_ITEMS) throw new RangeError(`maxSize must be at most ${MOST_ITEMS}, got ${maxSize}`);
  return Math.max(0, maxSize);
}

/** The bound that a constructor was given, as a number or in options. */
export function maxSizeOf(options: number | QueueOptions | undefined): number {
  if (typeof options === 'number') return checkedSize(options);
  requireOptions('options', options);
  return checkedSize(options?.maxSize ?? 0);
}

const granted = (outcome: OutcomeCode): boolean => outcome === Outcome.GRANTED;

/**
 * Hands items from tasks and threads that put to those that get, in order of arrival. Items are copied
 * as structured clone does, with shared objects (locks, queues, …), functions and errors inside.
 *
 * Iterating takes items until the queue is shut down and empty. `using` shuts the queue down.
 *
 * Python: `queue.Queue`, `multiprocessing.Queue`, `multiprocessing.JoinableQueue`.
 *
 * @example
 * ```ts
 * import { Queue } from 'heddle/queue';
 * const queue = new Queue<string>({ maxSize: 2 });
 * const consumer = (async () => {
 *   for await (const item of queue) console.log(item);
 * })();
 * await queue.put('bone');
 * await queue.put('stick');
 * queue.shutdown();
 * await consumer;
 * ```
 */
export class Queue<T = unknown> extends BaseQueue<T> implements AsyncIterable<T>, Disposable, AsyncDisposable {
  /** @param options The bound, by itself or as `maxSize`. Default: unbounded. */
  constructor(options?: number | QueueOptions);
  /** @internal */
  constructor(options?: number | QueueOptions, discipline?: number);
  constructor(options?: number | QueueOptions, discipline: number = Discipline.FIFO) {
    super(discipline, maxSizeOf(options));
  }

  /**
   * Puts an item if there is a place for it. Python: `put_nowait(item)`.
   *
   * @throws QueueFullError, QueueShutDownError, NotSerializableError as `put`.
   */
  putNowait(item: T): void {
    this.putSync(item, NOW);
  }

  /**
   * Puts items in order, waiting for places as they are needed. An item that cannot travel is refused
   * before any is put; after a timeout, an abort or a shutdown, those put before stay. The timeout is
   * for all of them.
   *
   * @throws As `put`.
   */
  putMany(items: Iterable<T>, options?: WaitOptions): Promise<void> {
    return this._putMany(items, options);
  }

  /** The same, blocking the calling thread. */
  putManySync(items: Iterable<T>, options?: SyncWaitOptions): void {
    this._putManySync(items, options);
  }

  /**
   * Takes at least one item, waiting for it, and then as many as are there, up to `max`.
   *
   * @throws As `get`; RangeError unless `max` is an integer of at least 1.
   */
  getMany(max: number, options?: WaitOptions): Promise<T[]> {
    return this._getMany(max, options);
  }

  /** The same, blocking the calling thread. */
  getManySync(max: number, options?: SyncWaitOptions): T[] {
    return this._getManySync(max, options);
  }

  /** True while a put would have to wait. See `qsize`. */
  full(): boolean {
    const { maxSize } = this;
    return maxSize > 0 && this.qsize() >= maxSize;
  }

  /**
   * How many items it takes before a put waits; 0: any number. May be changed at any time: items above
   * a smaller bound stay, and a larger one lets waiting puts go on.
   */
  get maxSize(): number {
    return wordOf(this._handle, Word.MAX_SIZE);
  }

  set maxSize(maxSize: number) {
    engine.queueResize(this._handle, checkedSize(maxSize));
    settleOwnGrants();
  }

  /** Items put and not yet said to be done by `taskDone()`. Python: `unfinished_tasks`. */
  get unfinishedTasks(): number {
    return unfinishedIn(this._handle);
  }

  /** True once `shutdown()` has been called. Python: `is_shutdown`. */
  get isShutdown(): boolean {
    return (wordOf(this._handle, Cell.STATE) & Word.SHUT_DOWN) !== 0;
  }

  /**
   * Says that an item that was taken is dealt with. `join()` returns when this was said of every item.
   * Python: `task_done()`.
   *
   * @throws TaskDoneError when said more often than items were put.
   */
  taskDone(): void {
    const outcome = engine.queueTaskDone(this._handle);
    settleOwnGrants();
    if (outcome !== Outcome.OK) throw new TaskDoneError('taskDone() was called more often than items were put');
  }

  /**
   * Waits until `taskDone()` was called for every item that was put. Resolves with true, or with false
   * when the timeout passes first; rejects with the signal's reason when that is aborted first.
   */
  join(options?: WaitOptions): Promise<boolean> {
    try {
      const timeout = timeoutOf(options);
      const signal = signalOf(options);
      if (this.unfinishedTasks === 0) return TRUE;
      if (timeout === 0) return FALSE;
      return promise(engine.queueJoin(this._handle, WaiterMode.LOOP, timeout), timeout, signal, granted, this);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking the calling thread. */
  joinSync(options?: SyncWaitOptions): boolean {
    const timeout = timeoutOf(options);
    if (this.unfinishedTasks === 0) return true;
    if (timeout === 0) return false;
    const deadline = deadlineOf(timeout);
    return block(engine.queueJoin(this._handle, WaiterMode.THREAD, timeout), deadline) === Outcome.GRANTED;
  }

  /**
   * Refuses puts from now on, those that wait included. Items that are there can still be taken; then
   * every get fails with QueueShutDownError, and iteration ends.
   *
   * @param options `immediate`: true drops the items, as if they were done. Default: false.
   */
  shutdown(options?: { immediate?: boolean | undefined }): void {
    requireOptions('options', options);
    const immediate = options?.immediate ?? false;
    if (typeof immediate !== 'boolean') throw new TypeError(`immediate must be true or false, got ${show(immediate)}`);
    engine.queueShutdown(this._handle, immediate);
    settleOwnGrants();
  }

  /** Takes items until the queue is shut down and empty. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return itemsUntil(
      () => this.get(),
      (error) => error instanceof QueueShutDownError && this.isShutdown,
    );
  }

  /** `shutdown()`, so that those who take from the queue come to an end. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  /** `shutdown()`, so that those who take from the queue come to an end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.shutdown();
  }
}

registerTravel(Queue, { tag: 'Queue', revive: () => new Queue() });
