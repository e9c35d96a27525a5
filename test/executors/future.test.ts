/** Futures made by hand, and failures that nobody looks at. */
import { CancelledError, DeadlockError, InvalidStateError, TimeoutError } from 'heddle';
import { asCompleted, Future, wait } from 'heddle/futures';
import { describe, expect, it } from 'vitest';
import { rejection } from '../contract/reach.js';
import { linesOf, runProgram } from '../threads/program.js';

describe('a future made by hand', () => {
  it('is settled once, with a result', async () => {
    const future = new Future<number>();
    const calls: unknown[] = [];
    future.addDoneCallback((settled) => calls.push(settled));
    const awaited = future.then((value) => value + 1);
    expect(future.setRunningOrNotifyCancel()).toBe(true);
    expect([future.running(), future.done(), future.cancel()]).toEqual([true, false, false]);
    future.setResult(5);
    expect([calls, future.done(), future.running()]).toEqual([[future], true, false]);
    expect([await awaited, future.resultSync(), future.exceptionSync()]).toEqual([6, 5, undefined]);
    expect(() => future.setResult(6)).toThrow(InvalidStateError);
    expect(() => future.setException(new Error())).toThrow(
      'a future that is finished already cannot be given an error',
    );
    expect(() => future.setRunningOrNotifyCancel()).toThrow(InvalidStateError);
    expect(await future).toBe(5);
  });

  it('is settled with an error', async () => {
    const future = new Future<number>();
    const error = new RangeError('no');
    future.setException(error);
    expect(await rejection(future.result())).toBe(error);
    expect(await future.exception()).toBe(error);
    expect(() => future.setResult(1)).toThrow(InvalidStateError);
    expect(future.cancel()).toBe(false);
  });

  it('is cancelled before it runs', async () => {
    const future = new Future<number>();
    expect([future.cancel(), future.cancelled(), future.setRunningOrNotifyCancel()]).toEqual([true, true, false]);
    await expect(future).rejects.toThrow(CancelledError);
    expect(() => future.setResult(1)).toThrow('a future that is cancelled already cannot be given a result');
  });

  it('cannot be waited for by the thread that would settle it', () => {
    const future = new Future<number>();
    expect(() => future.resultSync()).toThrow(DeadlockError);
    expect(() => future.resultSync({ timeout: 5 })).toThrow(TimeoutError);
  });

  it('works with wait and asCompleted', async () => {
    const [first, second] = [new Future<number>(), new Future<number>()];
    const waiting = wait([first, second], { returnWhen: 'FIRST_COMPLETED' });
    second.setResult(2);
    expect((await waiting).done).toEqual(new Set([second]));
    const order: unknown[] = [];
    queueMicrotask(() => first.setResult(1));
    for await (const future of asCompleted([first, second])) order.push(future);
    expect(order).toEqual([second, first]);
  });

  it('lets go of those who no longer wait', async () => {
    const future = new Future<number>();
    for (let i = 0; i < 3; i++) await rejection(future.result({ timeout: 1 }));
    await wait([future], { timeout: 1 });
    await asCompleted([future]).return();
    const calls: unknown[] = [];
    future.addDoneCallback(() => calls.push('the only one'));
    future.setResult(1);
    expect(calls).toEqual(['the only one']);
  });
});

const failing = `
  import { ThreadPoolExecutor, wait } from 'heddle';
  const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit(() => { throw new RangeError('unseen'); });
`;

describe('a failure', () => {
  it('that nobody asks for is silent', async () => {
    const program = `${failing}
      future.addDoneCallback(() => console.log('settled'));
      await wait([future]);
      await executor.shutdown();
    `;
    expect(await linesOf(program)).toEqual(['settled']);
  });

  it('of a promise that nobody handles is an unhandled rejection', async () => {
    const { code, stderr } = await runProgram(`${failing} future.then((value) => console.log(value));`);
    expect(code).toBe(1);
    expect(stderr).toContain('RangeError: unseen');
  });
});
