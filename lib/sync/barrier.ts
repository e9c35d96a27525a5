/** Barrier: a meeting point for a fixed number of parties. Python: `threading.Barrier`. */
import { requireFunction, requireInteger, requireOptions } from '../engine/arguments.js';
import type { Outcome as OutcomeCode } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import {
  block,
  checkedTimeout,
  deadlineOf,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { wordOf } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import { BrokenBarrierError } from '../errors.js';
import { Cell, Kind, Outcome, WaiterMode, Barrier as Word } from '../memory/layout.js';

const MOST_PARTIES = 0x7fffffff;

/** Options of a Barrier. */
export interface BarrierOptions {
  /**
   * Runs once per round, in the party that arrives last, before anybody is released. If it throws, the
   * barrier breaks. A promise it returns is awaited by `wait()`; `waitSync()` cannot, and breaks the barrier.
   */
  action?: (() => void | PromiseLike<void>) | undefined;
  /** Milliseconds that a `wait` without a timeout of its own takes at most. Default: for ever. */
  timeout?: number | undefined;
}

/**
 * A meeting point: everybody waits until `parties` have arrived, then all go on and the next round
 * begins. A party that times out, is aborted or fails in the action breaks the barrier for all.
 *
 * Python: `threading.Barrier`, `multiprocessing.Barrier`.
 *
 * @example
 * ```ts
 * import { Barrier } from 'heddle/threading';
 * const barrier = new Barrier(2, { action: () => console.log('all here') });
 * const indices = await Promise.all([barrier.wait(), barrier.wait()]);
 * console.log(indices); // [0, 1]
 * ```
 */
export class Barrier extends SharedObject {
  readonly #action: (() => void | PromiseLike<void>) | undefined;
  readonly #timeout: number;

  /** @param parties How many must arrive, at least 1. */
  constructor(parties: number, options?: BarrierOptions) {
    requireInteger('parties', parties, 1, MOST_PARTIES);
    requireOptions('options', options);
    const action = options?.action;
    if (action !== undefined) requireFunction('action', action);
    const timeout = checkedTimeout(options?.timeout);
    super(Kind.BARRIER);
    this.#action = action;
    this.#timeout = timeout;
    if (!this.adopted) Atomics.store(wordsAt(this._handle), this._handle + Word.PARTIES, parties);
  }

  /** How many must arrive. */
  get parties(): number {
    return wordsAt(this._handle)[this._handle + Word.PARTIES] as number;
  }

  /** How many wait now. Python: `n_waiting`. */
  get nWaiting(): number {
    return wordOf(this._handle, Word.COUNT);
  }

  /** True while the barrier is broken: every `wait` fails, until `reset()`. */
  get broken(): boolean {
    return (wordOf(this._handle, Cell.STATE) & Word.BROKEN) !== 0;
  }

  /**
   * Arrives, and waits for the others. Resolves with the place in the order of arrival, from 0 to
   * `parties - 1`. A timeout, or the abort of the signal, which is what the promise then rejects with,
   * breaks the barrier.
   *
   * @throws BrokenBarrierError when the barrier is broken, or breaks while waiting, or is reset.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const timeout = this.#timeoutOf(options);
    const signal = signalOf(options);
    return promise(engine.barrierArrive(this._handle, WaiterMode.LOOP, timeout), timeout, signal, (outcome, index) => {
      // Cancelling the arrival broke the barrier for this loop's other tasks too.
      if (outcome !== Outcome.LAST) return this.#indexOf(outcome, index);
      return this.#lead(index);
    });
  }

  /** The same, blocking the calling thread. */
  waitSync(options?: SyncWaitOptions): number {
    const timeout = this.#timeoutOf(options);
    const deadline = deadlineOf(timeout);
    const outcome = block(engine.barrierArrive(this._handle, WaiterMode.THREAD, timeout), deadline);
    const index = engine.out[0] as number;
    if (outcome !== Outcome.LAST) return this.#indexOf(outcome, index);
    return this.#leadSync(index);
  }

  /** Sends those who wait away with BrokenBarrierError and starts anew, unbroken. */
  reset(): void {
    engine.barrierReset(this._handle);
    settleOwnGrants();
  }

  /** Breaks the barrier: those who wait and all who come later get BrokenBarrierError, until `reset()`. */
  abort(): void {
    engine.barrierBreak(this._handle);
    settleOwnGrants();
  }

  #timeoutOf(options: SyncWaitOptions | undefined): number {
    const timeout = timeoutOf(options);
    return options?.timeout === undefined ? this.#timeout : timeout;
  }

  #indexOf(outcome: OutcomeCode, index: number): number {
    settleOwnGrants();
    if (outcome === Outcome.GRANTED) return index;
    throw new BrokenBarrierError(
      outcome === Outcome.TIMED_OUT
        ? 'the other parties did not arrive in time; the barrier is broken now'
        : 'the barrier is broken, or was reset while waiting',
    );
  }

  /** Arrived last: runs the action and lets the others go. */
  async #lead(index: number): Promise<number> {
    try {
      await this.#action?.();
    } catch (error) {
      this.abort();
      throw error;
    }
    this.#release();
    return index;
  }

  #leadSync(index: number): number {
    let returned: unknown;
    try {
      returned = this.#action?.();
      if (typeof (returned as PromiseLike<void> | undefined)?.then === 'function') {
        throw new TypeError('action returned a promise, which waitSync() cannot await: use wait()');
      }
    } catch (error) {
      this.abort();
      throw error;
    }
    this.#release();
    return index;
  }

  #release(): void {
    engine.barrierRelease(this._handle);
    settleOwnGrants();
  }

  /** What travels beside the handle. @internal */
  static _optionsOf(barrier: Barrier): BarrierOptions | undefined {
    if (barrier.#action === undefined && barrier.#timeout < 0) return undefined;
    return { action: barrier.#action, timeout: barrier.#timeout < 0 ? undefined : barrier.#timeout };
  }
}

registerTravel(Barrier, {
  tag: 'Barrier',
  revive: (options) => new Barrier(1, options as BarrierOptions | undefined),
  extra: (barrier) => Barrier._optionsOf(barrier),
});
