/** The contract of pools. Python: `multiprocessing.pool`. */
import {
  BrokenExecutorError,
  CancelledError,
  Event,
  FunctionNotShippableError,
  InvalidStateError,
  NotSerializableError,
  PoolStateError,
  Queue,
  Semaphore,
  setExcepthook,
  TimeoutError,
  Value,
  WorkerLostError,
} from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PoolKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, turn, until } from '../reach.js';
import { waitOptionsContract } from './options.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const squares = (count: number): number[] => range(count).map((x) => x * x);

async function collect<T>(iterable: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of iterable) into.push(item);
  return into;
}

/** A gate that opens at the latest when the test has finished. */
function gateOfTest(): Event {
  const gate = new Event();
  onTestFinished(() => gate.set());
  return gate;
}

export function poolContract(kind: PoolKind): void {
  describe('apply', () => {
    it('calls a function and waits for it', async () => {
      const pool = kind.make(2);
      expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
      expect(await pool.apply(tasks.nothing)).toBeUndefined();
      expect(await pool.apply(async (x: number) => x + 1, [1])).toBe(2);
      expect(pool.applySync(tasks.add, [3, 4])).toBe(7);
    });

    it('fails with what the function throws', async () => {
      const pool = kind.make(1);
      const error = (await rejection(pool.apply(tasks.fail, ['no luck']))) as Error & { detail: unknown };
      expect(error).toBeInstanceOf(RangeError);
      expect([error.message, error.detail, (error.cause as Error).message]).toEqual(['no luck', { n: 5 }, 'the cause']);
      expect(error.stack).toContain('tasks.mjs');
      expect(() => pool.applySync(tasks.fail, ['again'])).toThrow('again');
    });

    it('refuses bad arguments', async () => {
      const pool = kind.make(1);
      await expect(pool.apply(5 as never)).rejects.toThrow(new TypeError('fn must be a function, got 5'));
      await expect(pool.apply(tasks.add, 5 as never)).rejects.toThrow(new TypeError('args must be an array, got 5'));
      expect(() => pool.applySync(undefined as never)).toThrow(TypeError);
      expect(() => pool.applyAsync(tasks.add, {} as never)).toThrow('args must be an array, got {}');
      expect(() => pool.applyAsync(tasks.add, [1, 2], { callback: 5 as never })).toThrow('callback must be a function');
      expect(() => pool.applyAsync(tasks.add, [1, 2], { errorCallback: 5 as never })).toThrow('errorCallback must be');
      expect(() => pool.applyAsync(tasks.add, [1, 2], 5 as never)).toThrow('options must be an object, got 5');
    });
  });

  describe('AsyncResult', () => {
    it('is ready when the task has finished, and says how', async () => {
      const pool = kind.make(1);
      const [started, gate] = [new Event(), gateOfTest()];
      const result = pool.applyAsync(tasks.block, [started, gate, 'done']);
      expect(result.ready()).toBe(false);
      expect(() => result.successful()).toThrow(InvalidStateError);
      gate.set();
      expect(await result.wait()).toBe(true);
      expect([result.ready(), result.successful(), await result.get(), result.getSync()]).toEqual([
        true,
        true,
        'done',
        'done',
      ]);
      const failing = pool.applyAsync(tasks.fail, ['x']);
      expect(await failing.wait()).toBe(true);
      expect([failing.ready(), failing.successful()]).toEqual([true, false]);
      await expect(failing.get()).rejects.toThrow('x');
      expect(() => failing.getSync()).toThrow('x');
    });

    it('gives up at its timeout, and the task goes on', async () => {
      const pool = kind.make(1);
      const gate = gateOfTest();
      const result = pool.applyAsync(tasks.block, [new Event(), gate, 'done']);
      await expect(result.get({ timeout: 0 })).rejects.toThrow(TimeoutError);
      await expect(result.get({ timeout: 5 })).rejects.toThrow(TimeoutError);
      expect(() => result.getSync({ timeout: 5 })).toThrow(TimeoutError);
      expect(await result.wait({ timeout: 5 })).toBe(false);
      expect(await result.wait({ timeout: 0 })).toBe(false);
      expect(result.waitSync({ timeout: 5 })).toBe(false);
      gate.set();
      expect(result.waitSync()).toBe(true);
      expect(await result.get({ timeout: 0 })).toBe('done');
    });

    it('can be waited for with a signal', async () => {
      const pool = kind.make(1);
      const gate = gateOfTest();
      const result = pool.applyAsync(tasks.block, [new Event(), gate, 'done']);
      const controller = new AbortController();
      const waits = [result.get({ signal: controller.signal }), result.wait({ signal: controller.signal })];
      const reason = new Error('enough');
      controller.abort(reason);
      for (const wait of waits) expect(await rejection(wait)).toBe(reason);
      gate.set();
      expect(await result.get()).toBe('done');
    });

    describe.each(['get', 'wait'] as const)('%s', (method) => {
      waitOptionsContract(
        (options) => kind.make(1).applyAsync(tasks.nothing)[method](options),
        (options) => kind.make(1).applyAsync(tasks.nothing)[`${method}Sync`](options),
      );
    });

    it('is of a task that cannot travel', async () => {
      const pool = kind.make(1);
      const nowhere = new WeakMap();
      expect(() => pool.applyAsync(() => nowhere)).toThrow(FunctionNotShippableError);
      const results = [pool.applyAsync(tasks.identity, [Symbol('x')]), pool.applyAsync(tasks.returnSymbol)];
      for (const result of results) await expect(result.get()).rejects.toThrow(NotSerializableError);
      expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
    });
  });

  describe('callbacks', () => {
    it('are called once, here, before get returns, with the result or the error', async () => {
      const pool = kind.make(1);
      const calls: unknown[] = [];
      const callback = (value: unknown): void => void calls.push(value);
      const errorCallback = (error: unknown): void => void calls.push((error as Error).message);
      const results = [
        pool.applyAsync(tasks.add, [1, 2], { callback, errorCallback }),
        pool.applyAsync(tasks.fail, ['x'], { callback, errorCallback }),
      ] as const;
      expect(calls).toEqual([]);
      await results[0].get();
      expect(calls[0]).toBe(3);
      await rejection(results[1].get());
      expect(calls).toEqual([3, 'x']);
    });

    it('are called before getSync returns', () => {
      const pool = kind.make(1);
      let called: unknown;
      pool
        .applyAsync(tasks.add, [1, 2], {
          callback: (sum) => {
            called = sum;
          },
        })
        .getSync();
      expect(called).toBe(3);
    });

    it('of mapAsync are called with the whole list', async () => {
      const pool = kind.make(2);
      const calls: unknown[] = [];
      const callback = (values: number[]): void => void calls.push(values);
      expect(await pool.mapAsync(tasks.square, range(10), { callback, chunkSize: 3 }).get()).toEqual(squares(10));
      expect(calls).toEqual([squares(10)]);
    });

    it('that throw are reported, and hold nothing up', async () => {
      const errors: unknown[] = [];
      setExcepthook(({ error }) => errors.push(error));
      onTestFinished(() => setExcepthook(undefined));
      const pool = kind.make(1);
      const fault = (): never => {
        throw new Error('in a callback');
      };
      expect(await pool.applyAsync(tasks.add, [1, 2], { callback: fault }).get()).toBe(3);
      await expect(pool.applyAsync(tasks.fail, ['x'], { errorCallback: fault }).get()).rejects.toThrow('x');
      expect(errors).toEqual([new Error('in a callback'), new Error('in a callback')]);
      expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
    });
  });

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
      const counter = new Value('i');
      const work = ([x, count]: [number, Value]): number => {
        count.add(1);
        if (x === 1 || x === 3) throw new RangeError(`no ${x}`);
        return x;
      };
      const items = range(6).map((x): [number, Value] => [x, counter]);
      await expect(pool.map(work, items, { chunkSize: 1 })).rejects.toThrow('no 1');
      expect(counter.value).toBe(6);
      expect(() => pool.mapSync(work, items, { chunkSize: 2 })).toThrow('no 1');
      const errors: unknown[] = [];
      const result = pool.mapAsync(work, items, { errorCallback: (error) => errors.push(error) });
      const error = await rejection(result.get());
      expect(errors).toEqual([error]);
      expect((error as Error).stack).toContain('pool.ts');
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
      const counter = new Value('i');
      const results = pool[method](
        tasks.count,
        range(300).map(() => counter),
      );
      pool.close();
      await pool.join();
      expect(counter.value).toBe(300);
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

  describe('close', () => {
    it('refuses tasks, and lets those that are there finish', async () => {
      const pool = kind.make(1);
      const results = range(5).map((x) => pool.applyAsync(tasks.square, [x]));
      pool.close();
      pool.close();
      await expect(pool.apply(tasks.nothing)).rejects.toThrow(PoolStateError);
      await expect(pool.map(tasks.square, [])).rejects.toThrow('the pool takes no more tasks: it is closed');
      await expect(pool.starmap(tasks.add, [])).rejects.toThrow(PoolStateError);
      expect(() => pool.applySync(tasks.nothing)).toThrow(PoolStateError);
      expect(() => pool.applyAsync(tasks.nothing)).toThrow(PoolStateError);
      expect(() => pool.mapAsync(tasks.square, [])).toThrow(PoolStateError);
      expect(() => pool.imap(tasks.square, [])).toThrow(PoolStateError);
      await pool.join();
      expect(results.map((result) => result.getSync())).toEqual(squares(5));
    });
  });

  describe('join', () => {
    it('is for a pool that is closed or terminated', async () => {
      const pool = kind.make(1);
      await expect(pool.join()).rejects.toThrow(PoolStateError);
      pool.close();
      await pool.join();
      await pool.join();
    });
  });

  describe('terminate', () => {
    it('cancels what has not finished, and ends the workers now', async () => {
      const pool = kind.make(1);
      const started = new Event();
      const results = [
        pool.applyAsync(tasks.hang, [started]),
        pool.applyAsync(tasks.add, [1, 2]),
        pool.mapAsync(tasks.square, range(10)),
      ] as const;
      await started.wait();
      pool.terminate();
      pool.terminate();
      for (const result of results) await expect(result.get()).rejects.toThrow(CancelledError);
      await pool.join();
      expect(() => pool.applyAsync(tasks.nothing)).toThrow('it is terminated');
    });

    it('ends imap', async () => {
      const pool = kind.make(1);
      const started = new Event();
      const results = pool.imap(tasks.hang, [started, new Event()]);
      await started.wait();
      pool.terminate();
      await expect(results.next()).rejects.toThrow(CancelledError);
      await pool.join();
    });

    it('happens after close, and at the end of an await using block', async () => {
      const started = new Event();
      let result: { get(): Promise<unknown> };
      {
        await using pool = kind.make(1);
        result = pool.applyAsync(tasks.hang, [started]);
        await started.wait();
        pool.close();
      }
      await expect(result.get()).rejects.toThrow(CancelledError);
    });
  });

  describe('workers', () => {
    it('are as many as asked for, and share the tasks', async () => {
      const pool = kind.make(3);
      const [started, gate] = [new Semaphore(0), gateOfTest()];
      const results = range(3).map(() => pool.applyAsync(tasks.blockAndSayWorker, [started, gate]));
      for (let i = 0; i < 3; i++) await started.acquire();
      gate.set();
      expect(new Set(results.map((result) => result.getSync())).size).toBe(3);
    });

    it('are initialised', async () => {
      const counter = new Value('i');
      const pool = kind.make({ processes: 1, initializer: tasks.initialize, initArgs: [counter, 'yes'] });
      expect(await pool.apply(tasks.howInitialized)).toBe('yes');
      expect(counter.value).toBe(1);
    });

    it('whose initializer fails break the pool', async () => {
      const pool = kind.make({ processes: 1, initializer: tasks.failToInitialize });
      await expect(pool.apply(tasks.nothing)).rejects.toThrow(BrokenExecutorError);
      function* endless(): Generator<number> {
        for (;;) yield 1;
      }
      const results = pool.imap(tasks.square, endless());
      await expect(results.next()).rejects.toThrow(BrokenExecutorError);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    });

    it('are replaced after maxTasksPerChild tasks', async () => {
      const pool = kind.make({ processes: 1, maxTasksPerChild: 2 });
      const names: string[] = [];
      for (let i = 0; i < 4; i++) names.push(await pool.apply(tasks.workerName));
      expect(names[0]).toBe(names[1]);
      expect(names[2]).toBe(names[3]);
      expect(names[1]).not.toBe(names[2]);
    });

    it('that die fail their task, and are replaced', async () => {
      const pool = kind.make(1);
      await expect(pool.apply(tasks.exit, [1])).rejects.toThrow(WorkerLostError);
      expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
    });
  });

  it('checks its options', () => {
    const make = (options: unknown) => () => kind.make(options as never);
    expect(make(0)).toThrow(new RangeError('processes must be at least 1, got 0'));
    expect(make({ processes: -1 })).toThrow(RangeError);
    expect(make({ processes: '2' })).toThrow(TypeError);
    expect(make({ maxTasksPerChild: 0 })).toThrow(new RangeError('maxTasksPerChild must be at least 1, got 0'));
    expect(make({ maxTasksPerChild: 1.5 })).toThrow(RangeError);
    expect(make({ initializer: 5 })).toThrow(new TypeError('initializer must be a function, got 5'));
    expect(make({ initArgs: 'x' })).toThrow(new TypeError("initArgs must be an array, got 'x'"));
    expect(make('2')).toThrow("options must be an object, got '2'");
  });

  it('settles what waits when several kinds of calls are mixed', async () => {
    const pool = kind.make(2);
    const order: string[] = [];
    const all = [
      pool.apply(tasks.add, [1, 2]).then(() => order.push('apply')),
      pool.map(tasks.square, range(5)).then(() => order.push('map')),
      collect(pool.imap(tasks.square, range(5))).then(() => order.push('imap')),
    ];
    await Promise.all(all);
    await turn();
    await until(() => order.length === 3);
  });
}
