/**
 * Which task is running, and the signal by which it is told to stop.
 *
 * The signal looks at the task's entry whenever `aborted` is read, so a task that never returns to its
 * event loop sees it too; listeners are called from the event loop.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledError, TimeoutError } from '../errors.js';
import { Abort } from './board.js';

/** A running task. */
export abstract class TaskContext {
  #controller: AbortController | undefined;
  #told = false;
  #ended = false;

  /** What it is told, while it runs: a value of `Abort`. */
  protected abstract readAbort(): number;

  /** The same; NOT when it has ended. */
  get abort(): number {
    return this.#ended ? Abort.NOT : this.readAbort();
  }

  /** True when it should have stopped by now. */
  get overdue(): boolean {
    return (this.abort & Abort.OVERDUE) !== 0;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const { signal } = this.#controller;
      const read = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get as () => boolean;
      const { throwIfAborted } = AbortSignal.prototype;
      Object.defineProperties(signal, {
        aborted: {
          configurable: true,
          get: () => {
            this.look();
            return read.call(signal);
          },
        },
        throwIfAborted: {
          configurable: true,
          value: () => {
            this.look();
            throwIfAborted.call(signal);
          },
        },
      });
    }
    this.look();
    return this.#controller.signal;
  }

  /** Aborts the signal if the task has been told to stop. */
  look(): void {
    if (this.#controller === undefined || this.#told) return;
    const abort = this.abort & ~Abort.OVERDUE;
    if (abort === Abort.NOT) return;
    // First: listeners may read `aborted`.
    this.#told = true;
    this.#controller.abort(reasonOf(abort));
  }

  /** The entry is another task's from now on. */
  end(): void {
    this.#ended = true;
  }
}

function reasonOf(abort: number): Error {
  switch (abort) {
    case Abort.TIMED_OUT:
      return new TimeoutError('the task ran longer than its timeout');
    case Abort.SIGNAL:
      return new CancelledError('the signal given with the task was aborted');
    default:
      return new CancelledError('the task was cancelled');
  }
}

/** Where several tasks await at a time: which of them runs. */
export const contexts = new AsyncLocalStorage<TaskContext>();

/** The task that runs, where only one does at a time. */
let current: TaskContext | undefined;

/** Says which task runs; returns which did before. */
export function setCurrentContext(context: TaskContext | undefined): TaskContext | undefined {
  const before = current;
  current = context;
  return before;
}

export function currentContext(): TaskContext | undefined {
  return contexts.getStore() ?? current;
}
