/** The queue: payloads, disciplines, reservations, shutdown, references. */
import { expect, test } from 'vitest';
import { Queue } from '#dist/memory/layout.js';
import { itemsIn } from '#dist/queues/counts.js';
import {
  bytes,
  Discipline,
  drainAll,
  engine,
  FOREVER,
  Kind,
  LOOP,
  liveCells,
  number,
  numberKey,
  Outcome,
  references,
  string,
  stringKey,
  THREAD,
  take,
} from './harness.js';

function queue(maxSize = 0, discipline: number = Discipline.FIFO): number {
  const handle = engine.create(Kind.QUEUE);
  engine.queueInit(handle, discipline, maxSize);
  return handle;
}
const put = (handle: number, value: number, reserved = false) =>
  engine.queuePut(handle, reserved, number(value), undefined);
const count = (handle: number) => itemsIn(handle) + engine.words[handle + Queue.RESERVED_ITEMS]!;

test('numbers come out as they went in', () => {
  const handle = queue();
  const values = [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, 2 ** 53, -1];
  for (const value of values) put(handle, value);
  for (const value of values) expect(Object.is(engine.queueTake(handle, false), value)).toBe(true);
});

test('strings of any length and alphabet come out as they went in', () => {
  const handle = queue();
  const strings = [
    '',
    'a',
    'é'.repeat(24),
    'é'.repeat(25),
    '日本語',
    '日'.repeat(12),
    '日'.repeat(13),
    '😀'.repeat(5000),
    `${'x'.repeat(70_000)}ÿ`,
  ];
  for (const value of strings) expect(engine.queuePut(handle, false, string(value), undefined)).toBe(Outcome.OK);
  for (const value of strings) {
    expect(take(handle)).toBe(value);
    expect(engine.out[0]).toBe(6);
  }
});

test('bytes that fit are left in the scratch memory, others are the taker’s own', () => {
  const handle = queue();
  for (const length of [0, 1, 24, 25, 1000, 16384, 16385, 100_000, 3_000_000]) {
    const value = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    expect(engine.queuePut(handle, false, bytes(value, [], 8), undefined)).toBe(Outcome.OK);
    const taken = engine.queueTake(handle, false);
    expect([engine.out[0], engine.out[1]]).toEqual([8, length]);
    if (taken === undefined) expect(length).toBeLessThanOrEqual(engine.scratch.length);
    const result = taken === undefined ? engine.scratch.subarray(0, length) : (taken as Uint8Array);
    expect(result.length).toBe(length);
    expect(Buffer.compare(result, value)).toBe(0);
  }
});

test('only the first `length` bytes travel', () => {
  const handle = queue();
  for (const length of [3, 300]) {
    engine.queuePut(handle, false, { ...bytes(new Uint8Array(1000).fill(9)), length }, undefined);
    expect(take(handle)).toEqual(new Uint8Array(length).fill(9));
  }
});

test('the disciplines take first, last, and lowest', () => {
  const order = (discipline: number, values: number[]) => {
    const handle = queue(0, discipline);
    for (const value of values) engine.queuePut(handle, false, number(value), numberKey(value));
    return values.map(() => engine.queueTake(handle, false));
  };
  const values = Array.from({ length: 200 }, (_, i) => ((i * 7919) % 211) - 100);
  expect(order(Discipline.FIFO, values)).toEqual(values);
  expect(order(Discipline.LIFO, values)).toEqual(values.toReversed());
  expect(order(Discipline.PRIORITY, values)).toEqual(values.toSorted((a, b) => a - b));
});

test('equal keys keep the order of arrival', () => {
  const handle = queue(0, Discipline.PRIORITY);
  for (let i = 0; i < 100; i++) engine.queuePut(handle, false, number(i), numberKey(i % 3));
  const expected = [0, 1, 2].flatMap((key) => Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 3 === key));
  expect(expected.map(() => engine.queueTake(handle, false))).toEqual(expected);
});

test('keys of any length are compared, and those of another class are refused', () => {
  const handle = queue(0, Discipline.PRIORITY);
  const names = ['pear', 'a very long name, longer than any key that fits an entry', 'apple', 'a very long name', ''];
  for (const name of names) expect(engine.queuePut(handle, false, string(name), stringKey(name))).toBe(Outcome.OK);
  expect(engine.queuePut(handle, false, number(1), numberKey(1))).toBe(Outcome.INCOMPARABLE);
  expect(count(handle)).toBe(names.length);
  expect(names.map(() => take(handle))).toEqual(names.toSorted());
  expect(engine.queuePut(handle, false, number(1), numberKey(1))).toBe(Outcome.OK);
});

