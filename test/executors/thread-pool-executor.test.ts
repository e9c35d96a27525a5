/** What is particular to threads as workers: their lives, and what becomes of tasks when they end. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import {
  BrokenExecutorError,
  CancelledError,
  Event,
  NotSerializableError,
  PoolStateError,
  Queue,
  QueueFullError,
  Semaphore,
  ThreadPoolExecutor,
  type ThreadPoolExecutorOptions,
  TimeoutError,
  Value,
  WorkerLostError,
} from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../threads/program.js';
import * as tasks from './fixtures/tasks.mjs';

function make(options?: ThreadPoolExecutorOptions): ThreadPoolExecutor {
  const executor = new ThreadPoolExecutor(options);
  onTestFinished(() => executor.shutdown({ cancelFutures: true }));
  return executor;
}

/** The error that a promise is rejected with. */
async function failure(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('it did not fail');
}

describe('a ThreadPoolExecutor', () => {
  it('runs functions with arguments and results of every size', async () => {
    const executor = make({ maxWorkers: 2 });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    const values = [
      undefined,
      null,
      true,
      -0,
      1.5,
      'text',
      'ä'.repeat(32),
      'Ω',
      'x'.repeat(100_000),
      '\ud800',
      10n ** 30n,
      new Uint8Array(0),
      new Uint8Array([1, 2, 3]),
      Buffer.from('bytes'),
      new Float64Array(10_000).fill(0.5),
      { a: [1, { b: 'c' }] },
      new Map([[1, 2]]),
      new Date(5),
      [],
      [undefined],
      { long: 'y'.repeat(40) },
    ];
    for (const value of values) expect(await executor.submit(tasks.same, value)).toEqual(value);
    expect(Object.is(await executor.submit(tasks.same, -0), -0)).toBe(true);
  });

  it('hands shared objects over as themselves', async () => {
    const executor = make({ maxWorkers: 1 });
    const queue = new Queue<number>();
    await executor.submit(tasks.order, queue, 7);
    expect(queue.getNowait()).toBe(7);
    expect(await executor.submit(tasks.same, queue)).toBe(queue);
    expect((await executor.submit(tasks.same, { deep: [queue] })).deep[0]).toBe(queue);
  });

  it('starts workers as tasks need them, and no more than maxWorkers', async () => {
    const executor = make({ maxWorkers: 2 });
    expect(executor.stats.workers).toBe(0);
    await executor.submit(tasks.nothing);
    expect(executor.stats.workers).toBe(1);
    const go = new Event();
    const futures = Array.from({ length: 6 }, () => executor.submit(tasks.awaits, go));
    expect(executor.stats.workers).toBe(2);
    go.set();
    await Promise.all(futures);
  });

  it('names its workers', async () => {
    const executor = make({ maxWorkers: 1, namePrefix: 'crunch' });
    expect(await executor.submit(tasks.threadName)).toBe('crunch_0');
  });

  it('keeps minWorkers ready, and lets others go when they are idle', async () => {
    const executor = make({ maxWorkers: 3, minWorkers: 1, idleTimeout: 20 });
    expect(executor.stats.workers).toBe(1);
    const started = new Semaphore(0);
    const go = new Event();
    const futures = Array.from({ length: 3 }, () => executor.submit(tasks.held, started, go));
    for (let i = 0; i < 3; i++) await started.acquire();
    expect(executor.stats.workers).toBe(3);
    go.set();
    await Promise.all(futures);
    await expect.poll(() => executor.stats.workers, { timeout: 20_000 }).toBe(1);
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
  });

  it('replaces a worker after maxTasksPerChild tasks', async () => {
    const executor = make({ maxWorkers: 1, maxTasksPerChild: 3 });
    const counts = await Promise.all(Array.from({ length: 8 }, () => executor.submit(tasks.countRuns)));
    expect(counts).toEqual([1, 2, 3, 1, 2, 3, 1, 2]);
  });

  it('runs the initializer in each worker before its first task', async () => {
    const executor = make({ maxWorkers: 2, initializer: tasks.setUp, initArgs: ['ready'] });
    expect(await executor.broadcast(tasks.whatIsSet)).toEqual(['ready', 'ready']);
  });

  it('is broken by an initializer that fails', async () => {
    const executor = make({ maxWorkers: 1, initializer: tasks.failToSetUp, initArgs: ['no set-up'] });
    const first = executor.submit(tasks.nothing);
    const second = executor.submit(tasks.nothing);
    const error = await failure(first);
    expect(error).toBeInstanceOf(BrokenExecutorError);
    expect(error.message).toContain('no set-up');
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(await failure(second)).toBeInstanceOf(BrokenExecutorError);
    expect(await failure(executor.submit(tasks.nothing))).toBeInstanceOf(BrokenExecutorError);
    await executor.shutdown();
  });

  it('says so to a thread that blocks, too', () => {
    const executor = make({ maxWorkers: 1, initializer: tasks.failToSetUp, initArgs: ['no set-up'] });
    expect(() => executor.submit(tasks.nothing).resultSync()).toThrow(BrokenExecutorError);
  });

  it('refuses what is beyond maxQueue', async () => {
    const executor = make({ maxWorkers: 1, maxQueue: 2 });
    const started = new Semaphore(0);
    const go = new Event();
    const running = executor.submit(tasks.held, started, go);
    await started.acquire();
    const queued = [executor.submit(tasks.add, 1, 1), executor.submit(tasks.add, 2, 2)];
    expect(await failure(executor.submit(tasks.nothing))).toBeInstanceOf(QueueFullError);
    go.set();
    expect(await Promise.all([running, ...queued])).toEqual(['let go', 2, 4]);
    expect(await executor.submit(tasks.add, 3, 3)).toBe(6);
  });

  it('runs tasks of lower priority number first, and those of the same in order', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const queue = new Queue<number>();
    const all: PromiseLike<unknown>[] = [executor.submit(tasks.held, started, go)];
    await started.acquire();
    all.push(executor.submit(tasks.order, queue, 3));
    all.push(executor.submit(tasks.order, queue, 4));
    all.push(executor.options({ priority: 5 }).submit(tasks.order, queue, 6));
    all.push(executor.options({ priority: -1 }).submit(tasks.order, queue, 1));
    all.push(executor.submit(tasks.order, queue, 5));
    all.push(executor.options({ priority: -1 }).submit(tasks.order, queue, 2));
    go.set();
    await Promise.all(all);
    expect(await queue.getMany(10)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('runs timers and promises of a task that awaits', async () => {
    const executor = make({ maxWorkers: 1 });
    expect(await executor.submit(tasks.ticks)).toBeGreaterThanOrEqual(3);
  });

  it('runs one task at a time, and others beside one that awaits only with concurrency', async () => {
    for (const concurrency of [1, 3]) {
      const executor = make({ maxWorkers: 1, concurrency });
      const started = new Semaphore(0);
      const go = new Event();
      const futures = Array.from({ length: 5 }, () => executor.submit(tasks.held, started, go));
      for (let i = 0; i < concurrency; i++) await started.acquire();
      expect(executor.stats.running).toBe(concurrency);
      expect(executor.stats.queued).toBe(5 - concurrency);
      go.set();
      await Promise.all(futures);
    }
  });

  it('refuses bad options', () => {
    expect(() => new ThreadPoolExecutor({ maxWorkers: 0 })).toThrow(RangeError);
    expect(() => new ThreadPoolExecutor({ maxWorkers: 1, minWorkers: 2 })).toThrow(RangeError);
    expect(() => new ThreadPoolExecutor({ maxTasksPerChild: 0 })).toThrow('maxTasksPerChild');
    expect(() => new ThreadPoolExecutor({ initializer: 5 as never })).toThrow(TypeError);
    expect(() => new ThreadPoolExecutor(5 as never)).toThrow(TypeError);
  });
});

describe('errors of tasks', () => {
  it('arrive with class, message, own properties, cause, remote stack and the place of submission', async () => {
    const executor = make({ maxWorkers: 1 });
    const error = await failure(executor.submit(tasks.fail));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('no luck');
    expect(error['detail']).toEqual({ n: 5 });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.stack).toMatch(/fixtures\/tasks\.mjs/);
    expect(error.stack).toMatch(/submitted[\s\S]*thread-pool-executor\.test\.ts/);
  });

  it('arrive with the parts of an AggregateError', async () => {
    const executor = make({ maxWorkers: 1 });
    const error = (await failure(executor.submit(tasks.failWithMany))) as unknown as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors.map((part) => part.constructor)).toEqual([RangeError, TypeError]);
  });

  it('say that a result cannot travel', async () => {
    const executor = make({ maxWorkers: 1 });
    expect(await failure(executor.submit(tasks.returnFunctionHolder))).toBeInstanceOf(NotSerializableError);
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
  });

  it('leave the executor as it was when an argument cannot travel', async () => {
    const executor = make({ maxWorkers: 1 });
    expect(() => executor.submit(tasks.same, Symbol('no'))).toThrow(NotSerializableError);
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
    expect(executor.stats.queued).toBe(0);
  });
});

