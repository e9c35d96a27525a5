/** The contract of pools: `map`, `starmap`, `imap` and `imapUnordered`. */
import { type Event, NotSerializableError, Queue, TimeoutError } from 'heddle';
import { describe, expect, it } from 'vitest';
import type { PoolKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection } from '../reach.js';
import { gateOfTest } from './gates.js';
import { collect, range, squares } from './items.js';

export function poolMapContract(kind: PoolKind): void {
  describe('map', () => {
    it.each([undefined, 1, 3, 1000])('calls a function for each item, with chunks of %s', async (chunkSize) => {
      const pool = kind.make(2);
      expect(await pool.map(tasks.square, range(50), { chunkSize })).toEqual(squares(50));
      expect(pool.mapSync(tasks.square, range(50), { chunkSize })).toEqual(squares(50));
      expect(await pool.mapAsync(tasks.square, range(50), { chunkSize }).get()).toEqual(squares(50));
    });

    it('passes the item alone', async () => {
      const pool = kind.make(1);
      const howMany = (...args: unknown[]): number => args.length;
      expect(await pool.map(howMany, [1, 2])).toEqual([1, 1]);
      expect(await collect(pool.imap(howMany, [1, 2]))).toEqual([1, 1]);
    });

    it('takes any iterable, and nothing', async () => {
      const pool = kind.make(1);
      expect(await pool.map(tasks.square, new Set([1, 2, 3]))).toEqual([1, 4, 9]);
      expect(await pool.map(tasks.identity, 'abc')).toEqual(['a', 'b', 'c']);
      expect(await pool.map(tasks.square, [])).toEqual([]);
      expect(pool.mapSync(tasks.square, [])).toEqual([]);
      expect(await pool.starmap(tasks.add, [])).toEqual([]);
      expect(await pool.map(tasks.identity, [undefined, null])).toEqual([undefined, null]);
    });

    it('sends a quarter of a worker’s share at a time', async () => {
      const pool = kind.make(2);
      const sizes = new Queue<number>();
      // One call of a chunk of five waits for another that comes no more, were chunks smaller.
      const work = ([x, seen]: [number, Queue<number>]): number => {
        seen.putNowait(x);
        return x;
      };
      const items = range(40).map((x): [number, Queue<number>] => [x, sizes]);
      expect(await pool.map(work, items)).toEqual(range(40));
      const order = range(40).map(() => sizes.getNowait());
      // Within a chunk of ceil(40 / (4 * 2)) items they come one after another.
      for (let first = 0; first < 40; first += 5) {
        const places = range(5).map((i) => order.indexOf(first + i));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }
    });

    it('fails with the first failure, when all have finished', async () => {
      const pool = kind.make(1);
      const counter = new Queue<number>();
      const work = ([x, count]: [number, Queue<number>]): number => {
        count.putSync(1);
        if (x === 1 || x === 3) throw new RangeError(`no ${x}`);
        return x;
      };
      const items = range(6).map((x): [number, Queue<number>] => [x, counter]);
      await expect(pool.map(work, items, { chunkSize: 1 })).rejects.toThrow('no 1');
      expect(counter.qsize()).toBe(6);
      expect(() => pool.mapSync(work, items, { chunkSize: 2 })).toThrow('no 1');
      const errors: unknown[] = [];
      const result = pool.mapAsync(work, items, { errorCallback: (error) => errors.push(error) });
      const error = await rejection(result.get());
      expect(errors).toEqual([error]);
      expect((error as Error).stack).toContain('pool-map.ts');
    });

    it('fails when an item cannot travel', async () => {
      const pool = kind.make(1);
      await expect(pool.map(tasks.identity, [1, Symbol('x')])).rejects.toThrow(NotSerializableError);
      await expect(pool.map(tasks.symbolForThree, range(5))).rejects.toThrow(NotSerializableError);
      expect(await pool.map(tasks.square, [1, 2])).toEqual([1, 4]);
    });

    it('fails when its source does', async () => {
      const pool = kind.make(1);
      function* source(): Generator<number> {
        yield 1;
        throw new RangeError('the source');
      }
      await expect(pool.map(tasks.square, source())).rejects.toThrow('the source');
      expect(() => pool.mapAsync(tasks.square, source())).toThrow('the source');
    });

    it('refuses bad arguments', async () => {
      const pool = kind.make(1);
      await expect(pool.map(5 as never, [])).rejects.toThrow(new TypeError('fn must be a function, got 5'));
      await expect(pool.map(tasks.square, 5 as never)).rejects.toThrow(/^items must be iterable/);
      await expect(pool.map(tasks.square, [1], { chunkSize: 0 })).rejects.toThrow(
        'chunkSize must be at least 1, got 0',
      );
      expect(() => pool.mapSync(tasks.square, [1], { chunkSize: 1.5 })).toThrow(RangeError);
      expect(() => pool.mapAsync(tasks.square, [1], 5 as never)).toThrow('options must be an object, got 5');
    });
  });

  describe('starmap', () => {
    it('spreads each item', async () => {
      const pool = kind.make(2);
      const pairs = range(20).map((x): [number, number] => [x, 2 * x]);
      const sums = range(20).map((x) => 3 * x);
      expect(await pool.starmap(tasks.add, pairs)).toEqual(sums);
      expect(pool.starmapSync(tasks.add, pairs)).toEqual(sums);
      expect(await pool.starmapAsync(tasks.add, pairs, { chunkSize: 4 }).get()).toEqual(sums);
    });

    it('refuses items that are no arrays', async () => {
      const pool = kind.make(1);
      await expect(pool.starmap(tasks.add, [[1, 2], 5] as never)).rejects.toThrow(
        new TypeError('items[1] must be an array of arguments, got 5'),
      );
    });
  });

  describe.each(['imap', 'imapUnordered'] as const)('%s', (method) => {
    it.each([undefined, 7])('hands out a result for each item, with chunks of %s', async (chunkSize) => {
      const pool = kind.make(2);
      async function* source(): AsyncGenerator<number> {
        yield* range(30);
      }
      for (const items of [range(30), source()])
        expect((await collect(pool[method](tasks.square, items, { chunkSize }))).sort((a, b) => a - b)).toEqual(
          squares(30),
        );
      expect(await collect(pool[method](tasks.square, []))).toEqual([]);
    });

    it('works on while nobody takes the results, also after close', async () => {
      const pool = kind.make(1);
      const counter = new Queue<number>();
      const results = pool[method](
        tasks.count,
        range(300).map(() => counter),
      );
      pool.close();
      await pool.join();
      expect(counter.qsize()).toBe(300);
      expect((await collect(results)).length).toBe(300);
    });

    it('gives up a result at its timeout, and hands it out later', async () => {
      const pool = kind.make(1);
      const gate = gateOfTest();
      const results = pool[method]((open: Event) => open.waitSync(), [gate]);
      await expect(results.next({ timeout: 0 })).rejects.toThrow(TimeoutError);
      await expect(results.next({ timeout: 5 })).rejects.toThrow(TimeoutError);
      await expect(results.next({ timeout: -1 })).rejects.toThrow(RangeError);
      gate.set();
      expect(await results.next({ timeout: 60_000 })).toEqual({ done: false, value: true });
      expect(await results.next({ timeout: 0 })).toEqual({ done: true, value: undefined });
    });

    it('goes on after a failed item', async () => {
      const pool = kind.make(1);
      const results = pool[method](tasks.failOnThree, range(5));
      const seen: unknown[] = [];
      for (;;) {
        try {
          const step = await results.next();
          if (step.done) break;
          seen.push(step.value);
        } catch (error) {
          seen.push((error as Error).message);
        }
      }
      expect(seen).toEqual([0, 1, 2, 'no 3', 4]);
    });

    it('can be left, which closes the source', async () => {
      const pool = kind.make(1);
      let closed = false;
      function* source(): Generator<number> {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          closed = true;
        }
      }
      for await (const _ of pool[method](tasks.square, source())) break;
      expect(closed).toBe(true);
    });

    it('fails where its source does', async () => {
      const pool = kind.make(1);
      function* source(): Generator<number> {
        yield* [1, 2];
        throw new RangeError('the source');
      }
      const seen: number[] = [];
      await expect(collect(pool[method](tasks.square, source()), seen)).rejects.toThrow('the source');
      expect(seen).toEqual([1, 4]);
    });

    it('refuses bad arguments', () => {
      const pool = kind.make(1);
      expect(() => pool[method](5 as never, [])).toThrow('fn must be a function, got 5');
      expect(() => pool[method](tasks.square, 5 as never)).toThrow('items must be iterable, got 5');
      expect(() => pool[method](tasks.square, [], { chunkSize: 0 })).toThrow('chunkSize must be at least 1, got 0');
    });
  });

  it('imap hands out in order, imapUnordered as tasks finish', async () => {
    const pool = kind.make(2);
    const gate = gateOfTest();
    const work = ([x, open]: [number, Event]): number => {
      if (x === 0) open.waitSync();
      return x;
    };
    const items = range(3).map((x): [number, Event] => [x, gate]);
    const unordered = pool.imapUnordered(work, items);
    expect([(await unordered.next()).value, (await unordered.next()).value]).toEqual([1, 2]);
    gate.set();
    expect((await unordered.next()).value).toBe(0);
    expect(await collect(pool.imap(work, items))).toEqual([0, 1, 2]);
  });
}
