/**
 * Several calls of one function as one task: what `map` sends when items are small.
 *
 * The worker returns the results and, after them, how long the calls took, by which the next chunks are
 * sized. A call that fails ends the chunk: the results before it travel with the failure, so that chunks
 * cannot be told from single calls.
 */
import { type Audience, Carriage, decodeBytes, discard, encode, encodeThrownBytes } from '../codec/codec.js';

/** How items are passed: a number ≥ 0 is the index of the first item, which is passed beside each. */
export const ONE_ARGUMENT = -1;
/** Each item is an array of arguments. */
export const SPREAD = -2;

type Fn = (...args: unknown[]) => unknown;

/** What ended a chunk: its cause, and the results of the calls before it. */
export class ChunkError extends Error {
  readonly values: unknown[];
  readonly chunk = true;

  constructor(values: unknown[], cause: unknown) {
    super('a call of the chunk failed', { cause });
    this.values = values;
  }
}

/** A ChunkError that has come from a worker, where it lost its class. */
export interface ArrivedChunkError {
  readonly values?: unknown[];
  readonly cause: unknown;
}

export function isChunkError(error: unknown): error is ArrivedChunkError {
  return error instanceof Error && (error as Partial<ChunkError>).chunk === true;
}

/** Runs in a worker: the results of `fn`, and how many milliseconds they took. */
export function runChunk(fn: Fn, items: unknown[], style: number): unknown[] | Promise<unknown[]> {
  return runFrom(0, fn, items, style, [], performance.now());
}

function runFrom(
  start: number,
  fn: Fn,
  items: unknown[],
  style: number,
  values: unknown[],
  began: number,
): unknown[] | Promise<unknown[]> {
  for (let i = start; i < items.length; i++) {
    let value: unknown;
    try {
      if (style >= 0) value = fn(items[i], style + i);
      else if (style === ONE_ARGUMENT) value = fn(items[i]);
      else value = fn(...(items[i] as unknown[]));
    } catch (error) {
      throw failed(values, error);
    }
    if (isThenable(value)) {
      return Promise.resolve(value).then(
        (settled) => {
          values.push(settled);
          return runFrom(i + 1, fn, items, style, values, began);
        },
        (error: unknown) => {
          throw failed(values, error);
        },
      );
    }
    values.push(value);
  }
  values.push(performance.now() - began);
  return values;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function failed(values: unknown[], error: unknown): ChunkError {
  // An error travels in any case; of any other value something that does is made here.
  return new ChunkError(values, error instanceof Error ? error : decodeBytes(encodeThrownBytes(error)));
}

/** The failure in place of results that cannot all travel: `error` belongs to the first that does not. */
export function salvage(values: unknown[], error: unknown, audience?: Audience): ChunkError {
  for (let i = 0; i < values.length; i++) {
    try {
      discard(encode(values[i], 'result', new Carriage(false), audience));
    } catch (refusal) {
      return new ChunkError(values.slice(0, i), refusal);
    }
  }
  return new ChunkError([], error);
}