describe('cancelling', () => {
  it('takes back a task that has not begun, and no other', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const running = executor.submit(tasks.held, started, go);
    await started.acquire();
    const queued = [1, 2, 3].map((n) => executor.submit(tasks.same, n));
    expect(queued[1]?.cancel()).toBe(true);
    expect(queued[1]?.cancelled()).toBe(true);
    go.set();
    expect(await running).toBe('let go');
    expect(await queued[0]).toBe(1);
    expect(await queued[2]).toBe(3);
    expect(await failure(queued[1] as never)).toBeInstanceOf(CancelledError);
  });

  it.each([tasks.untilAborted, tasks.untilAbortedSync as unknown as typeof tasks.untilAborted])(
    'aborts the signal of a running task: $name',
    async (task) => {
      const executor = make({ maxWorkers: 1 });
      const started = new Semaphore(0);
      const future = executor.submit(task, started);
      await started.acquire();
      expect(future.running()).toBe(true);
      expect(future.cancel()).toBe(false);
      expect(await future).toBe('CancelledError');
      expect(await executor.submit(tasks.threadName)).toMatch(/_0$/);
    },
  );

  it.each([tasks.forEver, tasks.awaitsForEver])('ends the worker of a task that does not stop: $name', async (task) => {
    const executor = make({ maxWorkers: 1, grace: 30 });
    const started = new Semaphore(0);
    const future = executor.submit(task, started);
    const others = [1, 2, 3].map((n) => executor.submit(tasks.same, n));
    await started.acquire();
    expect(future.cancel()).toBe(false);
    expect(await failure(future)).toBeInstanceOf(CancelledError);
    expect(future.cancelled()).toBe(true);
    expect(await Promise.all(others)).toEqual([1, 2, 3]);
    expect(executor.stats.workers).toBe(1);
  });

  it('lets the other tasks of the worker finish before that ends, and runs none twice', async () => {
    const executor = make({ maxWorkers: 1, concurrency: 3, grace: 10 });
    const started = new Semaphore(0);
    const runs = { stuck: new Value('i'), other: new Value('i'), later: new Value('i') };
    const go = new Event();
    const stuck = executor.submit(tasks.awaitsForEver, started, runs.stuck);
    const other = executor.submit(tasks.held, started, go, runs.other);
    await started.acquire();
    await started.acquire();
    stuck.cancel();
    // Served by the worker that takes the place.
    const later = await executor.submit(tasks.counted, runs.later);
    expect(later).toBe('later');
    expect(other.done()).toBe(false);
    go.set();
    expect(await other).toBe('let go');
    expect(await failure(stuck)).toBeInstanceOf(CancelledError);
    // What was queued a second time would have run when this has.
    await executor.shutdown();
    expect([runs.stuck.value, runs.other.value, runs.later.value]).toEqual([1, 1, 1]);
  });

  it('fails a task that runs longer than its timeout at once, and tells it to stop', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const future = executor.options({ timeout: 20 }).submit(tasks.untilAborted, started);
    expect(await failure(future)).toBeInstanceOf(TimeoutError);
    expect(await executor.submit(tasks.threadName)).toMatch(/_0$/);
    expect(await executor.options({ timeout: 10_000 }).submit(tasks.add, 1, 2)).toBe(3);
  });

  it('counts the timeout from the start of the task', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const first = executor.submit(tasks.held, started, go);
    const second = executor.options({ timeout: 50 }).submit(tasks.untilAborted, started);
    let late = false;
    second.addDoneCallback(() => {
      late = true;
    });
    await started.acquire();
    await tasks.slow(150, 0);
    expect(late).toBe(false);
    go.set();
    expect(await first).toBe('let go');
    expect(await failure(second)).toBeInstanceOf(TimeoutError);
  });

  it('fails a task that waits longer than its queueTimeout', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const first = executor.submit(tasks.held, started, go);
    await started.acquire();
    const second = executor.options({ queueTimeout: 10 }).submit(tasks.nothing);
    expect(await failure(second)).toBeInstanceOf(TimeoutError);
    go.set();
    expect(await first).toBe('let go');
    expect(await executor.options({ queueTimeout: 20_000 }).submit(tasks.add, 1, 1)).toBe(2);
  });

  it('heeds a signal, before, while queued and while running', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const reason = new RangeError('enough');
    expect(await failure(executor.options({ signal: AbortSignal.abort(reason) }).submit(tasks.nothing))).toBe(reason);
    const controller = new AbortController();
    const running = executor.options({ signal: controller.signal }).submit(tasks.untilAborted, started);
    // If the first ends before it is this one's turn to be taken back, it has begun.
    const queued = executor.options({ signal: controller.signal }).submit(tasks.untilAborted, new Semaphore(0));
    const ends = [failure(running), failure(queued)];
    await started.acquire();
    controller.abort(reason);
    expect(await Promise.all(ends)).toEqual([reason, reason]);
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
  });
});

