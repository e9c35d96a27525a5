/** The contract of Future, as executors hand it out. Python: `concurrent.futures.Future`. */
import { CancelledError, Event, InvalidStateError, Queue, setExcepthook, TimeoutError } from 'heddle';
import type { Executor } from 'heddle/futures';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, turn } from '../reach.js';
import { waitOptionsContract } from './options.js';

/** An executor whose one worker is busy until the gate opens. */
async function busy(
  kind: ExecutorKind,
): Promise<{ executor: Executor; gate: Event; running: ReturnType<Executor['submit']> }> {
  const executor = kind.make({ maxWorkers: 1 });
  const [started, gate] = [new Event(), new Event()];
  const running = executor.submit(tasks.block, started, gate, 'first');
  await started.wait();
  // A blocked worker would outlive a test that fails.
  onTestFinished(() => gate.set());
  return { executor, gate, running };
}

export function futureContract(kind: ExecutorKind): void {
  describe('states', () => {
    it('go from pending to running to finished', async () => {
      const { executor, gate, running } = await busy(kind);
      const pending = executor.submit(tasks.add, 1, 2);
      expect([running.running(), running.done(), running.cancelled()]).toEqual([true, false, false]);
      expect([pending.running(), pending.done(), pending.cancelled()]).toEqual([false, false, false]);
      gate.set();
      expect(await running).toBe('first');
      expect(await pending).toBe(3);
      for (const future of [running, pending])
        expect([future.running(), future.done(), future.cancelled()]).toEqual([false, true, false]);
    });

    it('can be seen', async () => {
      const { inspect } = await import('node:util');
      const { executor, gate, running } = await busy(kind);
      const failing = executor.submit(tasks.fail, 'x');
      const cancelled = executor.submit(tasks.nothing);
      cancelled.cancel();
      expect([running, failing, cancelled].map((future) => inspect(future))).toEqual([
        '<Future running>',
        '<Future pending>',
        '<Future cancelled>',
      ]);
      gate.set();
      await rejection(failing.result());
      expect(inspect(running)).toBe('<Future finished returned string>');
      expect(inspect(failing)).toBe('<Future finished raised RangeError>');
    });
  });

  describe('cancel', () => {
    it('takes back what has not begun, which then never runs', async () => {
      const { executor, gate } = await busy(kind);
      const counter = new Queue<number>();
      const future = executor.submit(tasks.count, counter);
      expect(future.cancel()).toBe(true);
      expect([future.running(), future.done(), future.cancelled()]).toEqual([false, true, true]);
      expect(future.cancel()).toBe(true);
      await expect(future).rejects.toThrow(CancelledError);
      await expect(future.result()).rejects.toThrow(CancelledError);
      await expect(future.exception()).rejects.toThrow(CancelledError);
      expect(() => future.resultSync()).toThrow(CancelledError);
      expect(() => future.exceptionSync()).toThrow(CancelledError);
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.qsize()).toBe(0);
    });

    it('reaches what has begun at that moment', async () => {
      const executor = kind.make({ maxWorkers: 1, grace: Number.POSITIVE_INFINITY });
      await executor.submit(tasks.nothing);
      for (let round = 0; round < 30; round++) {
        const future = executor.submit(tasks.turnUntilTold);
        for (const end = performance.now() + round / 100; performance.now() < end; );
        if (future.cancel()) expect(future.cancelled()).toBe(true);
        else expect(await future).toBe('told');
      }
    });

    it('is false for what has finished', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const future = executor.submit(tasks.add, 1, 2);
      await future;
      expect([future.cancel(), future.cancelled()]).toEqual([false, false]);
      expect(await future).toBe(3);
    });

    it('is false for what runs, and asks it to stop', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const started = new Event();
      const future = executor.submit(tasks.stopWhenTold, started);
      await started.wait();
      expect([future.cancel(), future.cancelled(), future.done()]).toEqual([false, false, false]);
      expect(await future).toBe('CancelledError');
      expect(future.cancelled()).toBe(false);
    });
  });

  describe('result and exception', () => {
    it('are each undefined where the other is not', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [good, bad] = [executor.submit(tasks.add, 1, 2), executor.submit(tasks.fail, 'no luck')];
      expect(await good.result()).toBe(3);
      expect(await good.exception()).toBeUndefined();
      expect(good.exceptionSync()).toBeUndefined();
      const error = await bad.exception();
      expect(error).toBeInstanceOf(RangeError);
      expect(await rejection(bad.result())).toBe(error);
      expect(await rejection(Promise.resolve(bad))).toBe(error);
      expect(bad.exceptionSync()).toBe(error);
      expect(() => bad.resultSync()).toThrow(error as Error);
    });

    it('give up at their timeout, and the task goes on', async () => {
      const { executor, gate, running } = await busy(kind);
      const pending = executor.submit(tasks.add, 1, 2);
      await expect(running.result({ timeout: 5 })).rejects.toThrow(TimeoutError);
      await expect(pending.result({ timeout: 0 })).rejects.toThrow('the task has not finished within 0 ms');
      await expect(pending.exception({ timeout: 5 })).rejects.toThrow(TimeoutError);
      expect(() => pending.resultSync({ timeout: 5 })).toThrow(TimeoutError);
      expect(() => pending.exceptionSync({ timeout: 0 })).toThrow(TimeoutError);
      gate.set();
      expect(await running.result({ timeout: 60_000 })).toBe('first');
      expect(pending.resultSync({ timeout: 60_000 })).toBe(3);
      expect(await pending.result({ timeout: 0 })).toBe(3);
    });

    it('reject with the reason of an aborted signal, and the task goes on', async () => {
      const { gate, running } = await busy(kind);
      const controller = new AbortController();
      const waits = [running.result({ signal: controller.signal }), running.exception({ signal: controller.signal })];
      const reason = new Error('no longer wanted');
      controller.abort(reason);
      for (const wait of waits) expect(await rejection(wait)).toBe(reason);
      gate.set();
      expect(await running).toBe('first');
    });

    describe.each(['result', 'exception'] as const)('%s', (method) => {
      const future = (): ReturnType<Executor['submit']> => kind.make({ maxWorkers: 1 }).submit(tasks.nothing);
      waitOptionsContract(
        (options) => future()[method](options),
        (options) => future()[`${method}Sync`](options),
      );
    });

    it.each([[undefined], [null], [0], [''], [false], [Number.NaN], [[]]])('hand over %o', async (value) => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.submit(tasks.identity, value)).toEqual(value);
      expect(executor.submit(tasks.identity, value).resultSync()).toEqual(value);
    });

    it.each([[undefined], [null], [5], ['text'], [{ a: 1 }]])('hand over a thrown %o', async (value) => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await rejection(executor.submit(tasks.failWith, value).result())).toEqual(value);
      const future = executor.submit(tasks.rejectWith, value);
      expect(await rejection(future.result())).toEqual(value);
      let caught: unknown = 'nothing';
      try {
        future.resultSync();
      } catch (error) {
        caught = error;
      }
      expect(caught).toEqual(value);
    });

    it('await thenables that a task returns', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.submit(tasks.thenable, 5)).toBe(5);
      await expect(executor.submit(tasks.badThenable, 'refused')).rejects.toThrow(new RangeError('refused'));
    });

    it('block any number of times', () => {
      const executor = kind.make({ maxWorkers: 2 });
      const futures = [1, 2, 3, 4, 5].map((n) => executor.submit(tasks.square, n));
      expect(futures.reverse().map((future) => future.resultSync())).toEqual([25, 16, 9, 4, 1]);
      expect(futures.map((future) => future.resultSync())).toEqual([25, 16, 9, 4, 1]);
    });
  });

  describe('as a promise', () => {
    it('is awaited, chained and combined', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const future = executor.submit(tasks.add, 1, 2);
      expect(await future.then((sum) => sum * 2)).toBe(6);
      expect(await Promise.all([future, executor.submit(tasks.add, 2, 2), 5])).toEqual([3, 4, 5]);
      expect(await executor.submit(tasks.fail, 'x').then(undefined, (error: Error) => error.message)).toBe('x');
      const settled = await Promise.allSettled([executor.submit(tasks.fail, 'y')]);
      expect(settled[0]?.status).toBe('rejected');
    });
  });

  describe('callbacks', () => {
    it('are called in the order in which they were added, before an await goes on', async () => {
      const { gate, running } = await busy(kind);
      const calls: unknown[] = [];
      const awaited = running.then(() => calls.push('await'));
      for (let i = 0; i < 5; i++)
        running.addDoneCallback((future) => calls.push([i, future === running, future.done()]));
      expect(calls).toEqual([]);
      gate.set();
      await awaited;
      expect(calls).toEqual([...[0, 1, 2, 3, 4].map((i) => [i, true, true]), 'await']);
    });

    it('are called before resultSync returns', async () => {
      const { gate, running } = await busy(kind);
      let calls = 0;
      running.addDoneCallback(() => calls++);
      gate.set();
      running.resultSync();
      expect(calls).toBe(1);
    });

    it('are called at once when it has settled, also by cancelling and failing', async () => {
      const { executor, gate } = await busy(kind);
      const cancelled = executor.submit(tasks.nothing);
      const failing = executor.submit(tasks.fail, 'x');
      const calls: string[] = [];
      cancelled.addDoneCallback((future) => calls.push(`cancelled: ${future.cancelled()}`));
      failing.addDoneCallback(() => calls.push('failed'));
      cancelled.cancel();
      expect(calls).toEqual(['cancelled: true']);
      gate.set();
      await rejection(failing.result());
      cancelled.addDoneCallback(() => calls.push('again'));
      expect(calls).toEqual(['cancelled: true', 'failed', 'again']);
    });

    it('may add others', async () => {
      const { gate, running } = await busy(kind);
      const calls: number[] = [];
      running.addDoneCallback((future) => {
        future.addDoneCallback(() => calls.push(1));
        calls.push(2);
      });
      gate.set();
      await running;
      expect(calls).toEqual([1, 2]);
    });

    it('that throw are reported, and neither stop the others nor change the result', async () => {
      const errors: unknown[] = [];
      setExcepthook(({ error }) => errors.push(error));
      onTestFinished(() => setExcepthook(undefined));
      const { gate, running } = await busy(kind);
      let calls = 0;
      running.addDoneCallback(() => {
        throw new Error('in a callback');
      });
      running.addDoneCallback(() => calls++);
      gate.set();
      expect(await running).toBe('first');
      expect(calls).toBe(1);
      expect(errors).toEqual([new Error('in a callback')]);
    });

    it('must be functions', async () => {
      const { running } = await busy(kind);
      expect(() => running.addDoneCallback(5 as never)).toThrow(new TypeError('fn must be a function, got 5'));
    });
  });

  it('can be settled by its executor alone', async () => {
    const { running } = await busy(kind);
    expect(() => running.setResult('x')).toThrow(InvalidStateError);
    expect(() => running.setException(new Error())).toThrow('this future belongs to an executor');
    expect(() => running.setRunningOrNotifyCancel()).toThrow(InvalidStateError);
    await turn();
    expect(running.done()).toBe(false);
  });
}
