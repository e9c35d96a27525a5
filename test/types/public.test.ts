/** What the public types promise; checked by `npm run check:types`. */
import { type Barrier, Condition, Event, Lock, type LockGuard, RLock, Semaphore, SharedArray, Value } from 'heddle';
import { PriorityQueue, Queue, type SimpleQueue } from 'heddle/queue';
import { expect, expectTypeOf, it } from 'vitest';

it('locks say what they return', () => {
  for (const lock of [new Lock(), new RLock()]) {
    expectTypeOf(lock.acquire).returns.resolves.toBeBoolean();
    expectTypeOf(lock.acquireSync).returns.toBeBoolean();
    expectTypeOf(lock.guardSync()).toExtend<Disposable>();
    lock.release();
  }
  expectTypeOf<Lock['withLock']>().toBeCallableWith(() => 1, { timeout: 5 });
  expectTypeOf(new Lock().withLock(async () => 'x')).resolves.toBeString();
  expectTypeOf(new Lock().withLockSync(() => 5)).toBeNumber();
  expectTypeOf(new Lock().guard()).resolves.toExtend<LockGuard>();
  expectTypeOf(new Semaphore().withPermit(() => 1n)).resolves.toBeBigInt();
  expectTypeOf(new Event().wait()).resolves.toBeBoolean();
  expectTypeOf<Barrier['wait']>().returns.resolves.toBeNumber();
  // @ts-expect-error: a Sync call cannot be aborted
  new Lock().acquireSync({ signal: new AbortController().signal });
  // @ts-expect-error: only a lock protects a condition
  expect(() => new Condition('lock')).toThrow(TypeError);
});

it('a condition passes on what its predicate returns', () => {
  const condition = new Condition();
  condition.acquireSync();
  expectTypeOf(condition.waitFor(() => 'ready')).resolves.toBeString();
  expectTypeOf(condition.waitForSync(() => 5)).toBeNumber();
});

it('queues know their items', () => {
  const queue = new Queue<{ id: number }>({ maxSize: 1 });
  queue.putNowait({ id: 1 });
  expectTypeOf(queue.getNowait()).toEqualTypeOf<{ id: number }>();
  expectTypeOf(queue.getMany).returns.resolves.toEqualTypeOf<{ id: number }[]>();
  expectTypeOf(queue).toExtend<AsyncIterable<{ id: number }>>();
  expectTypeOf(queue).toExtend<Disposable & AsyncDisposable>();
  // @ts-expect-error: not an item of this queue
  void queue.put('text').catch(() => {});
  new PriorityQueue<{ rank: number }>({ priority: (item) => [item.rank, 'x'] });
  // @ts-expect-error: an object is no priority
  new PriorityQueue<{ rank: number }>({ priority: (item) => item });
  expectTypeOf<SimpleQueue<string>['getSync']>().returns.toBeString();
});

it('shared numbers are numbers or bigints by their type code', () => {
  expectTypeOf(new Value('i', 5).value).toEqualTypeOf<number>();
  expectTypeOf(new Value('q', 5n).value).toEqualTypeOf<bigint>();
  expectTypeOf(new Value<number>('d').add(1)).toEqualTypeOf<number>();
  const named: Value = new Value('h');
  expectTypeOf(named.value).toEqualTypeOf<number>();
  expectTypeOf(new SharedArray('f', 3).array).toExtend<Float32Array>();
  expectTypeOf(new SharedArray('Q', [1n]).get(0)).toEqualTypeOf<bigint>();
  expectTypeOf(new SharedArray(Float64Array, 3).array).toExtend<Float64Array>();
  // @ts-expect-error: 64-bit integers are bigints
  expect(() => new Value('q', 5)).toThrow(TypeError);
});
