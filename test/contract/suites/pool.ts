/** The contract of pools, but for `map` and its kin. Python: `multiprocessing.pool`. */
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
  WorkerLostError,
} from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PoolKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, turn, until } from '../reach.js';
import { gateOfTest } from './gates.js';
import { collect, range, squares } from './items.js';
import { waitOptionsContract } from './options.js';

type P = ReturnType<PoolKind['make']>;

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

    it.each([
      ['apply', (pool: P) => pool.apply(tasks.fail, ['x'])],
      ['applySync', (pool: P) => new Promise((resolve) => resolve(pool.applySync(tasks.fail, ['x'])))],
      ['applyAsync', (pool: P) => pool.applyAsync(tasks.fail, ['x']).get()],
      ['map', (pool: P) => pool.map(tasks.failOnThree, [3])],
      ['imap', (pool: P) => pool.imap(tasks.failOnThree, [3]).next()],
    ])('and its kin say in the error where they were called: %s', async (_name, call) => {
      const pool = kind.make(1);
      function theCaller(): Promise<unknown> {
        return call(pool);
      }
      const { stack } = (await rejection(theCaller())) as Error;
      expect(stack).toMatch(/--- submitted ---\n[\s\S]*theCaller/);
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

  describe.runIf(kind.shares)('a pool that has travelled', () => {
    it('can be used by its own tasks, also when it has one worker', async () => {
      const pool = kind.make(1);
      expect(await pool.apply(tasks.useOwnPool, [pool])).toEqual([3, 1, 4, 9]);
      expect(pool.applySync(tasks.useOwnPool, [pool])).toEqual([3, 1, 4, 9]);
      expect(await pool.apply(tasks.awaitOwnPool, [pool])).toEqual([3, 1, 4, 9]);
      const captured = () => tasks.useOwnPool(pool);
      expect(await pool.apply(captured)).toEqual([3, 1, 4, 9]);
    });

    it('arrives as one pool, which only its maker can end', async () => {
      const pool = kind.make(1);
      const why = 'only the thread that made the pool can';
      expect(await pool.apply(tasks.endPool, [pool, [pool]])).toEqual([
        true,
        `${why} close it`,
        `${why} terminate it`,
        `${why} join it`,
      ]);
      expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
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
      const counter = new Queue<number>();
      const pool = kind.make({ processes: 1, initializer: tasks.initialize, initArgs: [counter, 'yes'] });
      expect(await pool.apply(tasks.howInitialized)).toBe('yes');
      expect(counter.qsize()).toBe(1);
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
