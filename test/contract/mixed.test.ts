/** One line for everybody: tasks of this loop, loops of other threads and processes, and blocked ones. */
import { Event, Lock, Queue, Semaphore, Thread } from 'heddle';
import { expect, it } from 'vitest';
import { Queue as Word } from '#dist/memory/layout.js';
import { type Partner, type Reach, reaches, until, waiters } from './reach.js';

/** Blocked threads and processes first. */
const kinds: Reach[] = reaches().reverse();
const COUNT = 2 * kinds.length;
const turns = Array.from({ length: COUNT }, (_, i) => i);

/** Two of each kind, in turns. */
function everybody(): Partner[] {
  const pairs = kinds.map((reach) => reach.partners(2));
  return [0, 1].flatMap((i) => pairs.map((pair) => pair[i] as Partner));
}

it('a lock goes to all kinds of waiters in order of arrival', async () => {
  const lock = new Lock();
  const order: number[] = [];
  lock.acquireSync();
  const all = everybody().map(async (partner, i) => {
    await until(() => waiters(lock) === i);
    await partner.call(lock, 'acquire');
    order.push(i);
  });
  await until(() => waiters(lock) === COUNT);
  for (let served = 1; served <= COUNT; served++) {
    lock.release();
    await until(() => order.length === served);
  }
  await Promise.all(all);
  expect(order).toEqual(turns);
});

it('permits go to all kinds of waiters in order of arrival', async () => {
  const semaphore = new Semaphore(0);
  const order: number[] = [];
  const all = everybody().map(async (partner, i) => {
    await until(() => waiters(semaphore) === i);
    await partner.call(semaphore, 'acquire');
    order.push(i);
  });
  await until(() => waiters(semaphore) === COUNT);
  for (let served = 1; served <= COUNT; served++) {
    semaphore.release();
    await until(() => order.length === served);
  }
  await Promise.all(all);
  expect(order).toEqual(turns);
});

it('items go to all kinds of getters in order of arrival', async () => {
  const queue = new Queue<number>();
  const got: number[][] = [];
  const all = everybody().map(async (partner, i) => {
    await until(() => waiters(queue, Word.GETTERS) === i);
    got.push([i, await partner.call(queue, 'get')]);
  });
  await until(() => waiters(queue, Word.GETTERS) === COUNT);
  for (let item = 0; item < COUNT; item++) {
    queue.putNowait(item);
    await until(() => got.length > item);
  }
  await Promise.all(all);
  expect(got).toEqual(turns.map((i) => [i, i]));
});

it('an event releases all kinds of waiters', async () => {
  const event = new Event();
  const all = everybody().map((partner) => partner.call(event, 'wait'));
  await until(() => waiters(event) === COUNT);
  event.set();
  event.clear();
  expect(await Promise.all(all)).toEqual(Array(COUNT).fill(true));
});

it('a lock whose holder died goes to the next, who is told', async () => {
  const lock = new Lock();
  const held = new Event();
  const holder = new Thread({
    target: (lock: Lock, held: Event) => {
      lock.acquireSync();
      held.set();
      process.exit();
    },
    args: [lock, held],
  });
  await holder.start();
  await held.wait();
  expect(await lock.acquire({ timeout: 20_000 })).toBe(true);
  expect(lock.ownerDied).toBe(true);
  lock.release();
  expect(lock.ownerDied).toBe(false);
  lock.acquireSync();
  expect(lock.ownerDied).toBe(false);
  lock.release();
  await holder.join();
});
