/** The contract of Executor.map. Python: `Executor.map`. */
import { Event, NotSerializableError, PoolStateError, Queue, Semaphore, TimeoutError } from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, turn, until } from '../reach.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Natural numbers without end; says how many were taken, and whether it was closed. */
function naturals(): { source: Generator<number>; state: { taken: number; closed: boolean } } {
  const state = { taken: 0, closed: false };
  function* generate(): Generator<number> {
    try {
      for (;;) yield state.taken++;
    } finally {
      state.closed = true;
    }
  }
  return { source: generate(), state };
}

async function* eventually<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

async function collect<T>(iterable: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of iterable) into.push(item);
  return into;
}

export function executorMapContract(kind: ExecutorKind): void {
  describe('results', () => {
    it.each([undefined, 1, 3, 100])('come in order, with chunks of %s', async (chunkSize) => {
      const executor = kind.make({ maxWorkers: 2 });
      const expected = range(50).map((x) => x * x);
      expect(await executor.map(tasks.square, range(50), { chunkSize }).toArray()).toEqual(expected);
      expect(await collect(executor.map(tasks.square, range(50), { chunkSize }))).toEqual(expected);
    });

    it.each([undefined, 7])('come all without order, with chunks of %s', async (chunkSize) => {
      const executor = kind.make({ maxWorkers: 2 });
      const results = await executor.map(tasks.square, range(100), { chunkSize, ordered: false }).toArray();
      expect(results.sort((a, b) => a - b)).toEqual(range(100).map((x) => x * x));
    });

    it('come as they are ready without order', async () => {
      const executor = kind.make({ maxWorkers: 1, concurrency: 2 });
      const gates = [new Event(), new Event()];
      onTestFinished(() => {
        for (const gate of gates) gate.set();
      });
      const wait = async ([gate, result]: [Event, number]): Promise<number> => {
        await gate.wait();
        return result;
      };
      const results = executor.map(
        wait,
        gates.map((gate, i): [Event, number] => [gate, i]),
        { ordered: false, chunkSize: 1 },
      );
      gates[1]?.set();
      expect(await results.next()).toEqual({ done: false, value: 1 });
      gates[0]?.set();
      expect(await results.next()).toEqual({ done: false, value: 0 });
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });

    it('know the index of their items', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      for (const chunkSize of [undefined, 1, 4])
        expect(await executor.map(tasks.withIndex, 'abcdefghij', { chunkSize }).toArray()).toEqual(
          [...'abcdefghij'].map((letter, i) => [letter, i]),
        );
    });

    it('may be undefined and null', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const values = [undefined, null, undefined, 0];
      expect(await executor.map(tasks.identity, values).toArray()).toEqual(values);
      expect(await collect(executor.map(tasks.identity, values))).toEqual(values);
    });

    it('may be promises', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.map(tasks.thenable, range(10), { chunkSize: 5 }).toArray()).toEqual(range(10));
    });

    it('of nothing are nothing', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.map(tasks.square, []).toArray()).toEqual([]);
      expect(await collect(executor.map(tasks.square, eventually([])))).toEqual([]);
      expect(executor.stats.workers).toBe(0);
    });

    it('are of any number', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const results = await executor.map(tasks.square, range(50_000)).toArray();
      expect(results.length).toBe(50_000);
      expect(results.every((result, i) => result === i * i)).toBe(true);
      // Chunks grow where calls are small.
      expect(executor.stats.completed).toBeLessThan(25_000);
    });

    it('are handed out once, to whoever asks, in order', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const results = executor.map(tasks.square, range(8));
      const steps = await Promise.all([results.next(), results.next(), results.next()]);
      expect(steps.map(({ value }) => value)).toEqual([0, 1, 4]);
      for await (const result of results) {
        expect(result).toBe(9);
        break;
      }
      expect(await results.toArray()).toEqual([]);
    });

    it('that are left in part can be collected', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const results = executor.map(tasks.square, range(5));
      await results.next();
      expect(await results.toArray()).toEqual([1, 4, 9, 16]);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });
  });

  describe('the source', () => {
    it('may be asynchronous', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      for (const chunkSize of [undefined, 1, 7])
        expect(await executor.map(tasks.square, eventually(range(30)), { chunkSize }).toArray()).toEqual(
          range(30).map((x) => x * x),
        );
    });

    it('that is asynchronous and slow does not keep items back', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const queue = new Queue<number>();
      onTestFinished(() => queue.shutdown());
      const results = executor.map(tasks.square, queue);
      for (let i = 0; i < 5; i++) {
        await queue.put(i);
        expect(await results.next()).toEqual({ done: false, value: i * i });
      }
    });

    it('is read as results are taken', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const { source, state } = naturals();
      const results = executor.map(tasks.square, source, { bufferSize: 10, chunkSize: 1 });
      expect(state.taken).toBe(10);
      for (let i = 0; i < 50; i++) {
        expect(await results.next()).toEqual({ done: false, value: i * i });
        expect(state.taken).toBeLessThanOrEqual(11 + i);
      }
      await results.return();
      expect(state.closed).toBe(true);
    });

    it('that is asynchronous is read as results are taken', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const { source, state } = naturals();
      const results = executor.map(tasks.square, eventually(source), { bufferSize: 4 });
      for (let i = 0; i < 20; i++) {
        expect(await results.next()).toEqual({ done: false, value: i * i });
        // A generator has taken one more than it has yielded.
        expect(state.taken).toBeLessThanOrEqual(6 + i);
      }
      await results.return();
      // Once it has answered what it was asked last.
      await until(() => state.closed);
    });

    it('may be endless without any option', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const { source, state } = naturals();
      let last = -1;
      for await (const result of executor.map(tasks.identity, source)) {
        expect(result).toBe(++last);
        if (last === 5000) break;
      }
      expect(state.closed).toBe(true);
    });

    it('fails at its place', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      function* failing(): Generator<number> {
        yield* range(10);
        throw new RangeError('the source');
      }
      for (const source of [failing(), eventually(failing())]) {
        const seen: number[] = [];
        await expect(collect(executor.map(tasks.square, source), seen)).rejects.toThrow(new RangeError('the source'));
        expect(seen).toEqual(range(10).map((x) => x * x));
      }
      await expect(executor.map(tasks.square, failing(), { ordered: false }).toArray()).rejects.toThrow('the source');
    });

    it('must be iterable', () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const items of [5, undefined, null, {}])
        expect(() => executor.map(tasks.square, items as never)).toThrow(/^items must be iterable, got/);
    });
  });

  describe('an error', () => {
    it.each<[string, (x: number) => number | Promise<number>]>([
      ['sync', tasks.failOnThree],
      ['async', tasks.asyncFailOnThree],
    ])('of an item comes at its place, whatever the chunks: %s', async (_name, fn) => {
      const executor = kind.make({ maxWorkers: 2 });
      for (const chunkSize of [undefined, 1, 2, 100]) {
        const seen: number[] = [];
        const results = executor.map(fn, range(20), { chunkSize });
        const error = await rejection(collect(results, seen));
        expect(error).toEqual(new RangeError('no 3'));
        expect((error as Error).stack).toContain('executor-map');
        expect(seen).toEqual([0, 1, 2]);
        expect(await results.next()).toEqual({ done: true, value: undefined });
      }
    });

    it('is the first in order', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      await expect(executor.map(tasks.failAndSayWhich, [4, 5, 6], { chunkSize: 1 }).toArray()).rejects.toThrow(
        'failed 4',
      );
    });

    it('may be anything', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const value of [undefined, null, 5, 'text'])
        expect(await rejection(executor.map(tasks.failWith, [value]).toArray())).toBe(value);
    });

    it('is of that item alone which cannot travel', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const chunkSize of [1, 10]) {
        const seen: unknown[] = [];
        const items = [0, 1, Symbol('here'), 3];
        const error = await rejection(collect(executor.map(tasks.identity, items, { chunkSize }), seen));
        expect(error).toBeInstanceOf(NotSerializableError);
        expect(seen).toEqual([0, 1]);
      }
    });

    it('is of that result alone which cannot travel', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const chunkSize of [1, 10]) {
        const seen: unknown[] = [];
        const error = await rejection(collect(executor.map(tasks.symbolForThree, range(6), { chunkSize }), seen));
        expect(error).toBeInstanceOf(NotSerializableError);
        expect(seen).toEqual([0, 1, 2]);
      }
    });

    it('closes the source and cancels the rest', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { source, state } = naturals();
      await expect(executor.map(tasks.failOnThree, source, { chunkSize: 1 }).toArray()).rejects.toThrow('no 3');
      expect(state.closed).toBe(true);
      await until(() => executor.stats.queued === 0);
    });
  });

  describe('leaving', () => {
    it('cancels what is in flight', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [started, gate] = [new Semaphore(0), new Event()];
      onTestFinished(() => gate.set());
      const counter = new Queue<number>();
      const work = ([begun, open, count]: [Semaphore, Event, Queue<number>]): void => {
        count.putSync(1);
        begun.release();
        open.waitSync();
      };
      const items = range(10).map((): [Semaphore, Event, Queue<number>] => [started, gate, counter]);
      const results = executor.map(work, items, { chunkSize: 1 });
      await started.acquire();
      await results.return();
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.qsize()).toBe(1);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });

    it('before anything was asked for closes the source', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { source, state } = naturals();
      await executor.map(tasks.square, source).return();
      expect(state.closed).toBe(true);
    });

    it('ends who waits', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [started, gate] = [new Event(), new Event()];
      onTestFinished(() => gate.set());
      executor.submit(tasks.block, started, gate);
      const results = executor.map(tasks.square, [1, 2]);
      const step = results.next();
      await results.return();
      expect(await step).toEqual({ done: true, value: undefined });
    });

    it('does not wait for an asynchronous source that has nothing to say', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      async function* silent(): AsyncGenerator<number> {
        await new Promise(() => {});
      }
      const results = executor.map(tasks.square, silent());
      expect(await results.return()).toEqual({ done: true, value: undefined });
    });

    it('tells what the source says to its closing', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      function* stubborn(): Generator<number> {
        try {
          for (;;) yield 1;
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: it is what is tested
          throw new Error('not yet');
        }
      }
      const gate = new Event();
      onTestFinished(() => gate.set());
      executor.submit(tasks.block, new Event(), gate);
      const results = executor.map(tasks.square, stubborn());
      const waiting = results.next();
      await expect(results.return()).rejects.toThrow('not yet');
      expect(await waiting).toEqual({ done: true, value: undefined });
    });
  });

  describe('timeout', () => {
    it('is for all of it, from the call; what is ready is handed out', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const gate = new Event();
      onTestFinished(() => gate.set());
      const work = async ([open, x]: [Event, number]): Promise<number> => {
        if (x === 2) await open.wait();
        return x;
      };
      const items = range(4).map((x): [Event, number] => [gate, x]);
      // The worker is there: only the tasks take time.
      await executor.submit(tasks.nothing);
      const results = executor.map(work, items, { timeout: 1000, chunkSize: 1 });
      const seen: number[] = [];
      const error = await rejection(collect(results, seen));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(seen).toEqual([0, 1]);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });

    it('of an unfinished collection rejects', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const gate = new Event();
      onTestFinished(() => gate.set());
      const results = executor.map((open: Event) => open.wait(), [gate], { timeout: 5 });
      await expect(results.toArray()).rejects.toThrow(TimeoutError);
    });
  });

  describe('signal', () => {
    it('ends the iteration with its reason', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { source, state } = naturals();
      const controller = new AbortController();
      const results = executor.map(tasks.square, source, { signal: controller.signal });
      await results.next();
      const reason = new Error('enough');
      controller.abort(reason);
      expect(state.closed).toBe(true);
      expect(await rejection(results.next())).toBe(reason);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });

    it('rejects who waits', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const gate = new Event();
      onTestFinished(() => gate.set());
      const controller = new AbortController();
      const results = executor.map((open: Event) => open.wait(), [gate], { signal: controller.signal });
      const all = results.toArray();
      controller.abort();
      expect(await rejection(all)).toBe(controller.signal.reason);
    });

    it('that is aborted already throws at the call, and leaves the source alone', () => {
      const { source, state } = naturals();
      const executor = kind.make({ maxWorkers: 1 });
      expect(() => executor.map(tasks.square, source, { signal: AbortSignal.abort(new Error('no')) })).toThrow('no');
      expect(state).toEqual({ taken: 0, closed: false });
    });
  });

  describe('options', () => {
    it('are checked', () => {
      const executor = kind.make({ maxWorkers: 1 });
      const map = (options: unknown) => () => executor.map(tasks.square, [1], options as never);
      expect(map({ chunkSize: 0 })).toThrow(new RangeError('chunkSize must be at least 1, got 0'));
      expect(map({ chunkSize: 1.5 })).toThrow(RangeError);
      expect(map({ bufferSize: 0 })).toThrow(new RangeError('bufferSize must be at least 1, got 0'));
      expect(map({ timeout: -1 })).toThrow(RangeError);
      expect(map({ ordered: 'yes' })).toThrow(new TypeError("ordered must be true or false, got 'yes'"));
      expect(map({ signal: {} })).toThrow(new TypeError('signal must be an AbortSignal, got {}'));
      expect(map(5)).toThrow(new TypeError('options must be an object, got 5'));
      expect(() => executor.map(5 as never, [])).toThrow(new TypeError('fn must be a function, got 5'));
    });

    it('may be given with those of tasks', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const configured = executor.options({ timeout: 60_000, priority: 3 });
      expect(await configured.map(tasks.square, [1, 2, 3]).toArray()).toEqual([1, 4, 9]);
      expect(() => executor.options({ transfer: [] }).map(tasks.square, [1])).toThrow(
        'transfer is an option for submit',
      );
    });

    it('of a task apply to each item', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const gate = new Event();
      onTestFinished(() => gate.set());
      const work = async ([open, x]: [Event, number]): Promise<number> => {
        if (x === 2) await open.wait();
        return x;
      };
      const items = range(4).map((x): [Event, number] => [gate, x]);
      const seen: number[] = [];
      const results = executor.options({ timeout: 500 }).map(work, items);
      expect(await rejection(collect(results, seen))).toBeInstanceOf(TimeoutError);
      expect(seen).toEqual([0, 1]);
    });
  });

  it('refuses after shutdown, at the call', async () => {
    const executor = kind.make({ maxWorkers: 1 });
    await executor.shutdown();
    const { source, state } = naturals();
    expect(() => executor.map(tasks.square, source)).toThrow(PoolStateError);
    expect(state.closed).toBe(true);
  });

  it('that a shutdown overtakes fails where it was', async () => {
    const executor = kind.make({ maxWorkers: 1 });
    const { source, state } = naturals();
    const results = executor.map(tasks.square, source, { bufferSize: 3, chunkSize: 1 });
    const ended = executor.shutdown();
    const seen: number[] = [];
    expect(await rejection(collect(results, seen))).toBeInstanceOf(PoolStateError);
    expect(seen).toEqual([0, 1, 4]);
    expect(state.closed).toBe(true);
    await ended;
  });
}
