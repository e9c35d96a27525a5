/** The contract of Executor: its workers, its limits, and its end. */
import {
  BrokenExecutorError,
  Event,
  PoolStateError,
  Queue,
  QueueFullError,
  Thread,
  TimeoutError,
  WorkerLostError,
} from 'heddle';
import type { Executor, Future } from 'heddle/futures';
import { describe, expect, it } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection, until } from '../reach.js';
import { gateOfTest, occupy } from './gates.js';

export function executorWorkersContract(kind: ExecutorKind): void {
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

    it('because a task there does not stop takes those beside it along, and says so', async () => {
      const executor = kind.make({ maxWorkers: 1, concurrency: 2, grace: 20 });
      const [started, gate] = [new Event(), gateOfTest()];
      const beside = executor.submit(tasks.linger, started, gate, 'done');
      await started.wait();
      const endless = executor.options({ timeout: 20 }).submit(tasks.hang, new Event());
      expect(await endless.exception()).toBeInstanceOf(TimeoutError);
      const error = (await beside.exception()) as Error;
      expect(error).toBeInstanceOf(WorkerLostError);
      expect(error.message).toBe(
        "the worker that ran the task 'linger' has ended because another task there did not stop within its grace",
      );
      expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
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
      const counter = new Queue<number>();
      const executor = kind.make({ maxWorkers: 2, initializer: tasks.initialize, initArgs: [counter, 'yes'] });
      const { gate } = await occupy(executor, 2);
      gate.set();
      for (let i = 0; i < 10; i++) expect(await executor.submit(tasks.howInitialized)).toBe('yes');
      expect(counter.qsize()).toBe(2);
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

    it('that ends the worker breaks the executor, as a thread that blocks is told, too', async () => {
      const options = { maxWorkers: 1, initializer: tasks.exit, initArgs: [3] };
      const error = await rejection(Promise.resolve(kind.make(options).submit(tasks.nothing)));
      expect(error).toBeInstanceOf(BrokenExecutorError);
      expect((error as Error).message).toMatch(/could not be set up \(it ended with exit code 3\)/);
      expect(() => kind.make(options).submit(tasks.nothing).resultSync()).toThrow(BrokenExecutorError);
    });
  });

  describe('the thread that made it', () => {
    it.each(['awaits', 'blocks'])('takes it along when it ends, as another that %s is told', async (how) => {
      const [executors, end, started] = [new Queue<Executor>(), new Event(), new Event()];
      const owner = new Thread({ target: tasks.lendExecutor, args: [kind.name, executors, end], fresh: true });
      await owner.start();
      const executor = await executors.get();
      const running = executor.submit(tasks.hang, started);
      const queued = executor.submit(tasks.nothing);
      await started.wait();
      end.set();
      for (const future of [running, queued, executor.submit(tasks.nothing)]) {
        if (how === 'blocks') expect(() => future.resultSync()).toThrow(BrokenExecutorError);
        else await expect(Promise.resolve(future)).rejects.toThrow(BrokenExecutorError);
      }
      await owner.join();
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
}
