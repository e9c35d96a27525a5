/** Where workers come from: threads, or processes. What an executor needs of one, and no more. */
import type { MessagePort } from 'node:worker_threads';
import type { Lifeline } from '../threads/lifeline.js';
import type { Setup } from './parts.js';

/** Why a worker is no more. */
export interface Ending {
  /** What it ended with, where something inside was not caught. */
  readonly error?: unknown;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** It was ended because a task there did not stop when it was told to. */
  readonly overdue?: boolean;
}

export interface HostedWorker {
  /** Ends it at once, unless, being a process, it sees to SIGTERM by itself. Its `ended` is called later. */
  terminate(): void;
  /** Ends it at once, whatever it does. Its `ended` is called later. */
  kill(): void;
  /** How it has ended, undefined while it has not, without the event loop: of a process. */
  ending?(): Ending | undefined;
  /** Of an isolate: tells without the event loop whether it has ended. */
  readonly lifeline?: Lifeline;
  /** Leads to the worker's Carrier: there if, and only if, the host's `carries` says so. */
  readonly port?: MessagePort;
}

export interface WorkerHost {
  /** Memory can be moved to its workers and back. Default: what is transferred is copied, and detached. */
  readonly carries?: boolean;
  /** Its workers share no memory with this process: of shared objects, those alone reach them that have proxies. */
  readonly isApart?: boolean;
  /**
   * Makes a worker that runs a `WorkerLoop` on `setup`.
   *
   * @param ended Called once, from the event loop, when the worker is gone and touches nothing any more.
   */
  start(setup: Setup, ended: (ending: Ending) => void): HostedWorker;
}
