/** Cells, references and arrays. */
import { expect, test } from 'vitest';
import { Condition, PipeEnd, SharedArray } from '#dist/memory/layout.js';
import {
  bytes,
  CELLS_START,
  Cell,
  drainAll,
  engine,
  FOREVER,
  Header,
  Kind,
  LOOP,
  liveCells,
  number,
  Outcome,
  references,
  take,
} from './harness.js';

test('a new cell is zeroed, has its kind, and one reference', () => {
  const used = engine.create(Kind.BARRIER);
  engine.words.fill(7, used + Cell.STATE, used + 16);
  // Nobody holds it.
  engine.words[used + Cell.GUARD] = 0;
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

/** One end of a pipe, of two queues. */
function pipeEnd(): { end: number; incoming: number; outgoing: number } {
  const [incoming, outgoing] = [engine.create(Kind.QUEUE), engine.create(Kind.QUEUE)];
  const end = engine.create(Kind.PIPE_END);
  for (const queue of [incoming, outgoing]) {
    engine.queueInit(queue, 0, 4);
    engine.retain(queue);
  }
  engine.words[end + PipeEnd.INCOMING] = incoming;
  engine.words[end + PipeEnd.OUTGOING] = outgoing;
  return { end, incoming, outgoing };
}

test('an end of a pipe that is destroyed shuts down its queues, drops what it has not received and leaves what it sent', () => {
  const live = liveCells();
  const { end, incoming, outgoing } = pipeEnd();
  const inside = engine.create(Kind.MUTEX);
  engine.retain(inside);
  expect(engine.queuePut(incoming, false, bytes(new Uint8Array(100), [inside]), undefined)).toBe(Outcome.OK);
  expect(engine.queuePut(outgoing, false, number(7), undefined)).toBe(Outcome.OK);
  engine.retain(end);
  engine.disown(end);
  expect(engine.queuePut(outgoing, false, number(8), undefined)).toBe(Outcome.OK);
  engine.release(end);
  expect(references(inside)).toBe(1);
  expect(references(incoming)).toBe(1);
  expect(references(outgoing)).toBe(1);
  expect(engine.queuePut(incoming, false, number(1), undefined)).toBe(Outcome.SHUT_DOWN);
  expect(take(incoming)).toBe(undefined);
  expect(engine.out[0]).toBe(-Outcome.SHUT_DOWN);
  expect(engine.queuePut(outgoing, false, number(1), undefined)).toBe(Outcome.SHUT_DOWN);
  expect([take(outgoing), take(outgoing)]).toEqual([7, 8]);
  expect(take(outgoing)).toBe(undefined);
  expect(engine.out[0]).toBe(-Outcome.SHUT_DOWN);
  for (const object of [inside, incoming, outgoing]) engine.disown(object);
  expect(liveCells()).toBe(live);
});

test('the end of an end of a pipe ends those who wait at the other', () => {
  const hangUp = () => {
    const { end, incoming, outgoing } = pipeEnd();
    for (let i = 0; i < 4; i++) engine.queuePut(incoming, false, number(i), undefined);
    const putter = engine.queueAwaitPlace(incoming, LOOP, FOREVER);
    const getter = engine.queueAwaitItem(outgoing, LOOP, FOREVER);
    engine.disown(end);
    const over = new Map(drainAll().map(([ticket, outcome]) => [ticket, outcome]));
    expect(over.get(putter)).toBe(Outcome.SHUT_DOWN);
    expect(over.get(getter)).toBe(Outcome.SHUT_DOWN);
    for (const queue of [incoming, outgoing]) engine.disown(queue);
    // The nodes of a batch are given back with the next.
    engine.drain();
    return liveCells();
  };
  // The first time leaves a node that is kept for later waits.
  const live = hangUp();
  expect(hangUp()).toBe(live);
});

test('ends of pipes in pipes go with the one that holds them, however many', () => {
  const live = liveCells();
  const first = pipeEnd();
  let outer = first;
  for (let i = 0; i < 2000; i++) {
    const inner = pipeEnd();
    engine.retain(inner.end);
    expect(engine.queuePut(outer.incoming, false, bytes(new Uint8Array(40), [inner.end]), undefined)).toBe(Outcome.OK);
    for (const object of [inner.end, inner.outgoing]) engine.disown(object);
    if (outer !== first) engine.disown(outer.incoming);
    outer = inner;
  }
  engine.disown(outer.incoming);
  engine.disown(first.end);
  for (const queue of [first.incoming, first.outgoing]) engine.disown(queue);
  expect(liveCells()).toBe(live);
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
