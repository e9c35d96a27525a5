/** The contract of wait and asCompleted. Python: `concurrent.futures.wait`, `as_completed`. */
import { Event, TimeoutError } from 'heddle';
import { asCompleted, Future, wait } from 'heddle/futures';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection } from '../reach.js';

/** Futures on which the test decides when they settle. */
function gated(kind: ExecutorKind, count: number): { futures: Future<number>[]; gates: Event[] } {
  const executor = kind.make({ maxWorkers: 1, concurrency: count });
  const gates = Array.from({ length: count }, () => new Event());
  onTestFinished(() => {
    for (const gate of gates) gate.set();
  });
  return { futures: gates.map((gate, i) => executor.submit(tasks.linger<number>, new Event(), gate, i)), gates };
}

export function waitingContract(kind: ExecutorKind): void {
  describe('wait', () => {
    it('waits for all', async () => {
      const { futures, gates } = gated(kind, 3);
      let over = false;
      const waiting = wait(futures).then((result) => {
        over = true;
        return result;
      });
      gates[2]?.set();
      gates[0]?.set();
      await futures[0];
      await futures[2];
      expect(over).toBe(false);
      gates[1]?.set();
      expect(await waiting).toEqual({ done: new Set(futures), notDone: new Set() });
    });

    it('waits for the first', async () => {
      const { futures, gates } = gated(kind, 3);
      const waiting = wait(futures, { returnWhen: 'FIRST_COMPLETED' });
      gates[1]?.set();
      const { done, notDone } = await waiting;
      expect([...done]).toEqual([futures[1]]);
      expect([...notDone]).toEqual([futures[0], futures[2]]);
    });

    it('waits for the first failure, which cancelling is not', async () => {
      const { futures, gates } = gated(kind, 2);
      const executor = kind.make({ maxWorkers: 1 });
      const [started, gate] = [new Event(), new Event()];
      executor.submit(tasks.block, started, gate);
      await started.wait();
      const failing = executor.submit(tasks.fail, 'x');
      const cancelled = executor.submit(tasks.nothing);
      let over = false;
      const waiting = wait<unknown>([...futures, failing, cancelled], { returnWhen: 'FIRST_EXCEPTION' }).then(
        (result) => {
          over = true;
          return result;
        },
      );
      cancelled.cancel();
      gates[0]?.set();
      await futures[0];
      expect(over).toBe(false);
      gate.set();
      const { done, notDone } = await waiting;
      expect(done).toEqual(new Set<unknown>([futures[0], failing, cancelled]));
      expect([...notDone]).toEqual([futures[1]]);
    });

    it('waits for all where none fails', async () => {
      const { futures, gates } = gated(kind, 2);
      for (const gate of gates) gate.set();
      expect((await wait(futures, { returnWhen: 'FIRST_EXCEPTION' })).done.size).toBe(2);
    });

    it('resolves with what is done when its time is over', async () => {
      const { futures, gates } = gated(kind, 2);
      gates[0]?.set();
      await futures[0];
      for (const timeout of [0, 5]) {
        const { done, notDone } = await wait(futures, { timeout });
        expect([[...done], [...notDone]]).toEqual([[futures[0]], [futures[1]]]);
      }
    });

    it('is over at once where enough has settled, and counts a future that is given twice once', async () => {
      const { futures, gates } = gated(kind, 2);
      gates[0]?.set();
      await futures[0];
      const [first, second] = futures as [Future<number>, Future<number>];
      const { done, notDone } = await wait([first, first, second, second], { returnWhen: 'FIRST_COMPLETED' });
      expect([done.size, notDone.size]).toEqual([1, 1]);
      const failing = kind.make({ maxWorkers: 1 }).submit(tasks.fail, 'x');
      await failing.exception();
      const result = await wait<unknown>([failing, second], { returnWhen: 'FIRST_EXCEPTION' });
      expect([...result.done]).toEqual([failing]);
      expect(await wait([])).toEqual({ done: new Set(), notDone: new Set() });
    });

    it('takes futures of several executors, from any iterable', async () => {
      const [a, b] = [kind.make({ maxWorkers: 1 }), kind.make({ maxWorkers: 1 })];
      const futures = new Set([a.submit(tasks.square, 3), b.submit(tasks.square, 4)]);
      expect((await wait(futures)).done).toEqual(futures);
    });

    it('rejects when its signal is aborted', async () => {
      const { futures } = gated(kind, 1);
      const controller = new AbortController();
      const waiting = wait(futures, { signal: controller.signal });
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await rejection(waiting)).toBe(reason);
      expect(await rejection(wait(futures, { signal: controller.signal }))).toBe(reason);
    });

    it('refuses bad arguments', async () => {
      await expect(wait(5 as never)).rejects.toThrow(new TypeError('fs must be an iterable of futures, got 5'));
      await expect(wait([Promise.resolve()] as never)).rejects.toThrow(/^fs\[0\] must be a Future, got Promise/);
      await expect(wait([], { returnWhen: 'SOME' as never })).rejects.toThrow(RangeError);
      await expect(wait([], { returnWhen: 'SOME' as never })).rejects.toThrow(/returnWhen must be .*, got 'SOME'/);
      await expect(wait([], { timeout: -1 })).rejects.toThrow(RangeError);
      await expect(wait([], 5 as never)).rejects.toThrow('options must be an object, got 5');
    });
  });

  describe('asCompleted', () => {
    it('hands futures out as they settle, first those that have', async () => {
      const { futures, gates } = gated(kind, 4);
      gates[2]?.set();
      await futures[2];
      const order: unknown[] = [];
      let next = 3;
      for await (const future of asCompleted(futures)) {
        expect(future).toBeInstanceOf(Future);
        expect(future.done()).toBe(true);
        order.push(await future);
        gates[next--]?.set();
        if (next === 2) next--;
      }
      expect(order).toEqual([2, 3, 1, 0]);
    });

    it('hands out what failed and what was cancelled', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [started, gate] = [new Event(), new Event()];
      const first = executor.submit(tasks.block, started, gate);
      await started.wait();
      const failing = executor.submit(tasks.fail, 'x');
      const cancelled = executor.submit(tasks.nothing);
      cancelled.cancel();
      gate.set();
      const seen: unknown[] = [];
      for await (const future of asCompleted<unknown>([first, failing, cancelled])) seen.push(future);
      expect(seen).toEqual([cancelled, first, failing]);
    });

    it('hands out each future once', async () => {
      const future = kind.make({ maxWorkers: 1 }).submit(tasks.square, 3);
      let count = 0;
      for await (const _ of asCompleted([future, future])) count++;
      expect(count).toBe(1);
      for await (const _ of asCompleted([])) count++;
      expect(count).toBe(1);
    });

    it('throws when its time is over, after what has settled', async () => {
      const { futures, gates } = gated(kind, 3);
      gates[1]?.set();
      await futures[1];
      const seen: unknown[] = [];
      const iterate = async (): Promise<void> => {
        for await (const future of asCompleted(futures, { timeout: 5 })) seen.push(future);
      };
      const error = await rejection(iterate());
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as Error).message).toBe('2 (of 3) futures unfinished');
      expect(seen).toEqual([futures[1]]);
    });

    it('throws when its signal is aborted', async () => {
      const { futures } = gated(kind, 1);
      const controller = new AbortController();
      const step = asCompleted(futures, { signal: controller.signal }).next();
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await rejection(step)).toBe(reason);
    });

    it('can be left, and asked several times at once', async () => {
      const { futures, gates } = gated(kind, 3);
      const iterator = asCompleted(futures);
      const steps = [iterator.next(), iterator.next()];
      gates[2]?.set();
      await futures[2];
      gates[0]?.set();
      expect((await Promise.all(steps)).map(({ value }) => value)).toEqual([futures[2], futures[0]]);
      const last = iterator.next();
      expect(await iterator.return()).toEqual({ done: true, value: undefined });
      expect(await last).toEqual({ done: true, value: undefined });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });

    it('refuses bad arguments', () => {
      expect(() => asCompleted(5 as never)).toThrow(TypeError);
      expect(() => asCompleted([5] as never)).toThrow('fs[0] must be a Future, got 5');
      expect(() => asCompleted([], { timeout: Number.NaN })).toThrow(RangeError);
    });
  });
}
