/** The isolate that made the executor, as its clients see it. */
import type { WorkerLostError } from '../errors.js';
import type { Carrier } from './carrier.js';

/** What the isolate that made the executor does for its tasks. */
export interface Owner {
  /** Memory can be moved to its workers and back. */
  readonly carries: boolean;
  /** By which it goes; undefined for a worker that is no more. */
  carrierOf(worker: number): Carrier | undefined;
  /** A task is queued and nobody sleeps: another worker, if there may be one. */
  consider(): void;
  /** A task on this worker is overdue. */
  endWorker(worker: number): void;
  /** Why a worker is no more, which ran a task that messages call so. */
  lossOf(worker: number, task: string): WorkerLostError;
  /** Nothing of this client is in flight any more. */
  atRest(): void;
  /** Sees, while the thread is blocked, to what its event loop would. */
  tend(): void;
}
