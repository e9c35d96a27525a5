/** Tasks that wait for an entry of the table, in order of arrival. */
import type { EncodedItem } from '../engine/engine.js';
import type { Extra } from './extras.js';
import type { Future } from './future.js';
import type { TaskOrigin } from './task-origin.js';

type AnyFuture = Future<unknown>;

/** A task that waits for an entry. */
export interface Waiting {
  readonly future: AnyFuture;
  readonly origin: TaskOrigin;
  readonly item: EncodedItem | undefined;
  readonly flags: number;
  readonly submitted: number;
  extra: Extra | undefined;
  /** What moves with it. */
  readonly cargo: object[] | undefined;
}

export class Backlog {
  #waiting: Waiting[] = [];
  #start = 0;
  #dead = 0;

  /** Those that have not been cancelled. */
  get size(): number {
    return this.#waiting.length - this.#start - this.#dead;
  }

  /** There is none to come, cancelled or not. */
  get isEmpty(): boolean {
    return this.#waiting.length === this.#start;
  }

  /** `future._task` says, below 0, where it is. */
  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    waiting.future._task = -this.#waiting.length;
  }

  /** That of a future. */
  of(future: AnyFuture): Waiting {
    return this.#waiting[-future._task - 1] as Waiting;
  }

  /** One of them is cancelled, and stays until its turn. */
  bury(): void {
    this.#dead++;
  }

  /** The next that is not cancelled. */
  first(): Waiting | undefined {
    while (this.#start < this.#waiting.length) {
      const waiting = this.#waiting[this.#start] as Waiting;
      if (!waiting.future.done()) return waiting;
      // Cancelled while it waited.
      this.#dead--;
      this.#start++;
    }
    return undefined;
  }

  /** The first is served. */
  shift(): void {
    this.#start++;
  }

  /** All are served. */
  clear(): void {
    this.#waiting = [];
    this.#start = 0;
    this.#dead = 0;
  }

  all(): Waiting[] {
    return this.#waiting.slice(this.#start);
  }
}
