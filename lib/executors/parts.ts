/** What the isolates around an executor share, as it travels to them. */
import type { SimpleQueue } from '../queues/simple-queue.js';
import type { SharedArray } from '../shared/shared-array.js';
import type { Lock } from '../sync/lock.js';
import type { Semaphore } from '../sync/semaphore.js';

/** What a worker or a client tells the owner. */
export type Note =
  /** A worker could not be set up; the error is encoded. */
  | { readonly kind: 'broken'; readonly error: Uint8Array }
  /** A task does not heed its signal: its worker is to end. */
  | { readonly kind: 'end'; readonly worker: number }
  /** A worker is about to end of an error that nobody has caught; it is encoded. */
  | { readonly kind: 'uncaught'; readonly worker: number; readonly error: Uint8Array };

export interface Parts {
  /** See `board.ts`. */
  readonly board: SharedArray<Int32Array>;
  /** Idle workers wait for a permit of it. */
  readonly idle: Semaphore;
  /** Notes to the owner, who is rung by a permit of `owner`. */
  readonly notes: SimpleQueue<Note>;
  readonly owner: Semaphore;
  /** Held by the owner while it lives: see `owner-watch.ts`. */
  readonly life: Lock;
}

/** By which the owner is told of things. */
export type Ears = Pick<Parts, 'notes' | 'owner'>;

/** What the loop of a worker needs. */
export interface LoopSetup {
  readonly parts: Parts;
  readonly id: number;
  readonly bell: Semaphore;
  readonly name: string;
}

/** What runs before the first task. */
export interface Beginning {
  readonly initializer: ((...args: unknown[]) => unknown) | undefined;
  readonly initArgs: unknown[];
}

/** What a worker is told at its birth. */
export interface Setup extends LoopSetup, Beginning {}
