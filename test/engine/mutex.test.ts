/** The contended path of the mutex, as every engine does it. */
import { expect, test } from 'vitest';
import { Mutex } from '#dist/memory/layout.js';
import { drainAll, engine, FIRST_TICKET, FOREVER, Kind, LOOP, Outcome, state, THREAD } from './harness.js';

const held = (engine.self << Mutex.OWNER_SHIFT) | Mutex.LOCKED;

test('a free mutex is granted at once, in either mode', () => {
  for (const mode of [THREAD, LOOP] as const) {
    const mutex = engine.create(Kind.MUTEX);
    expect(engine.mutexAcquire(mutex, mode, FOREVER)).toBe(Outcome.GRANTED);
    expect(state(mutex)).toBe(held);
    expect(engine.mutexRelease(mutex)).toBe(Outcome.OK);
    expect(state(mutex)).toBe(0);
  }
});

test('releasing a free mutex is a misuse and changes nothing', () => {
  const mutex = engine.create(Kind.MUTEX);
  expect(engine.mutexRelease(mutex)).toBe(Outcome.MISUSE);
  expect(state(mutex)).toBe(0);
});

test('timeout 0 tries once and links nobody', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  expect(engine.mutexAcquire(mutex, THREAD, 0)).toBe(Outcome.TIMED_OUT);
  expect(engine.mutexAcquire(mutex, LOOP, 0)).toBe(Outcome.TIMED_OUT);
  expect(state(mutex)).toBe(held);
});

test('a thread waits as long as it says, and leaves the mutex as it was', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  const start = performance.now();
  expect(engine.mutexAcquire(mutex, THREAD, 20)).toBe(Outcome.TIMED_OUT);
  const waited = performance.now() - start;
  expect(waited).toBeGreaterThanOrEqual(19);
  expect(waited).toBeLessThan(2000);
  expect(state(mutex)).toBe(held);
});

test('a thread that waits longer than a slice comes back PENDING and keeps its ticket', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  const ticket = engine.mutexAcquire(mutex, THREAD, FOREVER);
  expect(ticket).toBeGreaterThanOrEqual(FIRST_TICKET);
  expect(engine.wait(ticket, FOREVER)).toBe(Outcome.PENDING);
  expect(engine.wait(ticket, 0)).toBe(Outcome.TIMED_OUT);
  expect(state(mutex)).toBe(held);
});

test('waiters of a loop are handed the mutex in their order', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  const tickets = [1, 2, 3].map(() => engine.mutexAcquire(mutex, LOOP, FOREVER));
  expect(state(mutex)).toBe(held | Mutex.PARKED);
  for (const [index, ticket] of tickets.entries()) {
    expect(engine.mutexRelease(mutex)).toBe(Outcome.OK);
    expect(drainAll()).toEqual([[ticket, Outcome.GRANTED, 0]]);
    expect(state(mutex)).toBe(index < 2 ? held | Mutex.PARKED : held);
  }
  expect(engine.mutexRelease(mutex)).toBe(Outcome.OK);
  expect(state(mutex)).toBe(0);
});

test('a waiter that gives up leaves the others their order', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  const [first, second, third] = [1, 2, 3].map(() => engine.mutexAcquire(mutex, LOOP, FOREVER)) as [
    number,
    number,
    number,
  ];
  expect(engine.cancel(second)).toBe(Outcome.TIMED_OUT);
  engine.mutexRelease(mutex);
  expect(drainAll()).toEqual([[first, Outcome.GRANTED, 0]]);
  engine.mutexRelease(mutex);
  expect(drainAll()).toEqual([[third, Outcome.GRANTED, 0]]);
  expect(state(mutex)).toBe(held);
});

test('giving up after the grant yields the grant, and the ticket is not delivered again', () => {
  const mutex = engine.create(Kind.MUTEX);
  engine.mutexAcquire(mutex, LOOP, FOREVER);
  const ticket = engine.mutexAcquire(mutex, LOOP, FOREVER);
  engine.mutexRelease(mutex);
  expect(engine.cancel(ticket)).toBe(Outcome.GRANTED);
  expect(state(mutex)).toBe(held);
  expect(drainAll()).toEqual([]);
});
