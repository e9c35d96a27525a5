/**
 * Threads are terminated at random moments while they work on shared objects of every kind. Whatever they
 * were in the middle of: the objects stay usable and whole, nobody else hangs, nothing is left behind.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Barrier, Cell, Mutex, Queue } from '#dist/memory/layout.js';
import { itemsIn } from '#dist/queues/counts.js';
import { block, engine, Header, Kind, Outcome, references, state, THREAD } from './harness.js';

const ROUNDS = 30;
const { words } = engine;

function make(kind: number, prepare?: (handle: number) => void): number {
  const handle = engine.create(kind);
  prepare?.(handle);
  return handle;
}

function objects() {
  return {
    mutex: make(Kind.MUTEX),
    semaphore: make(Kind.SEMAPHORE, (handle) => {
      words[handle + Cell.STATE] = 4;
    }),
    event: make(Kind.EVENT),
    condition: make(Kind.CONDITION),
    barrier: make(Kind.BARRIER, (handle) => {
      words[handle + Barrier.PARTIES] = 2;
    }),
    lock: make(Kind.MUTEX),
    queues: [0, 1, 2].map((discipline) => make(Kind.QUEUE, (handle) => engine.queueInit(handle, discipline, 8))),
  };
}

function checkQueue(queue: number): void {
  for (const list of [Cell.GUARD, Queue.GETTERS, Queue.PUTTERS, Queue.JOINERS]) expect(words[queue + list]).toBe(0);
  for (const word of [Queue.RESERVED_ITEMS, Queue.RESERVED_PLACES]) expect(words[queue + word]).toBe(0);
  for (let left = itemsIn(queue); left > 0; left--) {
    engine.queueTake(queue, false);
    expect(engine.out[0]).toBeGreaterThan(0);
  }
  engine.queueTake(queue, false);
  expect(engine.out[0]).toBe(-Outcome.EMPTY);
}

async function terminateAtRandom(): Promise<void> {
  const all = objects();
  const { mutex, semaphore, event, condition, barrier, lock, queues } = all;
  const named = [mutex, semaphore, event, condition, barrier];
  const workers = [1, 2].map(() => {
    // The references that travel with the handles, as in a message.
    for (const object of [...named, lock, ...queues]) engine.retain(object);
    return new Worker(new URL('./fixtures/hammer.mjs', import.meta.url), { workerData: all });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
  await workers[0]!.terminate();
  // The other one goes on, and so do we.
  for (let i = 0; i < 5; i++) {
    expect(block(engine.mutexAcquire(mutex, THREAD, 10_000), 10_000)).toBe(Outcome.GRANTED);
    engine.mutexRelease(mutex);
  }
  await workers[1]!.terminate();
  for (const object of named) {
    expect(words[object + Cell.GUARD]).toBe(0);
    expect(words[object + Cell.WAITERS]).toBe(0);
    expect(references(object)).toBe(1);
  }
  expect(state(mutex) & (Mutex.LOCKED | Mutex.PARKED)).toBe(0);
  expect(state(semaphore) & 1).toBe(0);
  expect(state(event) & 2).toBe(0);
  expect(state(barrier) & Barrier.ACTION).toBe(0);
  queues.forEach(checkQueue);
  // References that were on their way into a message when their thread ended belong to nobody.
  expect(references(lock)).toBeLessThanOrEqual(3);
  while (references(lock) > 1) engine.release(lock);
  for (const object of [...named, lock, ...queues]) engine.disown(object);
}

test('threads may end anywhere', { timeout: 180_000 }, async () => {
  await terminateAtRandom();
  const slots = words[Header.SLOTS_LIVE];
  const cells = words[Header.CELLS_LIVE]!;
  for (let round = 0; round < ROUNDS; round++) await terminateAtRandom();
  expect(words[Header.SLOTS_LIVE]).toBe(slots);
  expect(words[Header.CELLS_LIVE]).toBeLessThanOrEqual(cells + 1);
});
