/** The contract of Executor, but for `map`. Python: `concurrent.futures.Executor` and its subclasses. */
import {
  BrokenExecutorError,
  CancelledError,
  Event,
  FunctionNotShippableError,
  Lock,
  NotSerializableError,
  PoolStateError,
  Queue,
  QueueFullError,
  Semaphore,
  TimeoutError,
  Value,
  WorkerLostError,
} from 'heddle';
import type { Executor, Future } from 'heddle/futures';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, until } from '../reach.js';

/** Occupies every worker of an executor until the gate opens. */
async function occupy(executor: Executor, workers: number): Promise<{ gate: Event; names: Future<string>[] }> {
  const [started, gate] = [new Semaphore(0), new Event()];
  onTestFinished(() => gate.set());
  const names = Array.from({ length: workers }, () => executor.submit(tasks.blockAndSayWorker, started, gate));
  for (let i = 0; i < workers; i++) await started.acquire();
  return { gate, names };
}

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

    it('hands shared objects over as they are', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [counter, lock, queue] = [new Value('i', 1), new Lock(), new Queue<number>()];
      await executor.submit(tasks.count, counter);
      await executor.submit(tasks.push, queue, 5);
      expect([counter.value, queue.getNowait()]).toEqual([2, 5]);
      expect(await executor.submit(tasks.identity, lock)).toBe(lock);
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

    it('works within a task of the same executor, which has one worker', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      expect(await executor.submit(tasks.fibonacci, executor, 10)).toBe(55);
    });

    it('works within a task of another executor', async () => {
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
      const counter = new Value('i');
      const future = executor.options({ queueTimeout: 10 }).submit(tasks.count, counter);
      await expect(future).rejects.toThrow(TimeoutError);
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.value).toBe(0);
    });

    it('signal: cancels what is queued, rejecting with its reason', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const [controller, counter] = [new AbortController(), new Value('i')];
      const future = executor.options({ signal: controller.signal }).submit(tasks.count, counter);
      const reason = new Error('no longer wanted');
      controller.abort(reason);
      expect(await rejection(future.result())).toBe(reason);
      expect(future.cancelled()).toBe(true);
      gate.set();
      await executor.submit(tasks.nothing);
      expect(counter.value).toBe(0);
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

  describe('a worker that dies', () => {
    it.each([
      ['process.exit', (executor: Executor) => executor.submit(tasks.exit, 3), /3/],
      [
        'an uncaught error',
        (executor: Executor) => executor.submit(tasks.throwLater, new Event()),
        /from a timer|Refusal/,
      ],
    ])('of %s fails the task that it ran, saying why, and no other', async (_name, submit, why) => {
      const executor = kind.make({ maxWorkers: 1 });
      const lost = submit(executor);
      const others = [1, 2, 3].map((x) => executor.submit(tasks.square, x));
      const error = (await rejection(Promise.resolve(lost))) as Error;
      expect(error).toBeInstanceOf(WorkerLostError);
      expect(`${error.message} ${String(error.cause)}`).toMatch(why);
      expect(await Promise.all(others)).toEqual([1, 4, 9]);
    });

    it('is replaced while a thread waits for it, blocked', () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [lost, next] = [executor.submit(tasks.exit, 1), executor.submit(tasks.add, 1, 2)];
      expect(() => lost.resultSync()).toThrow(WorkerLostError);
      expect(next.resultSync()).toBe(3);
    });
  });

  describe('initializer', () => {
    it('runs once in each worker, before its first task', async () => {
      const counter = new Value('i');
      const executor = kind.make({ maxWorkers: 2, initializer: tasks.initialize, initArgs: [counter, 'yes'] });
      const { gate } = await occupy(executor, 2);
      gate.set();
      for (let i = 0; i < 10; i++) expect(await executor.submit(tasks.howInitialized)).toBe('yes');
      expect(counter.value).toBe(2);
    });

    it('that fails breaks the executor', async () => {
      const executor = kind.make({ maxWorkers: 1, initializer: tasks.failToInitialize });
      const futures = [executor.submit(tasks.nothing), executor.submit(tasks.nothing)];
      for (const future of futures) {
        const error = (await future.exception()) as Error;
        expect(error).toBeInstanceOf(BrokenExecutorError);
        expect(error.cause).toEqual(new RangeError('not today'));
      }
      await expect(executor.submit(tasks.nothing).result()).rejects.toThrow(BrokenExecutorError);
      await executor.shutdown();
    });
  });

  describe('limits', () => {
    it('maxQueue refuses by the future, until there is room', async () => {
      const executor = kind.make({ maxWorkers: 1, maxQueue: 2 });
      const { gate } = await occupy(executor, 1);
      const queued = [executor.submit(tasks.add, 1, 1), executor.submit(tasks.add, 2, 2)];
      await expect(executor.submit(tasks.nothing)).rejects.toThrow(QueueFullError);
      queued[0]?.cancel();
      const third = executor.submit(tasks.add, 3, 3);
      gate.set();
      expect(await Promise.all([queued[1], third])).toEqual([4, 6]);
    });

    it('map keeps to maxQueue', async () => {
      const executor = kind.make({ maxWorkers: 1, maxQueue: 2 });
      const numbers = Array.from({ length: 100 }, (_, i) => i);
      expect(await executor.map(tasks.square, numbers, { chunkSize: 1 }).toArray()).toEqual(numbers.map((x) => x * x));
    });

    it('maxTasksPerChild replaces workers', async () => {
      const executor = kind.make({ maxWorkers: 1, maxTasksPerChild: 2, namePrefix: 'w' });
      const names: string[] = [];
      for (let i = 0; i < 6; i++) names.push(await executor.submit(tasks.workerName));
      expect(names).toEqual(['w_0', 'w_0', 'w_1', 'w_1', 'w_2', 'w_2']);
    });

    it('minWorkers are there from the start', async () => {
      const executor = kind.make({ maxWorkers: 3, minWorkers: 2 });
      expect(executor.stats.workers).toBe(2);
    });

    it('idleTimeout ends workers down to minWorkers', async () => {
      const executor = kind.make({ maxWorkers: 2, minWorkers: 1, idleTimeout: 10 });
      const { gate, names } = await occupy(executor, 2);
      gate.set();
      await Promise.all(names);
      await until(() => executor.stats.workers === 1);
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    });

    it('are checked', () => {
      const make = (options: unknown) => () => kind.make(options as never);
      expect(make({ maxWorkers: 0 })).toThrow(new RangeError('maxWorkers must be at least 1, got 0'));
      expect(make({ maxWorkers: '2' })).toThrow(TypeError);
      expect(make({ maxWorkers: 1, minWorkers: 2 })).toThrow(RangeError);
      expect(make({ idleTimeout: -1 })).toThrow(/^idleTimeout/);
      expect(make({ maxQueue: -1 })).toThrow(RangeError);
      expect(make({ maxTasksPerChild: 0 })).toThrow(new RangeError('maxTasksPerChild must be at least 1, got 0'));
      expect(make({ initializer: 5 })).toThrow('initializer must be a function, got 5');
      expect(make({ initArgs: 5 })).toThrow('initArgs must be an array, got 5');
      expect(make({ namePrefix: 5 })).toThrow('namePrefix must be a string, got 5');
      expect(make({ concurrency: 0 })).toThrow(RangeError);
      expect(make({ grace: -1 })).toThrow(RangeError);
      expect(make(5)).toThrow('options must be an object, got 5');
    });
  });

  describe('broadcast', () => {
    it('runs once on every worker, and resolves with all results', async () => {
      const executor = kind.make({ maxWorkers: 3, namePrefix: 'w' });
      expect((await executor.broadcast(tasks.workerName)).sort()).toEqual(['w_0', 'w_1', 'w_2']);
      const counter = new Value('i');
      await executor.broadcast(tasks.count, counter);
      expect(counter.value).toBe(3);
    });

    it('rejects with the failure of a worker', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      await expect(executor.broadcast(tasks.fail, 'no')).rejects.toThrow('no');
      await expect(executor.broadcast(5 as never)).rejects.toThrow('fn must be a function, got 5');
    });
  });

  describe('shutdown', () => {
    it('finishes what was submitted, and refuses what comes after', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const futures = [1, 2, 3].map((x) => executor.submit(tasks.square, x));
      await executor.shutdown();
      expect(futures.map((future) => future.done())).toEqual([true, true, true]);
      expect(await Promise.all(futures)).toEqual([1, 4, 9]);
      expect(() => executor.submit(tasks.nothing)).toThrow(PoolStateError);
      expect(() => executor.options({}).submit(tasks.nothing)).toThrow(PoolStateError);
      await expect(executor.broadcast(tasks.nothing)).rejects.toThrow(PoolStateError);
      expect(executor.stats.workers).toBe(0);
    });

    it('can be called again, and before anything was submitted', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      await executor.shutdown();
      await executor.shutdown({ wait: true });
      await executor.shutdown({ wait: false, cancelFutures: true });
    });

    it('without wait returns at once; what was submitted finishes', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate, names } = await occupy(executor, 1);
      const queued = executor.submit(tasks.add, 1, 2);
      await executor.shutdown({ wait: false });
      expect(queued.done()).toBe(false);
      expect(() => executor.submit(tasks.nothing)).toThrow(PoolStateError);
      gate.set();
      expect(await queued).toBe(3);
      expect(await names[0]).toBeTypeOf('string');
    });

    it('with cancelFutures cancels what has not begun', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate, names } = await occupy(executor, 1);
      const queued = [executor.submit(tasks.nothing), executor.submit(tasks.nothing)];
      const down = executor.shutdown({ cancelFutures: true });
      expect(queued.map((future) => future.cancelled())).toEqual([true, true]);
      expect(names[0]?.done()).toBe(false);
      gate.set();
      await down;
      expect(await names[0]).toBeTypeOf('string');
    });

    it('can be told later to cancel', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const queued = executor.submit(tasks.nothing);
      void executor.shutdown({ wait: false });
      await executor.shutdown({ wait: false, cancelFutures: true });
      expect(queued.cancelled()).toBe(true);
      gate.set();
      await executor.shutdown();
    });

    it('happens at the end of an await using block', async () => {
      let future: Future<number>;
      {
        await using executor = kind.make({ maxWorkers: 1 });
        future = executor.submit(tasks.square, 4);
      }
      expect(future.done()).toBe(true);
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
  });
}
