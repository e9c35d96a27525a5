/** The barrier: rounds, actions, and how it breaks. */
import { expect, test } from 'vitest';
import { Barrier } from '#dist/memory/layout.js';
import { drainAll, engine, FOREVER, Kind, LOOP, Outcome, state, THREAD } from './harness.js';

function barrier(parties: number): number {
  const handle = engine.create(Kind.BARRIER);
  engine.words[handle + Barrier.PARTIES] = parties;
  return handle;
}
const arrive = (handle: number) => engine.barrierArrive(handle, LOOP, FOREVER);

test('the last to arrive is told so and lets the others go with their indices', () => {
  const handle = barrier(3);
  const first = arrive(handle);
  const second = arrive(handle);
  expect(arrive(handle)).toBe(Outcome.LAST);
  expect(engine.out[0]).toBe(2);
  expect(drainAll()).toEqual([]);
  engine.barrierRelease(handle);
  expect(drainAll()).toEqual([
    [first, Outcome.GRANTED, 0],
    [second, Outcome.GRANTED, 1],
  ]);
  expect(state(handle)).toBe(0);
});

test('who arrives during the action forms the next rounds', () => {
  const handle = barrier(2);
  const waiting = arrive(handle);
  expect(arrive(handle)).toBe(Outcome.LAST);
  const next = [1, 2, 3].map(() => arrive(handle));
  engine.barrierRelease(handle);
  expect(drainAll()).toEqual([
    [waiting, Outcome.GRANTED, 0],
    [next[1], Outcome.LAST, 1],
  ]);
  expect(state(handle)).toBe(Barrier.ACTION);
  engine.barrierRelease(handle);
  expect(drainAll()).toEqual([[next[0], Outcome.GRANTED, 0]]);
  expect(engine.words[handle + Barrier.COUNT]).toBe(1);
  expect(arrive(handle)).toBe(Outcome.LAST);
  engine.barrierRelease(handle);
  expect(drainAll()).toEqual([[next[2], Outcome.GRANTED, 0]]);
});

test('a barrier of one is its own last', () => {
  const handle = barrier(1);
  expect(engine.barrierArrive(handle, THREAD, FOREVER)).toBe(Outcome.LAST);
  engine.barrierRelease(handle);
  expect(state(handle)).toBe(0);
});

test('a barrier of one admits those who came during its action one by one', () => {
  const handle = barrier(1);
  expect(arrive(handle)).toBe(Outcome.LAST);
  const entered = [arrive(handle), arrive(handle)];
  for (const ticket of entered) {
    engine.barrierRelease(handle);
    expect(drainAll()).toEqual([[ticket, Outcome.LAST, 0]]);
  }
});

test('giving up breaks it for all, and reset mends it', () => {
  const handle = barrier(3);
  const first = arrive(handle);
  const second = arrive(handle);
  expect(engine.cancel(second)).toBe(Outcome.TIMED_OUT);
  expect(drainAll().map(([ticket, outcome]) => [ticket, outcome])).toEqual([[first, Outcome.BROKEN]]);
  expect(arrive(handle)).toBe(Outcome.BROKEN);
  engine.barrierReset(handle);
  expect(state(handle)).toBe(0);
  expect(engine.barrierArrive(handle, THREAD, 5)).toBe(Outcome.TIMED_OUT);
  expect(state(handle)).toBe(Barrier.BROKEN);
});

test('abort and reset during the action reach those inside and those at the door', () => {
  for (const end of ['barrierBreak', 'barrierReset'] as const) {
    const handle = barrier(2);
    const inside = arrive(handle);
    expect(arrive(handle)).toBe(Outcome.LAST);
    const door = arrive(handle);
    engine[end](handle);
    expect(drainAll().map(([ticket, outcome]) => [ticket, outcome])).toEqual([
      [inside, Outcome.BROKEN],
      [door, Outcome.BROKEN],
    ]);
    const before = state(handle);
    engine.barrierRelease(handle);
    expect(state(handle)).toBe(before);
    expect(before).toBe(end === 'barrierBreak' ? Barrier.BROKEN : 0);
  }
});

test('one at the door who gives up breaks it', () => {
  const handle = barrier(2);
  const inside = arrive(handle);
  arrive(handle);
  const door = arrive(handle);
  expect(engine.cancel(door)).toBe(Outcome.TIMED_OUT);
  expect(drainAll().map(([ticket, outcome]) => [ticket, outcome])).toEqual([[inside, Outcome.BROKEN]]);
});
