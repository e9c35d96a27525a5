/** What few tasks have: options that have to be seen to while the task waits and runs. */
import type { CancelledError } from '../errors.js';
import { TimeoutError } from '../errors.js';
import { Alarm } from './alarm.js';
import { Abort, Entry, EntryState, STATE_MASK } from './board.js';
import { clock } from './clock.js';
import type { Future } from './future.js';
import type { TaskOptions } from './task-options.js';
import type { TaskOrigin } from './task-origin.js';
import { placeOf, type TaskTable } from './task-table.js';

type AnyFuture = Future<unknown>;

/** How tasks are ended before their time. */
export interface Tasks {
  /** Takes a task back that no worker has begun; its future is the caller's to settle. */
  withdraw(future: AnyFuture): boolean;
  /** Settles the future of a running task at once and tells the task to stop. */
  giveUp(future: AnyFuture, why: number, error: unknown): void;
}

/** Those of one task. */
export class Extra {
  timeout = -1;
  priority = 0;
  grace: number;
  /** The worker it is for, 0 for any. */
  worker = 0;
  /** Of a task with options. */
  origin: TaskOrigin | undefined;
  signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  readonly alarms = new Set<Alarm>();
  constructor(grace: number) {
    this.grace = grace;
  }
}

export class Extras {
  readonly #table: TaskTable;
  readonly #grace: number;
  readonly #tasks: Tasks;
  readonly #byIndex = new Map<number, Extra>();
  readonly #alarms = new Set<Alarm>();

  constructor(table: TaskTable, grace: number, tasks: Tasks) {
    this.#table = table;
    this.#grace = grace;
    this.#tasks = tasks;
  }

  get size(): number {
    return this.#byIndex.size;
  }

  get(index: number): Extra | undefined {
    return this.#byIndex.get(index);
  }

  set(index: number, extra: Extra): void {
    this.#byIndex.set(index, extra);
  }

  of(options: TaskOptions | undefined, worker: number, origin: TaskOrigin): Extra {
    const extra = new Extra(this.#grace);
    extra.worker = worker;
    extra.origin = origin;
    if (options?.timeout !== undefined) extra.timeout = options.timeout;
    if (options?.priority !== undefined) extra.priority = options.priority;
    extra.signal = options?.signal;
    return extra;
  }

  /** Sets the alarms of a task and listens to its signal. */
  watch(future: AnyFuture, extra: Extra, options: TaskOptions | undefined): void {
    const queueTimeout = options?.queueTimeout;
    if (queueTimeout !== undefined && queueTimeout !== Number.POSITIVE_INFINITY)
      this.alarm(extra, queueTimeout, () => {
        if (this.#tasks.withdraw(future))
          future._reject(
            new TimeoutError(`${extra.origin?.task} was queued longer than its queueTimeout of ${queueTimeout} ms`),
          );
      });
    if (extra.timeout >= 0 && extra.timeout !== Number.POSITIVE_INFINITY)
      this.alarm(extra, extra.timeout, () => this.#checkTimeout(future, extra));
    const { signal } = extra;
    if (signal !== undefined) {
      extra.onAbort = () => {
        if (this.#tasks.withdraw(future)) future._cancelled(signal.reason as CancelledError);
        else this.#tasks.giveUp(future, Abort.SIGNAL, signal.reason);
      };
      signal.addEventListener('abort', extra.onAbort, { once: true });
    }
  }

  alarm(extra: Extra, delay: number, ring: () => void): void {
    const alarm = new Alarm(this.#alarms, delay, () => {
      extra.alarms.delete(alarm);
      ring();
    });
    extra.alarms.add(alarm);
  }

  /**
   * A task cannot have run for its timeout before this has passed since it was submitted, or since it was last
   * found queued: looking then is never too early, and never later than its end.
   */
  #checkTimeout(future: AnyFuture, extra: Extra): void {
    const index = future._task - 1;
    const again = (delay: number): void => this.alarm(extra, delay, () => this.#checkTimeout(future, extra));
    if (index < 0 || (this.#table.stateOf(index) & STATE_MASK) !== EntryState.RUNNING) {
      again(extra.timeout);
      return;
    }
    const segment = this.#table.segment(index);
    const now = clock();
    const written = segment.doubles[(placeOf(index) + Entry.STARTED) >> 1] as number;
    // Claimed a moment ago: the function's number and definition stand there still, which are no time. The handle
    // of the definition, below 2 ** 29, is the upper half, and makes a number below 1.
    const started = written >= 1 && written <= now ? written : now;
    const left = started + extra.timeout - now;
    if (left > 0) again(left);
    else
      this.#tasks.giveUp(
        future,
        Abort.TIMED_OUT,
        new TimeoutError(`${extra.origin?.task} ran longer than its timeout of ${extra.timeout} ms`),
      );
  }

  /** The task of an entry is over. */
  drop(index: number): Extra | undefined {
    const extra = this.#byIndex.get(index);
    if (extra === undefined) return undefined;
    this.#byIndex.delete(index);
    this.release(extra);
    return extra;
  }

  release(extra: Extra): void {
    for (const alarm of extra.alarms) alarm.stop();
    extra.alarms.clear();
    if (extra.onAbort !== undefined) extra.signal?.removeEventListener('abort', extra.onAbort);
  }

  /** What timers do, for a thread that is blocked. */
  lookAtAlarms(): void {
    for (const alarm of [...this.#alarms]) alarm.look();
  }
}
