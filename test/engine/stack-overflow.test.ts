/** A stack that overflows inside an operation of the engine: it throws, and it has not happened, or it has. */
import { expect, test } from 'vitest';
import { itemsIn } from '#dist/queues/counts.js';
import { bytes, Cell, Discipline, engine, FOREVER, Kind, LOOP, number, numberKey, Outcome, state } from './harness.js';

/** How many calls with so many arguments the stack takes. */
function depthOf(padding: number[]): number {
  let reached = 0;
  const deeper = (depth: number, ...rest: number[]): void => {
    reached = depth;
    deeper(depth + 1, ...rest);
  };
  expect(() => deeper(0, ...padding)).toThrow(RangeError);
  return reached;
}

/** Calls `act` ever nearer to the end of the stack until it throws, with frames of different sizes above it. */
function overflow(act: () => void): void {
  for (let frame = 0; frame < 200; frame++) {
    const padding = new Array<number>(frame % 40).fill(0);
    const near = depthOf(padding) - 100;
    const deeper = (depth: number, ...rest: number[]): void => {
      if (depth > near) act();
      deeper(depth + 1, ...rest);
    };
    expect(() => deeper(0, ...padding)).toThrow(RangeError);
  }
}

test('mutex, event and condition stay whole', () => {
  const mutex = engine.create(Kind.MUTEX);
  const event = engine.create(Kind.EVENT);
  const condition = engine.create(Kind.CONDITION);
  overflow(() => {
    engine.mutexRelease(mutex);
    engine.eventSet(event);
    engine.conditionNotify(condition, 1);
  });
  expect(engine.mutexAcquire(mutex, LOOP, FOREVER)).toBe(Outcome.GRANTED);
  expect(engine.mutexRelease(mutex)).toBe(Outcome.OK);
  expect(state(mutex)).toBe(0);
  engine.eventSet(event);
  expect(engine.conditionNotify(condition, 1)).toBe(0);
  for (const object of [mutex, event, condition]) expect(engine.words[object + Cell.GUARD]).toBe(0);
});

test('queues hold what they say they hold', () => {
  for (const discipline of [Discipline.FIFO, Discipline.LIFO, Discipline.PRIORITY]) {
    const queue = engine.create(Kind.QUEUE);
    engine.queueInit(queue, discipline, 0);
    let value = 0;
    overflow(() => {
      engine.queuePut(queue, false, number(value++), numberKey(value % 7));
      engine.queuePut(queue, false, bytes(new Uint8Array(100)), numberKey(value % 7));
      if (engine.queueTake(queue, false) === undefined && engine.out[0]! < 0) throw new Error('lost');
    });
    const count = itemsIn(queue);
    expect(count).toBeGreaterThan(0);
    for (let left = count; left > 0; left--) {
      engine.queueTake(queue, false);
      expect(engine.out[0]).toBeGreaterThan(0);
    }
    engine.queueTake(queue, false);
    expect(engine.out[0]).toBe(-Outcome.EMPTY);
    expect(engine.words[queue + Cell.GUARD]).toBe(0);
    engine.disown(queue);
  }
});
