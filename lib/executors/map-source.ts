/** The source of a run: any iterable. */
import { show } from '../engine/arguments.js';

/** @throws TypeError for what is not iterable. */
export function open(items: unknown): { iterator: Iterator<unknown> | AsyncIterator<unknown>; isAsync: boolean } {
  const object = items as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const asynchronous = object?.[Symbol.asyncIterator];
  if (typeof asynchronous === 'function') return { iterator: asynchronous.call(object), isAsync: true };
  const synchronous = object?.[Symbol.iterator];
  if (typeof synchronous === 'function') return { iterator: synchronous.call(object), isAsync: false };
  throw new TypeError(`items must be iterable, got ${show(items)}`);
}