test('a queue that wraps, grows and shrinks keeps its order', () => {
  const handle = queue();
  let next = 0;
  let expected = 0;
  for (const [puts, takes] of [
    [5, 3],
    [900, 20],
    [0, 700],
    [3000, 3182],
    [9, 0],
  ] as const) {
    for (let i = 0; i < puts; i++) put(handle, next++);
    for (let i = 0; i < takes; i++) expect(engine.queueTake(handle, false)).toBe(expected++);
  }
  expect(count(handle)).toBe(next - expected);
});

test('a full queue refuses, an empty one says so', () => {
  const handle = queue(2);
  expect([put(handle, 1), put(handle, 2), put(handle, 3)]).toEqual([Outcome.OK, Outcome.OK, Outcome.FULL]);
  expect([take(handle), take(handle)]).toEqual([1, 2]);
  expect(take(handle)).toBeUndefined();
  expect(engine.out[0]).toBe(-Outcome.EMPTY);
});

test('an item is reserved for the getter who waited, and nobody else gets it', () => {
  const handle = queue();
  const ticket = engine.queueAwaitItem(handle, LOOP, FOREVER);
  put(handle, 7);
  take(handle);
  expect(engine.out[0]).toBe(-Outcome.EMPTY);
  expect(drainAll()).toEqual([[ticket, Outcome.GRANTED, 0]]);
  expect(engine.queueTake(handle, true)).toBe(7);
  expect(count(handle)).toBe(0);
});

test('a place is reserved for the putter who waited', () => {
  const handle = queue(1);
  put(handle, 1);
  const ticket = engine.queueAwaitPlace(handle, LOOP, FOREVER);
  expect(take(handle)).toBe(1);
  expect(put(handle, 2)).toBe(Outcome.FULL);
  expect(drainAll()).toEqual([[ticket, Outcome.GRANTED, 0]]);
  expect(put(handle, 3, true)).toBe(Outcome.OK);
  expect(take(handle)).toBe(3);
});

test('what is reserved at once can be given back, and goes to the next', () => {
  const handle = queue(1);
  expect(engine.queueAwaitPlace(handle, THREAD, 0)).toBe(Outcome.GRANTED);
  const place = engine.queueAwaitPlace(handle, LOOP, FOREVER);
  engine.queueUnreserve(handle, 0);
  expect(drainAll()).toEqual([[place, Outcome.GRANTED, 0]]);
  put(handle, 1, true);
  expect(engine.queueAwaitItem(handle, THREAD, FOREVER)).toBe(Outcome.GRANTED);
  const item = engine.queueAwaitItem(handle, LOOP, FOREVER);
  engine.queueUnreserve(handle, 1);
  expect(drainAll()).toEqual([[item, Outcome.GRANTED, 0]]);
  expect(engine.queueTake(handle, true)).toBe(1);
});

test('waiting for an item or a place times out and leaves no trace', () => {
  const handle = queue(1);
  expect(engine.queueAwaitItem(handle, THREAD, 5)).toBe(Outcome.TIMED_OUT);
  put(handle, 1);
  expect(engine.queueAwaitPlace(handle, THREAD, 5)).toBe(Outcome.TIMED_OUT);
  expect(engine.queueAwaitPlace(handle, LOOP, 0)).toBe(Outcome.TIMED_OUT);
  expect(take(handle)).toBe(1);
  expect(put(handle, 2)).toBe(Outcome.OK);
});

test('a put that fails with a reserved place passes the place on', () => {
  const handle = queue(2, Discipline.PRIORITY);
  engine.queuePut(handle, false, string('a'), stringKey('a'));
  expect(engine.queueAwaitPlace(handle, THREAD, 0)).toBe(Outcome.GRANTED);
  const next = engine.queueAwaitPlace(handle, LOOP, FOREVER);
  expect(engine.queuePut(handle, true, number(1), numberKey(1))).toBe(Outcome.INCOMPARABLE);
  expect(drainAll()).toEqual([[next, Outcome.GRANTED, 0]]);
  expect(engine.queuePut(handle, true, string('b'), stringKey('b'))).toBe(Outcome.OK);
});