describe('a worker that dies', () => {
  it.each([
    ['calls process.exit', () => [tasks.exit, 7], 'exit code 7'],
    ['has an uncaught error in a timer', () => [tasks.failInTimer], 'nobody catches this'],
  ] as const)('fails the task that it ran, and no other, when it %s', async (_what, task, why) => {
    const executor = make({ maxWorkers: 1 });
    const [fn, ...args] = task() as unknown as [() => unknown];
    const before = executor.submit(tasks.same, 'before');
    const lost = executor.submit(fn, ...(args as []));
    const after = [1, 2, 3].map((n) => executor.submit(tasks.same, n));
    const error = await failure(lost);
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error.message).toContain(why);
    expect(await before).toBe('before');
    expect(await Promise.all(after)).toEqual([1, 2, 3]);
  });

  it('says that it was out of memory', { timeout: 60_000 }, async () => {
    const executor = make({ maxWorkers: 1, resourceLimits: { maxOldGenerationSizeMb: 20 } });
    const error = await failure(executor.submit(tasks.fillMemory));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error.message).toContain('out of memory');
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
  });

  it('is noticed by a thread that blocks', () => {
    const executor = make({ maxWorkers: 1 });
    const lost = executor.submit(tasks.exit, 3);
    const after = executor.submit(tasks.same, 'after');
    expect(() => lost.resultSync()).toThrow(WorkerLostError);
    expect(after.resultSync()).toBe('after');
  });

  it('is noticed by a thread that blocks when it was terminated', async () => {
    const workers: Worker[] = [];
    const list = (worker: Worker): number => workers.push(worker);
    process.on('worker', list);
    onTestFinished(() => void process.off('worker', list));
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const [lost, next] = [executor.submit(tasks.forEver, started), executor.submit(tasks.add, 1, 2)];
    await started.acquire();
    void (workers.pop() as Worker).terminate();
    expect(() => lost.resultSync()).toThrow(WorkerLostError);
    expect(next.resultSync()).toBe(3);
  });

  it('without having got to work is given up by a thread that blocks', async () => {
    const { stdout, code } = await runProgram(`
      import { ThreadPoolExecutor } from 'heddle';
      import { patience } from '#dist/threads/lifeline.js';
      patience.ms = 1000;
      const executor = new ThreadPoolExecutor({ maxWorkers: 1, resourceLimits: { maxOldGenerationSizeMb: 4 } });
      try { executor.submit(() => {}).resultSync(); } catch (error) { console.log(error.message); }
    `);
    // By its lifeline or, where it came to hold none, after a while.
    expect(stdout).toMatch(/could not be set up \((it ended|its isolate gave no sign of life)/);
    expect(code).toBe(0);
  });
});

