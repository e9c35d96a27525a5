/** The results of all chunks of a list as one future, which settles when the last of them has. */
import { isChunkError } from './chunk.js';
import { Future, type FutureSource } from './future.js';
import { addOrigin, type Site } from './task-origin.js';

/**
 * @param count Items of all chunks.
 * @param size Items of every chunk but the last.
 * @param site The place of submission.
 */
export function allChunks(
  chunks: readonly Future<unknown[]>[],
  count: number,
  size: number,
  site: Site,
): Future<unknown[]> {
  // Chunks come in any order: an array that grew with them would become a dictionary.
  const results: unknown[] = new Array(count);
  const origin = { site, isSure: true, name: undefined };
  let left = chunks.length;
  let failure: { readonly error: unknown; readonly cancelled: boolean } | undefined;
  const all = new Future<unknown[]>(new Chunks(chunks));
  const settle = (): void => {
    if (failure === undefined) all._resolve(results);
    else if (failure.cancelled) all._cancelled(failure.error);
    else all._reject(failure.error);
  };
  if (left === 0) settle();
  chunks.forEach((chunk, index) => {
    chunk.addDoneCallback(() => {
      const outcome = chunk._outcome;
      if (chunk._failed || chunk.cancelled()) {
        // The first to fail.
        if (failure === undefined && isChunkError(outcome)) addOrigin(outcome.cause, origin);
        failure ??= { error: isChunkError(outcome) ? outcome.cause : outcome, cancelled: chunk.cancelled() };
      } else {
        const values = outcome as unknown[];
        const first = index * size;
        // The last value says how long they took.
        for (let i = 0; i < values.length - 1; i++) results[first + i] = values[i];
      }
      if (--left === 0) settle();
    });
  });
  return all;
}

class Chunks implements FutureSource {
  readonly #chunks: readonly Future<unknown[]>[];
  constructor(chunks: readonly Future<unknown[]>[]) {
    this.#chunks = chunks;
  }

  cancel(): boolean {
    return false;
  }

  running(): boolean {
    return this.#chunks.some((chunk) => chunk.running());
  }

  waitSync(_all: Future<unknown>, deadline: number): boolean {
    return this.#chunks.every((chunk) => chunk._waitSync(deadline));
  }
}
