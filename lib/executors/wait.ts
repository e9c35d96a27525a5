/** Waiting for several futures at once. Python: `concurrent.futures.wait`. */
import { show } from '../engine/arguments.js';
import { signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { expiresFirst } from './expiry.js';
import { type Future, requireFutures } from './future.js';

/** When `wait` returns. */
export type ReturnWhen = 'ALL_COMPLETED' | 'FIRST_COMPLETED' | 'FIRST_EXCEPTION';

const RETURN_WHEN: readonly unknown[] = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'];

/** Options of `wait`. */
export interface WaitForOptions extends WaitOptions {
  /**
   * `ALL_COMPLETED` (default): when all have settled. `FIRST_COMPLETED`: when one has. `FIRST_EXCEPTION`: when one has
   * failed, or all have settled; one that is cancelled has not failed.
   */
  returnWhen?: ReturnWhen | undefined;
}

/** What `wait` found. */
export interface WaitResult<T> {
  /** Those that have settled: with a result, with an error, or cancelled. */
  readonly done: Set<Future<T>>;
  /** The others. */
  readonly notDone: Set<Future<T>>;
}

/**
 * Waits for futures, of any executors. A future that is given twice counts once. When `timeout` ms are over it
 * resolves with what is done so far.
 *
 * @throws TypeError and RangeError (as a rejection) for anything but futures and for unknown options; the reason of
 * `signal` when it is aborted first.
 *
 * Python: `concurrent.futures.wait`.
 *
 * @example
 * ```ts
 * import { ThreadPoolExecutor, wait } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 2 });
 * const futures = [1, 2, 3].map((n) => executor.submit((x: number) => x * x, n));
 * const { done, notDone } = await wait(futures, { returnWhen: 'ALL_COMPLETED' });
 * console.log(done.size, notDone.size); // 3 0
 * ```
 */
export async function wait<T>(fs: Iterable<Future<T>>, options?: WaitForOptions): Promise<WaitResult<T>> {
  const timeout = timeoutOf(options);
  const signal = signalOf(options);
  const returnWhen = options?.returnWhen ?? 'ALL_COMPLETED';
  if (!RETURN_WHEN.includes(returnWhen))
    throw new RangeError(
      `returnWhen must be 'ALL_COMPLETED', 'FIRST_COMPLETED' or 'FIRST_EXCEPTION', got ${show(returnWhen)}`,
    );
  const futures = new Set(requireFutures(fs));
  const pending = [...futures].filter((future) => !future.done());
  const enough = (future: Future<unknown>): boolean =>
    returnWhen === 'FIRST_COMPLETED' || (returnWhen === 'FIRST_EXCEPTION' && future._failed);
  const satisfied = [...futures].some((future) => future.done() && enough(future));
  if (pending.length > 0 && !satisfied) {
    let left = pending.length;
    await expiresFirst(
      (wake) => {
        const settled = (future: Future<unknown>): void => {
          if (--left === 0 || enough(future)) wake();
        };
        for (const future of pending) future._watch(settled);
        return () => {
          for (const future of pending) future._unwatch(settled);
        };
      },
      timeout,
      signal,
    );
  }
  const result: WaitResult<T> = { done: new Set(), notDone: new Set() };
  for (const future of futures) (future.done() ? result.done : result.notDone).add(future);
  return result;
}
