/** The contended path of the event, and the condition's list of waiters. */
import { expect, test } from 'vitest';
import { Event } from '#dist/memory/layout.js';
import { drainAll, engine, FOREVER, Kind, LOOP, Outcome, state, THREAD } from './harness.js';

test('a set event lets everybody pass', () => {
  const event = engine.create(Kind.EVENT);
  engine.eventSet(event);
  expect(state(event)).toBe(Event.SET);
  expect(engine.eventWait(event, THREAD, FOREVER)).toBe(Outcome.GRANTED);
  expect(engine.eventWait(event, LOOP, 0)).toBe(Outcome.GRANTED);
});

test('setting wakes all who wait, even when it is cleared at once', () => {
  const event = engine.create(Kind.EVENT);
  const tickets = Array.from({ length: 150 }, () => engine.eventWait(event, LOOP, FOREVER));
  expect(state(event)).toBe(Event.PARKED);
  engine.eventSet(event);
  Atomics.and(engine.words, event + 2, ~Event.SET);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets);
  expect(state(event)).toBe(0);
  expect(engine.eventWait(event, THREAD, 0)).toBe(Outcome.TIMED_OUT);
});

test('waiting times out, and the event forgets the waiter', () => {
  const event = engine.create(Kind.EVENT);
  expect(engine.eventWait(event, THREAD, 5)).toBe(Outcome.TIMED_OUT);
  expect(state(event)).toBe(0);
});

test('a finished thread is waited for as an event is', () => {
  const thread = engine.create(Kind.THREAD);
  const ticket = engine.eventWait(thread, LOOP, FOREVER);
  engine.eventSet(thread);
  expect(drainAll()).toEqual([[ticket, Outcome.GRANTED, 0]]);
});

test('notify wakes as many as it says, oldest first, and remembers nothing', () => {
  const condition = engine.create(Kind.CONDITION);
  expect(engine.conditionNotify(condition, 5)).toBe(0);
  const tickets = [1, 2, 3, 4].map(() => engine.conditionEnqueue(condition, LOOP));
  expect(engine.conditionNotify(condition, 2)).toBe(2);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(0, 2));
  expect(engine.cancel(tickets[2]!)).toBe(Outcome.TIMED_OUT);
  expect(engine.conditionNotify(condition, 0x7fffffff)).toBe(1);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(3));
});

test('a thread that is enqueued waits with its ticket', () => {
  const condition = engine.create(Kind.CONDITION);
  const ticket = engine.conditionEnqueue(condition, THREAD);
  expect(engine.wait(ticket, 5)).toBe(Outcome.TIMED_OUT);
  const second = engine.conditionEnqueue(condition, THREAD);
  expect(engine.conditionNotify(condition, 1)).toBe(1);
  expect(engine.wait(second, FOREVER)).toBe(Outcome.GRANTED);
});
