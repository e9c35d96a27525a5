/** What the types of executors and pools promise; checked by `npm run check:types`. */
import { type Executor, Future, type Pool, type ProcessPoolExecutor, ThreadPool, ThreadPoolExecutor } from 'heddle';
import { asCompleted, type Histogram, taskSignal, wait } from 'heddle/futures';
import { type AsyncResult, cpuCount, Lock, Queue, SharedArray, Value } from 'heddle/multiprocessing';
import { expect, expectTypeOf, it } from 'vitest';

const add = (a: number, b: number): number => a + b;

it('an executor knows the arguments and results of its tasks', async () => {
  const executor = new ThreadPoolExecutor({
    maxWorkers: 1,
    idleTimeout: 5,
    initializer: (x: number) => x,
    initArgs: [1],
  });
  expectTypeOf(executor).toExtend<Executor & AsyncDisposable>();
  expectTypeOf(executor.submit(add, 1, 2)).toEqualTypeOf<Future<number>>();
  expectTypeOf(executor.submit(async () => 'x')).toEqualTypeOf<Future<string>>();
  expectTypeOf(executor.options({ timeout: 30_000, priority: 1 }).submit(add, 1, 2)).resolves.toBeNumber();
  expectTypeOf(executor.map((x: string, i) => x.length + i, ['a']).toArray()).resolves.toEqualTypeOf<number[]>();
  expectTypeOf(executor.map(async (x: number) => [x], new Set([1]))).toExtend<AsyncIterable<number[]>>();
  expectTypeOf(executor.broadcast(add, 1, 2)).resolves.toEqualTypeOf<number[]>();
  expectTypeOf(executor.stats.runTime).toEqualTypeOf<Histogram>();
  // @ts-expect-error: an argument is missing
  executor.submit(add, 1).cancel();
  // @ts-expect-error: not what the function takes
  executor.submit(add, 1, '2').cancel();
  // @ts-expect-error: not an item of the function
  await executor.map((x: number) => x, ['a']).return();
  // @ts-expect-error: no such option
  expect(() => executor.options({ retries: 5 })).not.toThrow();
  await executor.shutdown({ wait: true, cancelFutures: false });
});

it('futures are awaited, and know how they end', async () => {
  const future = new Future<number>();
  future.setResult(5);
  expectTypeOf(future).toExtend<PromiseLike<number>>();
  expectTypeOf(await future).toBeNumber();
  expectTypeOf(future.result({ timeout: 30_000, signal: AbortSignal.timeout(30_000) })).resolves.toBeNumber();
  expectTypeOf(future.resultSync({ timeout: 30_000 })).toBeNumber();
  expectTypeOf(future.exception()).resolves.toBeUnknown();
  future.addDoneCallback((done) => expectTypeOf(done).toEqualTypeOf<Future<number>>());
  // @ts-expect-error: a Sync call cannot be aborted
  future.resultSync({ signal: AbortSignal.timeout(30_000) });
  const { done, notDone } = await wait([future], { returnWhen: 'FIRST_COMPLETED' });
  expectTypeOf(done).toEqualTypeOf<Set<Future<number>>>();
  expectTypeOf(notDone).toEqualTypeOf<Set<Future<number>>>();
  for await (const each of asCompleted([future])) expectTypeOf(await each).toBeNumber();
  expectTypeOf(asCompleted([future]).next()).resolves.toExtend<{ value: Future<number> | undefined }>();
  expectTypeOf(taskSignal()).toEqualTypeOf<AbortSignal>();
  // @ts-expect-error: no such condition
  await expect(wait([future], { returnWhen: 'ANY' })).rejects.toThrow(RangeError);
});

it('executors and pools of processes have the same types', () => {
  expectTypeOf<ProcessPoolExecutor>().toExtend<Executor & AsyncDisposable>();
  expectTypeOf<ProcessPoolExecutor['submit']>().toEqualTypeOf<ThreadPoolExecutor['submit']>();
  expectTypeOf<ProcessPoolExecutor['killWorkers']>().returns.toEqualTypeOf<Promise<void>>();
  expectTypeOf<Pool['mapSync']>().toEqualTypeOf<ThreadPool['mapSync']>();
  expectTypeOf<typeof Pool>().toBeConstructibleWith({ processes: 2, env: { A: 'b' }, execArgv: ['--no-warnings'] });
  expectTypeOf<typeof ProcessPoolExecutor>().toBeConstructibleWith({ maxWorkers: 2, cwd: '/', grace: 5 });
});

it('a pool knows the arguments and results of its calls', async () => {
  const pool = new ThreadPool(1);
  expectTypeOf(pool.apply(add, [1, 2])).resolves.toBeNumber();
  expectTypeOf(pool.applySync(add, [1, 2])).toBeNumber();
  expectTypeOf(pool.applyAsync(async () => 'x')).toEqualTypeOf<AsyncResult<string>>();
  pool.applyAsync(add, [1, 2], { callback: (sum) => expectTypeOf(sum).toBeNumber() });
  expectTypeOf(pool.map((x: number) => String(x), [1])).resolves.toEqualTypeOf<string[]>();
  expectTypeOf(pool.mapSync((x: number) => String(x), [1])).toEqualTypeOf<string[]>();
  expectTypeOf(pool.mapAsync((x: number) => x, [1]).get()).resolves.toEqualTypeOf<number[]>();
  expectTypeOf(pool.imap((x: number) => x, [1])).toExtend<AsyncIterable<number>>();
  expectTypeOf(pool.imapUnordered((x: number) => x, [1]).next({ timeout: 30_000 })).resolves.toExtend<
    IteratorResult<number>
  >();
  expectTypeOf(pool.starmap(add, [[1, 2]])).resolves.toEqualTypeOf<number[]>();
  expectTypeOf(pool).toExtend<AsyncDisposable>();
  // @ts-expect-error: an argument is missing
  await pool.apply(add, [1]);
  // @ts-expect-error: not the arguments of the function
  await pool.starmap(add, [[1, '2']]);
  expectTypeOf(cpuCount()).toBeNumber();
  pool.close();
  await pool.join();
});

it('multiprocessing has the same classes', async () => {
  const all = await import('heddle');
  const module = await import('heddle/multiprocessing');
  for (const [name, value] of Object.entries(module)) expect((all as Record<string, unknown>)[name]).toBe(value);
  expect([Lock, Queue, SharedArray, Value].every((cls) => typeof cls === 'function')).toBe(true);
});
