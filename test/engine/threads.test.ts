/** The engine between threads: who waits in one is woken by another, and what a dead one held goes on. */
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import {
  Barrier,
  Cell,
  Mutex,
  PROCESSES_START,
  Process,
  Queue,
  SLOTS_START,
  Slot,
  SlotState,
  WORDS_PER_PROCESS,
  WORDS_PER_SLOT,
} from '#dist/memory/layout.js';
import {
  block,
  drainAll,
  engine,
  FIRST_TICKET,
  FOREVER,
  Kind,
  LOOP,
  number,
  Outcome,
  references,
  state,
  THREAD,
  until,
} from './harness.js';

type Then = 'end' | 'exit' | 'spin' | 'stay';
const workers: Worker[] = [];
/** What the loop was rung for. */
const rung: [number, number, number][] = [];
let whenRung = (): void => {};
engine.onReady(() => {
  rung.push(...drainAll());
  whenRung();
});

/** All tickets that have become ready, the ring heard or not. */
function ready(): [number, number, number][] {
  rung.push(...drainAll());
  return rung.splice(0);
}

afterEach(async () => {
  whenRung = () => {};
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** A worker that has begun to `act`. */
async function partner(
  act: string,
  handle: number,
  then: Then,
  more: object = {},
): Promise<{ worker: Worker; slot: number; result: Promise<unknown> }> {
  // The reference that travels with the handle, as in a message.
  if (handle !== 0) engine.retain(handle);
  const worker = new Worker(new URL('./fixtures/partner.mjs', import.meta.url), {
    workerData: { act, handle, then, ...more },
  });
  workers.push(worker);
  // Listened to from the start: of a worker that has ended, all messages are handed out in one go.
  const begun = new Promise<number>((resolve) => {
    worker.once('message', ({ slot }) => resolve(slot));
  });
  const result = new Promise((resolve) => {
    worker.on('message', (message) => {
      if ('result' in message) resolve(message.result);
    });
  });
  const slot = await begun;
  return { worker, slot, result };
}

const slotState = (slot: number) => Atomics.load(engine.words, SLOTS_START + slot * WORDS_PER_SLOT + Slot.STATE);
const waiters = (handle: number) => Atomics.load(engine.words, handle + Cell.WAITERS);

function queue(maxSize: number): number {
  const handle = engine.create(Kind.QUEUE);
  engine.queueInit(handle, 0, maxSize);
  return handle;
}

test('each thread has a slot and a native identifier of its own', async () => {
  const one = await partner('attach', 0, 'stay');
  const two = await partner('attach', 0, 'stay');
  expect(new Set([engine.self, one.slot, two.slot]).size).toBe(3);
  expect(Atomics.load(engine.words, SLOTS_START + one.slot * WORDS_PER_SLOT + Slot.STATE)).toBe(SlotState.LIVE);
});

test('a thread that waits for an event is woken', async () => {
  const event = engine.create(Kind.EVENT);
  const { result } = await partner('waitEvent', event, 'end');
  await until(() => waiters(event) !== 0);
  engine.eventSet(event);
  expect(await result).toBe(Outcome.GRANTED);
});

test('an event loop is rung when a thread grants', async () => {
  const handle = queue(0);
  const taken: unknown[] = [];
  const tickets: number[] = [];
  let rings = 0;
  const takeUntilEmpty = (): void => {
    for (;;) {
      const begun = engine.queueAwaitItem(handle, LOOP, FOREVER);
      if (begun >= FIRST_TICKET) return void tickets.push(begun);
      taken.push(engine.queueTake(handle, true));
    }
  };
  whenRung = () => {
    for (const [ticket, outcome] of rung.splice(0)) {
      rings++;
      expect([ticket, outcome]).toEqual([tickets.shift(), Outcome.GRANTED]);
      taken.push(engine.queueTake(handle, true));
      takeUntilEmpty();
    }
  };
  takeUntilEmpty();
  await partner('put', handle, 'end', { count: 300 });
  await until(() => taken.length === 300);
  expect(taken).toEqual(Array.from({ length: 300 }, (_, i) => i));
  expect(rings).toBeGreaterThan(0);
});

test('a mutex excludes: two threads and this one count together', { timeout: 60_000 }, async () => {
  const mutex = engine.create(Kind.MUTEX);
  const counter = engine.create(Kind.VALUE);
  const word = counter + 8;
  const count = 20_000;
  const partners = await Promise.all([1, 2].map(() => partner('add', mutex, 'end', { count, word })));
  for (let i = 0; i < count; i++) {
    expect(block(engine.mutexAcquire(mutex, THREAD, FOREVER))).toBe(Outcome.GRANTED);
    engine.words[word]! += 1;
    engine.mutexRelease(mutex);
  }
  await Promise.all(partners.map(({ result }) => result));
  expect(engine.words[word]).toBe(3 * count);
  expect(state(mutex)).toBe(0);
});

test('a bounded queue carries every item between threads, in order', { timeout: 60_000 }, async () => {
  const handle = queue(4);
  await partner('put', handle, 'end', { count: 20_000 });
  for (let expected = 0; expected < 20_000; expected++) {
    expect(block(engine.queueAwaitItem(handle, THREAD, FOREVER))).toBe(Outcome.GRANTED);
    expect(engine.queueTake(handle, true)).toBe(expected);
  }
});

for (const then of ['exit', 'spin', 'stay'] as const) {
  test(`a mutex held by a thread that ends goes to the next, who is told (${then})`, async () => {
    const mutex = engine.create(Kind.MUTEX);
    const { worker, result } = await partner('lock', mutex, then);
    await (then === 'exit' ? until(() => (state(mutex) & Mutex.LOCKED) !== 0 || state(mutex) !== 0) : result);
    const ticket = engine.mutexAcquire(mutex, LOOP, FOREVER);
    if (then !== 'exit') await worker.terminate();
    await until(() => state(mutex) >> Mutex.OWNER_SHIFT === engine.self && (state(mutex) & Mutex.LOCKED) !== 0);
    expect(state(mutex) & Mutex.OWNER_DIED).toBe(Mutex.OWNER_DIED);
    if (ticket >= FIRST_TICKET) expect(ready()).toEqual([[ticket, Outcome.GRANTED, 0]]);
    engine.mutexRelease(mutex);
    expect(state(mutex)).toBe(0);
  });
}

test('nobody waits for a mutex whose holder was terminated: the next to take it is told', async () => {
  const mutex = engine.create(Kind.MUTEX);
  const { worker, result } = await partner('lock', mutex, 'spin');
  await result;
  await worker.terminate();
  await until(() => (state(mutex) & Mutex.LOCKED) === 0);
  expect(engine.mutexAcquire(mutex, THREAD, FOREVER)).toBe(Outcome.GRANTED);
  expect(state(mutex) & Mutex.OWNER_DIED).toBe(Mutex.OWNER_DIED);
});

// The fallback hears of it by an event, which a blocked loop does not get; only Linux tells otherwise.
test.skipIf(engine.name === 'fallback' && process.platform !== 'linux')(
  'a blocked thread gets the mutex of one that it has just terminated',
  async () => {
    const mutex = engine.create(Kind.MUTEX);
    const { worker, result } = await partner('lock', mutex, 'spin');
    await result;
    const ended = worker.terminate();
    expect(block(engine.mutexAcquire(mutex, THREAD, 20_000), 20_000)).toBe(Outcome.GRANTED);
    expect(state(mutex) & Mutex.OWNER_DIED).toBe(Mutex.OWNER_DIED);
    await ended;
  },
);

test('a thread that dies waiting leaves the line', async () => {
  const semaphore = engine.create(Kind.SEMAPHORE);
  const { worker } = await partner('waitPermit', semaphore, 'end');
  await until(() => waiters(semaphore) !== 0);
  const ticket = engine.semaphoreAcquire(semaphore, LOOP, FOREVER);
  await worker.terminate();
  engine.semaphoreRelease(semaphore, 1);
  expect(ready()).toEqual([[ticket, Outcome.GRANTED, 0]]);
});

test('a barrier whose action dies is broken', async () => {
  const barrier = engine.create(Kind.BARRIER);
  engine.words[barrier + Barrier.PARTIES] = 2;
  const ticket = engine.barrierArrive(barrier, LOOP, FOREVER);
  const { worker, result } = await partner('arrive', barrier, 'spin');
  expect(await result).toBe(Outcome.LAST);
  await worker.terminate();
  await until(() => state(barrier) !== Barrier.ACTION);
  expect(ready().map(([name, outcome]) => [name, outcome])).toEqual([[ticket, Outcome.BROKEN]]);
});

test('what a dead thread had reserved in a queue is given back', async () => {
  const handle = queue(1);
  const putter = await partner('reservePlace', handle, 'spin');
  expect(await putter.result).toBe(Outcome.GRANTED);
  expect(engine.queuePut(handle, false, number(1), undefined)).toBe(Outcome.FULL);
  await putter.worker.terminate();
  await until(() => engine.words[handle + Queue.RESERVED_PLACES] === 0);
  expect(engine.queuePut(handle, false, number(1), undefined)).toBe(Outcome.OK);
  const getter = await partner('reserveItem', handle, 'spin');
  expect(await getter.result).toBe(Outcome.GRANTED);
  const ticket = engine.queueAwaitItem(handle, LOOP, FOREVER);
  await getter.worker.terminate();
  await until(() => engine.words[handle + Queue.RESERVED_ITEMS] === 1 && waiters(handle) === 0);
  expect(ready()).toEqual([[ticket, Outcome.GRANTED, 0]]);
  expect(engine.queueTake(handle, true)).toBe(1);
});

test('a dead thread drops its references, and its slot is used again', async () => {
  const mutex = engine.create(Kind.MUTEX);
  const { worker, slot, result } = await partner('attach', mutex, 'spin');
  await result;
  expect(references(mutex)).toBe(2);
  await worker.terminate();
  await until(() => references(mutex) === 1 && slotState(slot) === SlotState.FREE);
  const next = await partner('attach', 0, 'stay');
  expect(next.slot).toBe(slot);
});

test('sweeping a slot of another generation, or a live thread’s twice, changes nothing', async () => {
  const { slot } = await partner('attach', 0, 'stay');
  const generation = engine.words[SLOTS_START + slot * WORDS_PER_SLOT + Slot.GENERATION]!;
  engine.sweep(slot, generation + 1);
  engine.sweep(slot, generation - 1);
  expect(slotState(slot)).toBe(SlotState.LIVE);
});

test('when the exit begins, blocked threads come back to JavaScript at once', async () => {
  const event = engine.create(Kind.EVENT);
  const { worker } = await partner('waitEvent', event, 'end');
  await until(() => waiters(event) !== 0);
  engine.beginExit();
  try {
    const start = performance.now();
    await worker.terminate();
    expect(performance.now() - start).toBeLessThan(1000);
    const ticket = engine.eventWait(event, THREAD, FOREVER);
    const again = performance.now();
    expect(engine.wait(ticket, FOREVER)).toBe(Outcome.PENDING);
    expect(performance.now() - again).toBeLessThan(45);
    engine.cancel(ticket);
  } finally {
    Atomics.store(engine.words, PROCESSES_START + engine.process * WORDS_PER_PROCESS + Process.EXITING, 0);
  }
});
