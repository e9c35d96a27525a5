/** Cells, references and arrays. */
import { expect, test } from 'vitest';
import { Condition, SharedArray } from '#dist/memory/layout.js';
import { CELLS_START, Cell, engine, FOREVER, Header, Kind, LOOP, liveCells, Outcome, references } from './harness.js';

test('a new cell is zeroed, has its kind, and one reference', () => {
  const used = engine.create(Kind.BARRIER);
  engine.words.fill(7, used + Cell.STATE, used + 16);
  engine.disown(used);
  const handle = engine.create(Kind.EVENT);
  expect((handle - CELLS_START) % 16).toBe(0);
  expect([...engine.words.subarray(handle, handle + 16)]).toEqual([Kind.EVENT, 1, ...new Array(14).fill(0)]);
});

test('cells are used again: many that come and go leave the arena where it was', () => {
  const live = liveCells();
  engine.disown(engine.create(Kind.MUTEX));
  const top = Atomics.load(engine.words, Header.CELLS_TOP);
  for (let i = 0; i < 100_000; i++) {
    const handle = engine.create(i % 2 === 0 ? Kind.QUEUE : Kind.MUTEX);
    if (i % 2 === 0) engine.queueInit(handle, 0, 0);
    engine.disown(handle);
  }
  expect(Atomics.load(engine.words, Header.CELLS_TOP)).toBe(top);
  expect(liveCells()).toBe(live);
});

test('an isolate has one reference, however often it adopts', () => {
  const handle = engine.create(Kind.MUTEX);
  engine.retain(handle);
  engine.retain(handle);
  expect(references(handle)).toBe(3);
  engine.adopt(handle);
  engine.adopt(handle);
  expect(references(handle)).toBe(1);
});

test('a reference in a message keeps the object', () => {
  const live = liveCells();
  const handle = engine.create(Kind.MUTEX);
  engine.retain(handle);
  engine.disown(handle);
  expect(liveCells()).toBe(live + 1);
  engine.adopt(handle);
  expect(references(handle)).toBe(1);
  engine.disown(handle);
  expect(liveCells()).toBe(live);
});

test('disowning twice drops one reference', () => {
  const handle = engine.create(Kind.MUTEX);
  engine.retain(handle);
  engine.disown(handle);
  engine.disown(handle);
  expect(references(handle)).toBe(1);
  engine.release(handle);
});

test('a condition that is destroyed lets go of its lock', () => {
  const lock = engine.create(Kind.MUTEX);
  const condition = engine.create(Kind.CONDITION);
  engine.words[condition + Condition.LOCK] = lock;
  engine.retain(lock);
  engine.disown(condition);
  expect(references(lock)).toBe(1);
});

test('a waiter keeps the object it waits for', () => {
  const live = liveCells();
  const event = engine.create(Kind.EVENT);
  const ticket = engine.eventWait(event, LOOP, FOREVER);
  engine.disown(event);
  expect(liveCells()).toBeGreaterThan(live);
  expect(engine.words[event]).toBe(Kind.EVENT);
  expect(engine.cancel(ticket)).toBe(Outcome.TIMED_OUT);
  expect(engine.words[event]).toBe(Kind.FREE);
});

test('arrays are zeroed, aligned, and their memory is used again', () => {
  let first = -1;
  for (let round = 0; round < 20; round++) {
    const handle = engine.create(Kind.ARRAY);
    engine.arrayAllocate(handle, 1_000_003);
    expect(engine.words[handle + SharedArray.BYTE_LENGTH]).toBe(1_000_003);
    const { buffer, byteOffset } = engine.arrayBuffer(handle);
    const view = new Uint8Array(buffer, byteOffset, 1_000_003);
    expect(byteOffset % 8).toBe(0);
    expect(view.every((byte) => byte === 0)).toBe(true);
    view.fill(255);
    if (first === -1) first = byteOffset;
    if (engine.name === 'fallback') expect(byteOffset).toBe(first);
    engine.disown(handle);
  }
});
