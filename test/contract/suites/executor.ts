/** The contract of Executor: what becomes of what is submitted. Python: `concurrent.futures.Executor` and its subclasses. */
import {
  Barrier,
  Event,
  FunctionNotShippableError,
  Lock,
  NotSerializableError,
  Queue,
  QueueFullError,
  Semaphore,
  Thread,
  Value,
} from 'heddle';
import type { Executor } from 'heddle/futures';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, until } from '../reach.js';
import { gateOfTest, occupy } from './gates.js';

export function executorContract(kind: ExecutorKind): void {
  describe('submit', () => {
    it('runs a function with its arguments', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
      expect(await executor.submit(tasks.nothing)).toBeUndefined();
      expect(await executor.submit((a: number, b: string, c: number[]) => [c, b, a], 1, 'x', [2])).toEqual([
        [2],
        'x',
        1,
      ]);
      expect(await executor.submit(async (x: number) => x + 1, 1)).toBe(2);
    });

    it('takes captured variables along as they are at the call', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [base, table] = [10, new Map([['a', 1]])];
      const double = (x: number): number => 2 * x;
      expect(await executor.submit((x: number) => double(x) + base + (table.get('a') ?? 0), 5)).toBe(21);
    });

    it('and anew at the next call when they have changed', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      let factor = 1;
      const table = { base: 0 };
      const scale = (x: number) => x * factor + table.base;
      expect(await executor.submit(scale, 10)).toBe(10);
      factor = 2;
      expect(await executor.submit(scale, 10)).toBe(20);
      table.base = 5;
      expect([await executor.submit(scale, 10), await executor.submit(scale, 20)]).toEqual([25, 45]);
      factor = 1;
      table.base = 0;
      expect(await executor.submit(scale, 10)).toBe(10);
    });

    it('for all items of one map as they were at its call', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      let factor = 2;
      const scale = (x: number) => x * factor;
      const results = executor.map(scale, [1, 2, 3], { chunkSize: 1, bufferSize: 1 });
      factor = 3;
      expect(await results.toArray()).toEqual([2, 4, 6]);
      expect(await executor.map(scale, [1, 2, 3]).toArray()).toEqual([3, 6, 9]);
    });

    it('hands shared objects over as they are', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [lock, queue] = [new Lock(), new Queue<number>()];
      await executor.submit(tasks.push, queue, 5);
      expect(queue.getNowait()).toBe(5);
      expect(await executor.submit(tasks.identity, lock)).toBe(lock);
    });

    it.runIf(kind.shares)('hands shared numbers over as they are', async () => {
      const number = new Value('i', 1);
      expect(await kind.make({ maxWorkers: 1 }).submit(tasks.increment, number)).toBe(1);
      expect(number.value).toBe(2);
    });

    it.runIf(!kind.shares)('refuses by its path what cannot get to a worker', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const number = new Value('i', 1);
      expect(() => executor.submit(tasks.identity, { deep: [number] })).toThrow(/^args\[0\]\.deep\[0\] is a Value,/);
      expect(() => executor.submit(() => number.value)).toThrow(/captures number, a Value/);
      const error = await rejection(executor.submit(tasks.makeNumber).result());
      expect(error).toBeInstanceOf(NotSerializableError);
      expect((error as Error).message).toMatch(/^result is a Value,/);
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    });

    it('hands over large arguments and results', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const text = 'heddle '.repeat(200_000);
      expect(await executor.submit(tasks.identity, text)).toBe(text);
      const bytes = new Uint8Array(3_000_000).fill(7);
      const arrived = await executor.submit(tasks.identity, { bytes });
      expect(Buffer.compare(arrived.bytes, bytes)).toBe(0);
    });

    it('runs tasks in order of arrival', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const order = new Queue<number>();
      const futures = Array.from({ length: 100 }, (_, i) => executor.submit(tasks.push, order, i));
      gate.set();
      await Promise.all(futures);
      expect(Array.from({ length: 100 }, () => order.getNowait())).toEqual(Array.from({ length: 100 }, (_, i) => i));
    });

    it('keeps thousands of tasks in flight', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const futures = Array.from({ length: 20_000 }, (_, i) => executor.submit(tasks.square, i));
      const results = await Promise.all(futures);
      expect(results.every((result, i) => result === i * i)).toBe(true);
    });

    it('refuses what cannot travel at the call, and stays usable', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const sending = new WeakMap();
      expect(() => executor.submit(() => sending)).toThrow(FunctionNotShippableError);
      expect(() => executor.submit(() => sending)).toThrow(/sending/);
      expect(() => executor.submit(tasks.identity, new WeakMap())).toThrow(NotSerializableError);
      expect(() => executor.submit(tasks.add, 1, Symbol('x') as never)).toThrow(NotSerializableError);
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    });

    it('fails a task whose result cannot travel, and no other', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const futures = [executor.submit(tasks.returnSymbol), executor.submit(tasks.add, 1, 2)] as const;
      await expect(futures[0]).rejects.toThrow(NotSerializableError);
      expect(await futures[1]).toBe(3);
    });

    it('refuses anything but functions', () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const fn of [undefined, null, 'text', {}])
        expect(() => executor.submit(fn as never)).toThrow(/^fn must be a function, got/);
    });

    it('starts workers as they are needed, as many as there may be, and uses them again', async () => {
      const executor = kind.make({ maxWorkers: 2, namePrefix: 'worker' });
      expect(executor.stats.workers).toBe(0);
      const { gate, names } = await occupy(executor, 2);
      const third = executor.submit(tasks.workerName);
      expect(executor.stats).toMatchObject({ workers: 2, idle: 0, running: 2, queued: 1 });
      gate.set();
      expect((await Promise.all(names)).sort()).toEqual(['worker_0', 'worker_1']);
      expect(await third).toMatch(/^worker_[01]$/);
      expect(executor.stats).toMatchObject({ workers: 2, running: 0, queued: 0, completed: 3, failed: 0 });
    });
  });

  describe('errors', () => {
    it('arrive with class, message, own properties, cause and stack, and where the task was submitted', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const error = (await executor.submit(tasks.fail, 'no luck').exception()) as RangeError & { detail: unknown };
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('no luck');
      expect(error.detail).toEqual({ n: 5 });
      expect(error.cause).toBeInstanceOf(TypeError);
      expect((error.cause as Error).message).toBe('the cause');
      expect(error.stack).toMatch(/tasks\.mjs/);
      expect(error.stack).toMatch(/executor\.ts/);
    });

    it.each([
      ['submit', (executor: Executor) => executor.submit(tasks.fail, 'x')],
      ['submit with options', (executor: Executor) => executor.options({ priority: 0 }).submit(tasks.fail, 'x')],
      ['map', (executor: Executor) => executor.map(tasks.failOnThree, [3]).toArray()],
      ['map with options', (executor: Executor) => executor.options({}).map(tasks.failOnThree, [3]).toArray()],
      ['broadcast', (executor: Executor) => executor.broadcast(tasks.fail, 'x')],
    ])('of %s say which call of the program it was', async (_name, call) => {
      const executor = kind.make({ maxWorkers: 1 });
      function theCaller(): PromiseLike<unknown> {
        return call(executor);
      }
      const { stack } = (await rejection(Promise.resolve(theCaller()))) as Error;
      expect(stack).toMatch(/--- submitted ---\n[^\n]*executor\.ts[^\n]*\n[^\n]*theCaller/);
    });

    it('say which call it was when a function is submitted by several', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const first = () => executor.submit(tasks.fail, 'x');
      const second = () => executor.submit(tasks.fail, 'x');
      const futures = [first(), second()];
      gate.set();
      const stacks = await Promise.all(futures.map(async (future) => ((await future.exception()) as Error).stack));
      expect(stacks[0]).toMatch(/at first/);
      expect(stacks[0]).not.toMatch(/at second/);
      expect(stacks[1]).toMatch(/at second/);
    });

    it('say so when the call that they name is only the likely one', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const futures = Array.from({ length: 2000 }, () => executor.submit(tasks.fail, 'x'));
      const errors = await Promise.all(futures.map((future) => future.exception()));
      const stacks = errors.map((error) => (error as Error).stack);
      expect(stacks.every((stack) => /--- submitted(, probably)? ---\n[^\n]*executor\.ts/.test(stack as string))).toBe(
        true,
      );
      expect(stacks.some((stack) => stack?.includes('submitted, probably'))).toBe(true);
    });

    it('arrive with the parts of an AggregateError', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const error = (await executor.submit(tasks.failAll).exception()) as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.errors).toEqual([new TypeError('one'), new RangeError('two')]);
    });

    it('of one task leave the others alone', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const futures = [1, 2, 3, 4].map((x) => executor.submit(tasks.failOnThree, x));
      const results = await Promise.allSettled(futures);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect(executor.stats).toMatchObject({ completed: 3, failed: 1 });
    });
  });

  describe('sync use', () => {
    it('works without the event loop', () => {
      const executor = kind.make({ maxWorkers: 2 });
      const futures = Array.from({ length: 1000 }, (_, i) => executor.submit(tasks.square, i));
      expect(futures.map((future) => future.resultSync())).toEqual(futures.map((_, i) => i * i));
    });

    it.runIf(kind.shares)('works within a task of the same executor, which has one worker', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.submit(tasks.fibonacci, executor, 10)).toBe(55);
    });

    it.runIf(kind.shares)('works within a task of another executor', async () => {
      const [outer, inner] = [kind.make({ maxWorkers: 1 }), kind.make({ maxWorkers: 1 })];
      expect(await outer.submit(tasks.submitSyncTo, inner, 7)).toBe(49);
      expect(await outer.submit(tasks.submitTo, inner, 8)).toBe(64);
    });

    it('and awaiting mix', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [first, second] = [executor.submit(tasks.add, 1, 2), executor.submit(tasks.add, 3, 4)];
      expect(second.resultSync()).toBe(7);
      expect(await first).toBe(3);
    });
  });

  describe('an awaiting task', () => {
    it('with concurrency leaves its worker to others', async () => {
      const executor = kind.make({ maxWorkers: 1, concurrency: 3 });
      const [started, gate] = [new Semaphore(0), new Event()];
      onTestFinished(() => gate.set());
      const futures = [1, 2, 3, 4].map(() => executor.submit(tasks.lingerAndSayWorker, started, gate));
      for (let i = 0; i < 3; i++) await started.acquire();
      await until(() => executor.stats.running === 3);
      expect(executor.stats.queued).toBe(1);
      gate.set();
      expect(new Set(await Promise.all(futures)).size).toBe(1);
    });

    it('with concurrency takes none along that blocks: that one is for another worker', async () => {
      const executor = kind.make({ maxWorkers: 2, concurrency: 2 });
      const barrier = new Barrier(2);
      const places = await Promise.all([1, 2].map(() => executor.submit(tasks.meet, barrier)));
      expect(places.sort()).toEqual([0, 1]);
    });

    it('with concurrency does not wait behind one that computes, nor does its time run', async () => {
      const executor = kind.make({ maxWorkers: 1, concurrency: 2, grace: 50 });
      const first = executor.submit(tasks.computeFor, 600);
      const second = executor.options({ timeout: 200 }).submit(tasks.add, 1, 2);
      expect(await Promise.all([first, second])).toEqual([600, 3]);
    });

    it('without concurrency keeps it', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [started, gate] = [new Event(), new Event()];
      const first = executor.submit(tasks.linger, started, gate);
      const second = executor.submit(tasks.nothing);
      await started.wait();
      expect([first.running(), second.running()]).toEqual([true, false]);
      gate.set();
      await second;
      expect(first.done()).toBe(true);
    });
  });

  describe('broadcast', () => {
    it('runs once on every worker, and resolves with all results', async () => {
      const executor = kind.make({ maxWorkers: 3, namePrefix: 'w' });
      expect((await executor.broadcast(tasks.workerName)).sort()).toEqual(['w_0', 'w_1', 'w_2']);
      const counter = new Queue<number>();
      await executor.broadcast(tasks.count, counter);
      expect(counter.qsize()).toBe(3);
    });

    it('rejects with the failure of a worker', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      await expect(executor.broadcast(tasks.fail, 'no')).rejects.toThrow('no');
      await expect(executor.broadcast(5 as never)).rejects.toThrow('fn must be a function, got 5');
    });
  });

  describe('stats', () => {
    it('count tasks and how long they took', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      await Promise.all([1, 2, 4].map((x) => executor.submit(tasks.square, x)));
      await rejection(executor.submit(tasks.fail, 'x').result());
      const { completed, failed, runTime, waitTime } = executor.stats;
      expect([completed, failed]).toEqual([3, 1]);
      expect(runTime.count).toBe(4);
      expect(waitTime.count).toBe(4);
      expect(runTime.percentile(50)).toBeLessThanOrEqual(runTime.max);
      expect(runTime.min).toBeGreaterThanOrEqual(0);
    });

    it('count as idle the workers that run nothing, however many tasks the others run', async () => {
      const executor = kind.make({ maxWorkers: 2, concurrency: 4 });
      await executor.broadcast(tasks.nothing);
      expect(executor.stats).toMatchObject({ workers: 2, idle: 2 });
      const [started, gate] = [new Semaphore(0), gateOfTest()];
      const names = [1, 2, 3].map(() => executor.submit(tasks.lingerAndSayWorker, started, gate));
      for (const _ of names) await started.acquire();
      const { idle, running } = executor.stats;
      gate.set();
      expect(running).toBe(3);
      expect(idle).toBe(2 - new Set(await Promise.all(names)).size);
    });

    it('and maxQueue count the tasks of all threads', async () => {
      const executor = kind.make({ maxWorkers: 1, maxQueue: 2 });
      const { gate } = await occupy(executor, 1);
      const [queued, seen] = [new Event(), new Queue<unknown>()];
      const thread = new Thread({ target: tasks.submitTwo, args: [executor, queued, seen] });
      await thread.start();
      await queued.wait();
      const { workers, idle, running, queued: count } = executor.stats;
      expect({ workers, idle, running, count }).toEqual({ workers: 1, idle: 0, running: 1, count: 2 });
      await expect(executor.submit(tasks.nothing)).rejects.toThrow(QueueFullError);
      expect(await seen.get()).toEqual({ workers: 1, idle: 0, running: 1, queued: 2, refused: true });
      gate.set();
      expect(await seen.get()).toEqual([2, 4]);
      await thread.join();
      expect(await executor.submit(tasks.add, 3, 3)).toBe(6);
    });
  });
}