test('join waits until every task is done', () => {
  const handle = queue();
  expect(engine.queueJoin(handle, THREAD, FOREVER)).toBe(Outcome.GRANTED);
  put(handle, 1);
  put(handle, 2);
  const ticket = engine.queueJoin(handle, LOOP, FOREVER);
  expect(engine.queueJoin(handle, THREAD, 0)).toBe(Outcome.TIMED_OUT);
  expect(engine.queueTaskDone(handle)).toBe(Outcome.OK);
  expect(drainAll()).toEqual([]);
  expect(engine.queueTaskDone(handle)).toBe(Outcome.OK);
  expect(drainAll()).toEqual([[ticket, Outcome.GRANTED, 0]]);
  expect(engine.queueTaskDone(handle)).toBe(Outcome.MISUSE);
});

test('shutdown refuses puts, sends waiters home, and lets the items be taken', () => {
  const handle = queue(1);
  put(handle, 1);
  const putter = engine.queueAwaitPlace(handle, LOOP, FOREVER);
  const joiner = engine.queueJoin(handle, LOOP, FOREVER);
  engine.queueShutdown(handle, false);
  expect(drainAll()).toEqual([[putter, Outcome.SHUT_DOWN, 0]]);
  expect(put(handle, 2)).toBe(Outcome.SHUT_DOWN);
  expect(engine.queueAwaitPlace(handle, LOOP, FOREVER)).toBe(Outcome.SHUT_DOWN);
  expect(engine.queueAwaitItem(handle, LOOP, FOREVER)).toBe(Outcome.GRANTED);
  expect(engine.queueTake(handle, true)).toBe(1);
  expect(engine.queueAwaitItem(handle, LOOP, FOREVER)).toBe(Outcome.SHUT_DOWN);
  take(handle);
  expect(engine.out[0]).toBe(-Outcome.SHUT_DOWN);
  engine.queueTaskDone(handle);
  expect(drainAll()).toEqual([[joiner, Outcome.GRANTED, 0]]);
});

test('immediate shutdown drops the items, their tasks, and what they hold', () => {
  const handle = queue();
  const lock = engine.create(Kind.MUTEX);
  for (let i = 0; i < 20; i++) {
    engine.retain(lock);
    engine.queuePut(handle, false, bytes(new Uint8Array(i * 40), [lock]), undefined);
  }
  expect(references(lock)).toBe(21);
  const joiner = engine.queueJoin(handle, LOOP, FOREVER);
  expect(engine.queueAwaitItem(handle, THREAD, FOREVER)).toBe(Outcome.GRANTED);
  engine.queueShutdown(handle, true);
  expect(references(lock)).toBe(1);
  expect(drainAll()).toEqual([[joiner, Outcome.GRANTED, 0]]);
  engine.queueTake(handle, true);
  expect(engine.out[0]).toBe(-Outcome.SHUT_DOWN);
  expect(count(handle)).toBe(0);
});

test('getters of an empty queue are sent home by shutdown', () => {
  const handle = queue();
  const ticket = engine.queueAwaitItem(handle, LOOP, FOREVER);
  engine.queueShutdown(handle, false);
  expect(drainAll()).toEqual([[ticket, Outcome.SHUT_DOWN, 0]]);
});

test('a larger bound lets waiting putters in', () => {
  const handle = queue(1);
  put(handle, 1);
  const tickets = [1, 2, 3].map(() => engine.queueAwaitPlace(handle, LOOP, FOREVER));
  engine.queueResize(handle, 3);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(0, 2));
  engine.queueResize(handle, 0);
  expect(drainAll().map(([ticket]) => ticket)).toEqual(tickets.slice(2));
});

test('handles travel with their item and belong to the taker', () => {
  const handle = queue();
  const lock = engine.create(Kind.MUTEX);
  engine.retain(lock);
  engine.queuePut(handle, false, bytes(Uint8Array.of(1, 2), [lock]), undefined);
  expect(take(handle)).toEqual(Uint8Array.of(1, 2));
  expect(references(lock)).toBe(2);
  engine.adopt(lock);
  expect(references(lock)).toBe(1);
});

test('a queue that is destroyed releases what its items hold, queues in queues included', () => {
  const before = liveCells();
  let outer = queue();
  for (let depth = 0; depth < 5000; depth++) {
    const handle = queue(0, depth % 3);
    engine.queuePut(handle, false, bytes(Uint8Array.of(1), [outer]), numberKey(1));
    engine.retain(outer);
    engine.disown(outer);
    outer = handle;
  }
  expect(liveCells()).toBe(before + 5001);
  engine.disown(outer);
  expect(liveCells()).toBe(before);
});
