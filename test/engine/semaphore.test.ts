/** The contended path of the semaphore. */
import { expect, test } from 'vitest';
import { Cell, Semaphore } from '#dist/memory/layout.js';
import { drainAll, engine, FOREVER, Kind, LOOP, Outcome, state, THREAD } from './harness.js';

function semaphore(value: number, bound?: number): number {
  const handle = engine.create(Kind.SEMAPHORE);
  engine.words[handle + Cell.STATE] = value << Semaphore.VALUE_SHIFT;
  if (bound !== undefined) {
    engine.words[handle + Semaphore.BOUND] = bound;
    engine.words[handle + Semaphore.BOUNDED] = 1;
  }
  return handle;
}
const value = (handle: number) => state(handle) >> Semaphore.VALUE_SHIFT;

test('permits are taken while there are any', () => {
  const handle = semaphore(2);
  expect(engine.semaphoreAcquire(handle, THREAD, 0)).toBe(Outcome.GRANTED);
  expect(engine.semaphoreAcquire(handle, LOOP, 0)).toBe(Outcome.GRANTED);
  expect(engine.semaphoreAcquire(handle, THREAD, 0)).toBe(Outcome.TIMED_OUT);
  expect(value(handle)).toBe(0);
});

test('released permits go to the waiters in their order, what is left becomes the value', () => {
  const handle = semaphore(0);
  const tickets = [1, 2, 3].map(() => engine.semaphoreAcquire(handle, LOOP, FOREVER));
  expect(engine.semaphoreRelease(handle, 2)).toBe(Outcome.OK);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(0, 2));
  expect(state(handle)).toBe(Semaphore.PARKED);
  expect(engine.semaphoreRelease(handle, 4)).toBe(Outcome.OK);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(2));
  expect(state(handle)).toBe(3 << Semaphore.VALUE_SHIFT);
});

test('a bound and the largest value are kept, with nothing changed', () => {
  const bounded = semaphore(1, 2);
  expect(engine.semaphoreRelease(bounded, 2)).toBe(Outcome.OVERFLOW);
  expect(value(bounded)).toBe(1);
  expect(engine.semaphoreRelease(bounded, 1)).toBe(Outcome.OK);
  const zero = semaphore(0, 0);
  expect(engine.semaphoreRelease(zero, 1)).toBe(Outcome.OVERFLOW);
  const full = semaphore(Semaphore.MAX_VALUE);
  expect(engine.semaphoreRelease(full, 1)).toBe(Outcome.OVERFLOW);
  expect(value(full)).toBe(Semaphore.MAX_VALUE);
});

test('when the last waiter gives up, the uncontended path is open again', () => {
  const handle = semaphore(0);
  const ticket = engine.semaphoreAcquire(handle, LOOP, FOREVER);
  expect(state(handle)).toBe(Semaphore.PARKED);
  expect(engine.cancel(ticket)).toBe(Outcome.TIMED_OUT);
  expect(state(handle)).toBe(0);
});

test('a thread gives up after its timeout and takes no permit', () => {
  const handle = semaphore(0);
  expect(engine.semaphoreAcquire(handle, THREAD, 10)).toBe(Outcome.TIMED_OUT);
  engine.semaphoreRelease(handle, 1);
  expect(value(handle)).toBe(1);
});
