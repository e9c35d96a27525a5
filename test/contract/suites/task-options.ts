/** The contract of Executor: options of tasks, and cancelling what runs. */
import { CancelledError, Event, Queue, TimeoutError } from 'heddle';
import { describe, expect, it } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection } from '../reach.js';
import { occupy } from './gates.js';

export function taskOptionsContract(kind: ExecutorKind): void {
  describe('options', () => {
    it('priority: lower numbers first, equal ones in order of arrival', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const order = new Queue<number>();
      const futures = [5, -1, 5.0, 0, 3, -7].map((priority, i) =>
        executor.options({ priority }).submit(tasks.push, order, i),
      );
      gate.set();
      await Promise.all(futures);
      expect(futures.map(() => order.getNowait())).toEqual([5, 1, 3, 4, 0, 2]);
    });

    it('timeout: aborts the task and fails its future, not those of others', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const started = new Event();
      const late = executor.options({ timeout: 100 }).submit(tasks.stopWhenTold, started);
      const other = executor.submit(tasks.add, 1, 2);
      await expect(late).rejects.toThrow(TimeoutError);
      expect(await other).toBe(3);
      expect(await executor.options({ timeout: 60_000 }).submit(tasks.add, 1, 2)).toBe(3);
    });

    it('name: what errors call the task; by default that of its function', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const messages = await Promise.all(
        [{}, { name: 'search' }].map(async (named) => {
          const late = executor.options({ ...named, timeout: 20 }).submit(tasks.stopWhenTold, new Event());
          return ((await late.exception()) as Error).message;
        }),
      );
      expect(messages).toEqual([
        "the task 'stopWhenTold' ran longer than its timeout of 20 ms",
        "the task 'search' ran longer than its timeout of 20 ms",
      ]);
      const lost = (await executor.options({ name: 'crash' }).submit(tasks.exit, 3).exception()) as Error;
      expect(lost.message).toMatch(/^the worker that ran the task 'crash' has ended/);
      expect(lost.stack).toContain("--- submitted as 'crash' ---");
      const [failed] = await Promise.allSettled([
        executor.options({ name: 'each' }).map(tasks.failOnThree, [3]).toArray(),
      ]);
      expect(((failed as PromiseRejectedResult).reason as Error).stack).toContain("--- submitted as 'each' ---");
    });

    it('timeout: counts from the start of the task', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const future = executor.options({ timeout: 5000 }).submit(tasks.add, 1, 2);
      expect(await rejection(future.result({ timeout: 20 }))).toBeInstanceOf(TimeoutError);
      expect(future.done()).toBe(false);
      gate.set();
      expect(await future).toBe(3);
    });

    it('queueTimeout: fails what is not begun in time, which then never runs', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const counter = new Queue<number>();
      const future = executor.options({ queueTimeout: 10 }).submit(tasks.count, counter);
      await expect(future).rejects.toThrow(TimeoutError);
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.qsize()).toBe(0);
    });

    it('signal: cancels what is queued, rejecting with its reason', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const [controller, counter] = [new AbortController(), new Queue<number>()];
      const future = executor.options({ signal: controller.signal }).submit(tasks.count, counter);
      const reason = new Error('no longer wanted');
      controller.abort(reason);
      expect(await rejection(future.result())).toBe(reason);
      expect(future.cancelled()).toBe(true);
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.qsize()).toBe(0);
    });

    it('signal: stops what runs', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [controller, started, stopped] = [new AbortController(), new Event(), new Event()];
      const future = executor.options({ signal: controller.signal }).submit(tasks.stopWhenTold, started, stopped);
      await started.wait();
      controller.abort();
      expect(await rejection(future.result())).toBe(controller.signal.reason);
      expect(await stopped.wait()).toBe(true);
    });

    it('signal: rejects at once when it is aborted already', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const reason = new Error('too late');
      const future = executor.options({ signal: AbortSignal.abort(reason) }).submit(tasks.nothing);
      expect(await rejection(future.result())).toBe(reason);
      expect(executor.stats.workers).toBe(0);
    });

    it('transfer: moves what is listed', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const moved = new ArrayBuffer(64);
      expect(await executor.options({ transfer: [moved] }).submit(tasks.byteLength, moved)).toBe(64);
      expect(moved.byteLength).toBe(0);
    });

    it('transfer: takes nothing, and runs nothing, when one of the list cannot be moved', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [twice, counter] = [new ArrayBuffer(64), new Queue<number>()];
      expect(() => executor.options({ transfer: [twice, twice] }).submit(tasks.count, counter)).toThrow(/transfer/i);
      expect(twice.byteLength).toBe(64);
      await executor.submit(tasks.count, counter);
      expect(counter.qsize()).toBe(1);
      await executor.shutdown();
    });

    it('apply behind more tasks than an executor keeps at hand', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const futures = Array.from({ length: 70_000 }, () => executor.submit(tasks.nothing));
      const counter = new Queue<number>();
      const [late, controller] = [executor.options({ queueTimeout: 10 }), new AbortController()];
      const expired = late.submit(tasks.count, counter);
      const aborted = executor.options({ signal: controller.signal }).submit(tasks.count, counter);
      await expect(expired).rejects.toThrow(TimeoutError);
      controller.abort();
      expect(await rejection(aborted.result())).toBe(controller.signal.reason);
      gate.set();
      await Promise.all(futures);
      expect(counter.qsize()).toBe(0);
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    });

    it('are checked', () => {
      const executor = kind.make({ maxWorkers: 1 });
      const options = (given: unknown) => () => executor.options(given as never);
      expect(options(undefined)).toThrow('options must be an object, got undefined');
      expect(options({ timeout: -1 })).toThrow(new RangeError('timeout must be a number of milliseconds ≥ 0, got -1'));
      expect(options({ timeout: '5' })).toThrow(TypeError);
      expect(options({ queueTimeout: Number.NaN })).toThrow(/^queueTimeout must be a number of milliseconds ≥ 0/);
      expect(options({ queueTimeout: '5' })).toThrow(TypeError);
      expect(options({ priority: 1.5 })).toThrow(RangeError);
      expect(options({ priority: 'high' })).toThrow(TypeError);
      expect(options({ priority: 2 ** 31 })).toThrow(RangeError);
      expect(options({ signal: {} })).toThrow('signal must be an AbortSignal, got {}');
      expect(options({ transfer: {} })).toThrow('transfer must be an array, got {}');
      expect(options({ name: 5 })).toThrow('name must be a string, got 5');
      expect(() => executor.options({}).submit(5 as never)).toThrow('fn must be a function, got 5');
    });
  });

  describe('cancelling what runs', () => {
    it('aborts a signal that a loop can see', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const started = new Event();
      const future = executor.submit(tasks.spinUntilTold, started);
      await started.wait();
      expect(future.cancel()).toBe(false);
      expect(await future).toBe(true);
    });

    it('cancels the future of a task that rejects with the reason', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const started = new Event();
      const future = executor.submit(tasks.rejectWhenTold, started);
      await started.wait();
      future.cancel();
      await expect(future).rejects.toThrow(CancelledError);
    });

    it('leaves no trace for the next task', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const started = new Event();
      const future = executor.submit(tasks.stopWhenTold, started);
      await started.wait();
      future.cancel();
      await future;
      expect(await executor.submit(tasks.signalIsAborted)).toBe(false);
    });

    it.each([
      ['awaits', tasks.neverEnd],
      ['never returns', tasks.hang],
    ])('ends the worker of a task that %s, after its grace', async (_name, task) => {
      const executor = kind.make({ maxWorkers: 1, grace: 20 });
      const started = new Event();
      const future = executor.submit(task, started);
      const queued = executor.submit(tasks.add, 1, 2);
      await started.wait();
      expect(future.cancel()).toBe(false);
      await expect(future).rejects.toThrow(CancelledError);
      expect(await queued).toBe(3);
    });

    it('ends the worker after a timeout too, and settles the future', async () => {
      const executor = kind.make({ maxWorkers: 1, grace: 20 });
      const future = executor.options({ timeout: 50 }).submit(tasks.hang, new Event());
      await expect(future).rejects.toThrow(TimeoutError);
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    });
  });
}