describe('blocking', () => {
  it('waits for results and timeouts', () => {
    const executor = make({ maxWorkers: 1, grace: 20 });
    expect(executor.submit(tasks.add, 1, 2).resultSync()).toBe(3);
    const started = new Semaphore(0);
    const go = new Event();
    const future = executor.submit(tasks.heldSync, started, go);
    expect(() => future.resultSync({ timeout: 5 })).toThrow(TimeoutError);
    go.set();
    expect(future.resultSync()).toBe('let go');
    const late = executor.options({ timeout: 20 }).submit(tasks.forEver, started);
    expect(() => late.resultSync()).toThrow(TimeoutError);
  });

  it('works in a worker of another executor', async () => {
    const outer = make({ maxWorkers: 1 });
    const inner = make({ maxWorkers: 1 });
    expect(await outer.submit(tasks.submitTo, inner, 41)).toBe(42);
    expect(await Promise.all(Array.from({ length: 20 }, (_, n) => outer.submit(tasks.submitTo, inner, n)))).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });

  it.each([1, 2])('works in a task of the same executor, with %i workers', async (maxWorkers) => {
    const executor = make({ maxWorkers });
    expect(await executor.submit(tasks.nestedSync, executor, 6)).toBe(64);
    expect(await executor.submit(tasks.nested, executor, 5)).toBe(32);
    expect(await executor.submit(tasks.waitForAsync, executor)).toBe('awaited');
  });
});

