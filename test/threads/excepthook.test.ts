import { type ExcepthookArgs, Queue, setExcepthook, Thread } from 'heddle';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as work from './fixtures/work.mjs';
import { runProgram } from './program.js';

const fixtures = JSON.stringify(new URL('fixtures/work.mjs', import.meta.url).href);

afterEach(() => setExcepthook(undefined));

describe('an uncaught error in a thread', () => {
  it('is printed with the name of the thread, its stack and its cause, and harms nobody else', async () => {
    const { stdout, stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import { fail } from ${fixtures};
      const thread = new Thread({ target: fail, args: ['no luck'], name: 'unlucky' });
      await thread.start();
      console.log(await thread.join(), thread.isAlive());
    `);
    expect(stdout).toBe('true false\n');
    expect(stderr).toMatch(/^Error in thread unlucky:\nTypeError: no luck\n {4}at fail .*work\.mjs/);
    expect(stderr).toContain('the cause');
    expect(code).toBe(0);
  });

  it.each([
    ['a rejected promise', `reject, 'late'`, /RangeError: late/],
    ['what is no error', `throwString, 'text'`, /'text'/],
    ['an error in a timer it left running', `failLater, 'timer'`, /Error: timer/],
    ['a rejection nobody handles', `rejectLater, 'loose'`, /Error: loose/],
  ])('is reported too when it is %s', async (_, call, message) => {
    const [target, text] = call.split(', ');
    const { stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import * as work from ${fixtures};
      const thread = new Thread({ target: work.${target}, args: [${text}], name: 'T' });
      await thread.start();
      await thread.join();
      // Alive long enough for what the thread has left running.
      await new Promise((resolve) => setTimeout(resolve, 100));
    `);
    expect(stderr).toMatch(/^Error in thread T:\n/);
    expect(stderr).toMatch(message);
    expect(code).toBe(0);
  });

  it('is printed although the main thread is blocked', async () => {
    const { stdout, stderr } = await runProgram(`
      import { Thread } from 'heddle';
      import { fail } from ${fixtures};
      import { writeSync } from 'node:fs';
      const thread = new Thread({ target: fail, args: ['seen'] });
      thread.startSync();
      thread.joinSync();
      process.reallyExit(3);
    `);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/TypeError: seen/);
  });
});

describe('setExcepthook', () => {
  it('has the hook called where it was set, before a join returns', async () => {
    const seen: ExcepthookArgs[] = [];
    setExcepthook((args) => seen.push(args));
    const thread = new Thread({ target: work.fail, args: ['one'] });
    await thread.start();
    await thread.join();
    expect(seen).toHaveLength(1);
    const [{ error, thread: culprit }] = seen as [ExcepthookArgs];
    expect(culprit).toBe(thread);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('one');
    expect(((error as Error).cause as Error).message).toBe('the cause');

    const other = new Thread({ target: work.fail, args: ['two'] });
    other.startSync();
    other.joinSync();
    expect((seen[1] as ExcepthookArgs).error).toMatchObject({ message: 'two' });
  });

  it('serves threads that were started before it was set, and those that threads started', async () => {
    const hook = vi.fn();
    const queue = new Queue<unknown>();
    const early = new Thread({ target: work.later, args: [queue, Symbol('local') as unknown, 50] });
    expect(() => early.start()).toThrow();
    setExcepthook(hook);
    const thread = new Thread({ target: work.throwString, args: ['text'] });
    await thread.start();
    await thread.join();
    expect(hook).toHaveBeenCalledExactlyOnceWith({ error: 'text', thread });
  });

  it('is called from the event loop when nobody joins', async () => {
    const called = new Promise<ExcepthookArgs>((resolve) => setExcepthook(resolve));
    const thread = new Thread({ target: work.reject, args: ['alone'] });
    await thread.start();
    expect((await called).error).toBeInstanceOf(RangeError);
  });

  it('reports a hook that throws, and what it was called for', async () => {
    const { stderr, code } = await runProgram(`
      import { setExcepthook, Thread } from 'heddle';
      import { fail } from ${fixtures};
      setExcepthook(() => { throw new Error('hook is broken'); });
      const thread = new Thread({ target: fail, args: ['first'], name: 'T' });
      await thread.start();
      await thread.join();
    `);
    expect(stderr).toMatch(/Error in thread T:\nTypeError: first[\s\S]*Error in excepthook:\nError: hook is broken/);
    expect(code).toBe(0);
  });

  it('goes back to printing with undefined', async () => {
    const { stdout, stderr } = await runProgram(`
      import { setExcepthook, Thread } from 'heddle';
      import { fail } from ${fixtures};
      setExcepthook(() => console.log('hook'));
      setExcepthook(undefined);
      const thread = new Thread({ target: fail, args: ['printed'] });
      await thread.start();
      await thread.join();
    `);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/TypeError: printed/);
  });

  it('refuses what is no function', () => {
    expect(() => setExcepthook('hook' as unknown as () => void)).toThrow(TypeError);
  });
});