describe('a function that has always been quick', () => {
  it('may once take long: another worker does what comes after it', async () => {
    const executor = make({ maxWorkers: 2 });
    for (let round = 0; round < 3; round++) {
      const event = new Event();
      for (let i = 0; i < 1000; i++) await executor.submit(tasks.brisk, 'pass');
      const both = (['wait', 'set'] as const).map((what) => executor.submit(tasks.brisk, what, event));
      expect(await Promise.all(both)).toEqual(['wait', 'set']);
    }
  });

  it('may once take long while a thread is blocked for what comes after it', async () => {
    const executor = make({ maxWorkers: 2 });
    const event = new Event();
    for (let i = 0; i < 1000; i++) await executor.submit(tasks.brisk, 'pass');
    const waits = executor.submit(tasks.brisk, 'wait', event);
    expect(executor.submit(tasks.brisk, 'set', event).resultSync()).toBe('set');
    expect(await waits).toBe('wait');
  });
});

describe('a loop whose tasks run on all cores, with many more queued', () => {
  it('hears of those that have finished although nothing runs low', async () => {
    const maxWorkers = availableParallelism();
    const executor = make({ maxWorkers });
    const started = new Semaphore(0);
    const [first, rest] = [new Event(), new Event()];
    const submit = (count: number, event: Event) =>
      Array.from({ length: count }, () => executor.submit(tasks.heldSync, started, event));
    const futures = submit(maxWorkers, first);
    const others = submit(40 * maxWorkers, rest);
    for (let i = 0; i < maxWorkers; i++) await started.acquire();
    // Turns in which nothing happens: the loop goes to sleep.
    await new Promise((resolve) => setTimeout(resolve, 5));
    first.set();
    expect(await Promise.all(futures)).toEqual(futures.map(() => 'let go'));
    expect(others.some((future) => future.done())).toBe(false);
    rest.set();
    await Promise.all(others);
  });
});

describe('shutdown', () => {
  it('lets tasks finish, and takes no more', async () => {
    const executor = make({ maxWorkers: 1 });
    const futures = [1, 2, 3].map((n) => executor.submit(tasks.slow, 5, n));
    const done = executor.shutdown();
    expect(() => executor.submit(tasks.nothing)).toThrow(PoolStateError);
    await done;
    expect(futures.map((future) => future.done())).toEqual([true, true, true]);
    expect(await Promise.all(futures)).toEqual([1, 2, 3]);
    expect(executor.stats.workers).toBe(0);
    await executor.shutdown();
  });

  it('cancels what has not begun, if asked to', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const running = executor.submit(tasks.held, started, go);
    await started.acquire();
    const queued = executor.submit(tasks.nothing);
    const done = executor.shutdown({ cancelFutures: true });
    expect(queued.cancelled()).toBe(true);
    go.set();
    await done;
    expect(await running).toBe('let go');
  });

  it('ends the workers also when more was cancelled than there are entries, and nothing ran', async () => {
    const started = new Semaphore(0);
    const go = new Event();
    const executor = make({ maxWorkers: 1, initializer: tasks.held, initArgs: [started, go] });
    const futures = Array.from({ length: 66_000 }, () => executor.submit(tasks.nothing));
    await started.acquire();
    const done = executor.shutdown({ cancelFutures: true });
    expect(futures.every((future) => future.cancelled())).toBe(true);
    go.set();
    await done;
    expect(executor.stats.workers).toBe(0);
  });

  it('does not wait, if asked not to', async () => {
    const executor = make({ maxWorkers: 1 });
    const started = new Semaphore(0);
    const go = new Event();
    const running = executor.submit(tasks.held, started, go);
    await started.acquire();
    await executor.shutdown({ wait: false });
    expect(running.done()).toBe(false);
    go.set();
    expect(await running).toBe('let go');
    await executor.shutdown();
  });

  it('is what `await using` ends with', async () => {
    let future: PromiseLike<number>;
    {
      await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
      future = executor.submit(tasks.slow, 5, 5);
    }
    expect(await future).toBe(5);
  });

  it('of an executor that never worked is done at once', async () => {
    await new ThreadPoolExecutor().shutdown();
  });
});
