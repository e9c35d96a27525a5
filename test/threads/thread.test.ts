import { inspect } from 'node:util';
import {
  Event,
  FunctionNotShippableError,
  Lock,
  NotSerializableError,
  Queue,
  Thread,
  ThreadStateError,
  Value,
} from 'heddle';
import { describe, expect, it } from 'vitest';
import * as work from './fixtures/work.mjs';
import { linesOf, runProgram } from './program.js';

/** A thread that runs until the event is set. */
async function running(options: { daemon?: boolean; name?: string } = {}) {
  const go = new Event();
  const thread = new Thread({ target: work.waitSync, args: [go], ...options });
  await thread.start();
  return { go, thread };
}

describe('a thread', () => {
  it('runs its target with its arguments, beside the thread that started it', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.put, args: [queue, { answer: 42 }] });
    await thread.start();
    expect(await queue.get()).toEqual({ answer: 42 });
    expect(await thread.join()).toBe(true);
  });

  it('has finished when the promise of its target has settled', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.later, args: [queue, 'late', 30] });
    await thread.start();
    expect(thread.isAlive()).toBe(true);
    await thread.join();
    expect(queue.getNowait()).toBe('late');
    expect(thread.isAlive()).toBe(false);
  });

  it('does nothing without a target, as in Python', async () => {
    const thread = new Thread();
    await thread.start();
    expect(await thread.join()).toBe(true);
  });

  it('sees the objects it is given as the same objects, not copies', async () => {
    const value = new Value('i', 1);
    const threads = [1, 2, 3].map((n) => new Thread({ target: work.add, args: [value, n] }));
    for (const thread of threads) thread.start();
    for (const thread of threads) await thread.join();
    expect(value.value).toBe(7);
  });

  it('takes an inline function with the variables it captures', async () => {
    expect(
      await linesOf(`
        import { Lock, Thread, Value } from 'heddle';
        const lock = new Lock();
        const total = new Value('i', 0);
        const steps = [1, 2, 3];
        const thread = new Thread({ target: () => { for (const n of steps) lock.withLockSync(() => { total.value += n; }); } });
        await thread.start();
        await thread.join();
        console.log(total.value);
      `),
    ).toEqual(['6']);
  });

  it('runs in parallel with its creator even while that is blocked from the start on', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.put, args: [queue, 'done'], fresh: true });
    void thread.start();
    expect(thread.joinSync()).toBe(true);
    expect(queue.getNowait()).toBe('done');
  });

  it('shares the environment variables of the process', async () => {
    const thread = new Thread({ target: work.sharedEnvironment, args: ['HEDDLE_TEST_SHARED', 'yes'] });
    await thread.start();
    await thread.join();
    expect(process.env['HEDDLE_TEST_SHARED']).toBe('yes');
    delete process.env['HEDDLE_TEST_SHARED'];
  });
});

describe('start', () => {
  it('resolves once the thread has its number and is alive', async () => {
    const { go, thread } = await running();
    expect(thread.ident).toBeGreaterThan(0);
    expect(thread.isAlive()).toBe(true);
    go.set();
    await thread.join();
  });

  it('blocks until then as startSync', () => {
    const go = new Event();
    const thread = new Thread({ target: work.waitSync, args: [go] });
    thread.startSync();
    expect(thread.ident).toBeGreaterThan(0);
    go.set();
    thread.joinSync();
  });

  it('throws at the call when the thread has been started, running or finished', async () => {
    const { go, thread } = await running();
    expect(() => thread.start()).toThrow(ThreadStateError);
    expect(() => thread.startSync()).toThrow(/once/);
    go.set();
    await thread.join();
    expect(() => thread.start()).toThrow(ThreadStateError);
  });

  it('throws at the call when the target cannot travel, and the thread is as if it had not been started', () => {
    const thread = new Thread({ target: process.cwd.bind(process) as () => unknown });
    const captured = process.stdin;
    const inline = new Thread({ target: () => captured });
    expect(() => inline.start()).toThrow(FunctionNotShippableError);
    expect(inline.isAlive()).toBe(false);
    expect(inline.ident).toBeUndefined();
    expect(() => inline.start()).toThrow(FunctionNotShippableError);
    expect(thread.ident).toBeUndefined();
  });

  it('throws at the call when an argument cannot travel, naming it', () => {
    const socket = { on: new WeakMap() };
    const thread = new Thread({ target: work.nothing as (...args: unknown[]) => void, args: [1, { socket }] });
    expect(() => thread.start()).toThrow(NotSerializableError);
    expect(() => thread.start()).toThrow(/args\[1\]\.socket\.on/);
  });

  it('throws in a thread that was given the Thread: only its maker can start it', async () => {
    const queue = new Queue<unknown>();
    const other = new Thread({ target: work.nothing });
    const thread = new Thread({ target: work.startOther, args: [other, queue] });
    await thread.start();
    expect(await queue.get()).toBeInstanceOf(ThreadStateError);
    expect(other.isAlive()).toBe(false);
  });

  it('throws in a module that a thread imports to get at its functions, instead of starting threads without end', async () => {
    const { stdout, stderr, code } = await runProgram(`import './tasks.mjs';`, {
      'tasks.mjs': `
        import { Thread } from 'heddle';
        export function task() { console.log('task'); }
        const thread = new Thread({ target: task, name: 'T' });
        await thread.start();
        await thread.join();
        console.log('end');
      `,
    });
    expect(code).toBe(0);
    expect(stdout).toBe('end\n');
    expect(stderr).toMatch(/Error in thread T:\nThreadStateError: .*isMainThread/);
  });

  it('works in such a module under isMainThread', async () => {
    const lines = await linesOf(`import './tasks.mjs';`, {
      'tasks.mjs': `
        import { isMainThread } from 'node:worker_threads';
        import { Thread } from 'heddle';
        export function task() { console.log('task'); }
        if (isMainThread) {
          const thread = new Thread({ target: task });
          await thread.start();
          await thread.join();
          console.log('end');
        }
      `,
    });
    expect(lines).toEqual(['task', 'end']);
  });
});

describe('join', () => {
  it('waits for the end, again and again, and for many at once', async () => {
    const { go, thread } = await running();
    const joins = [thread.join(), thread.join(), thread.join({ timeout: 20_000 })];
    go.set();
    expect(await Promise.all(joins)).toEqual([true, true, true]);
    expect(await thread.join()).toBe(true);
    expect(thread.joinSync()).toBe(true);
  });

  it('returns false when the timeout is over first', async () => {
    const { go, thread } = await running();
    expect(await thread.join({ timeout: 20 })).toBe(false);
    expect(await thread.join({ timeout: 0 })).toBe(false);
    expect(thread.joinSync({ timeout: 20 })).toBe(false);
    expect(thread.joinSync({ timeout: 0 })).toBe(false);
    go.set();
    expect(thread.joinSync({ timeout: 20_000 })).toBe(true);
  });

  it('rejects with the reason of an aborted signal', async () => {
    const { go, thread } = await running();
    const controller = new AbortController();
    const join = thread.join({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(join).rejects.toThrow('enough');
    await expect(thread.join({ signal: AbortSignal.abort(new Error('at once')) })).rejects.toThrow('at once');
    go.set();
    await thread.join();
  });

  it('refuses a thread that has not been started', async () => {
    const thread = new Thread({ target: work.nothing });
    await expect(thread.join()).rejects.toThrow(ThreadStateError);
    expect(() => thread.joinSync()).toThrow(/before it is started/);
  });

  it('refuses the calling thread', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.joinItself, args: [queue] });
    await thread.start();
    expect(await queue.get()).toBeInstanceOf(ThreadStateError);
  });

  it('works from threads that were given the Thread', async () => {
    const { go, thread } = await running();
    const queue = new Queue<unknown>();
    const joiners = [
      new Thread({ target: work.joinOther, args: [thread, queue] }),
      new Thread({ target: work.joinOtherSync, args: [thread, queue] }),
      new Thread({ target: work.joinOtherSync, args: [thread, queue, { timeout: 10 }] }),
    ];
    for (const joiner of joiners) await joiner.start();
    expect(await queue.get()).toBe(false);
    go.set();
    expect([await queue.get(), await queue.get()]).toEqual([true, true]);
  });

  it('refuses timeouts that are no timeouts', async () => {
    const { go, thread } = await running();
    await expect(thread.join({ timeout: -1 })).rejects.toThrow(RangeError);
    expect(() => thread.joinSync({ timeout: Number.NaN })).toThrow(RangeError);
    expect(() => thread.joinSync({ timeout: '1' as unknown as number })).toThrow(TypeError);
    go.set();
    await thread.join();
  });
});

describe('the attributes of a thread', () => {
  it('are undefined numbers and no life before the start', () => {
    const thread = new Thread({ target: work.nothing });
    expect([thread.ident, thread.nativeId, thread.isAlive()]).toEqual([undefined, undefined, false]);
  });

  it('give it a name by number and target, or the one asked for', () => {
    const pattern = /^Thread-(\d+)( \(\w+\))?$/;
    const first = new Thread({ target: work.nothing }).name;
    const second = new Thread().name;
    expect(first).toMatch(/^Thread-\d+ \(nothing\)$/);
    expect(second).toMatch(/^Thread-\d+$/);
    expect(Number(pattern.exec(second)?.[1])).toBe(Number(pattern.exec(first)?.[1]) + 1);
    expect(new Thread({ name: 'mine' }).name).toBe('mine');
    expect(new Thread({ name: 123 as unknown as string }).name).toBe('123');
  });

  it('tell every thread the same', async () => {
    const queue = new Queue<work.Description>();
    const thread = new Thread({ name: 'näme', target: work.describe, args: [queue] });
    await thread.start();
    const told = await queue.get();
    expect(told.name).toBe('näme');
    expect(told.ident).toBe(thread.ident);
    expect(told.getIdent).toBe(thread.ident);
    expect(told.nativeId || undefined).toBe(thread.nativeId);
    expect(told.getNativeId || undefined).toBe(thread.nativeId);
    expect(told.alive).toBe(true);
    expect(told.daemon).toBe(false);
    expect(told.thread).toBe(thread);
    await thread.join();
  });

  it('show a name that is changed on either side', async () => {
    const renamed = new Event();
    const go = new Event();
    const thread = new Thread({ target: work.rename, args: ['by itself', renamed, go] });
    await thread.start();
    await renamed.wait();
    expect(thread.name).toBe('by itself');
    thread.name = 'by its maker';
    expect(thread.name).toBe('by its maker');
    go.set();
    await thread.join();
    expect(thread.name).toBe('by its maker');
  });

  it('cut a name that is too long for a slot at a character, and keep the whole one beside', async () => {
    const name = 'ü'.repeat(200);
    const queue = new Queue<work.Description>();
    const thread = new Thread({ name, target: work.describe, args: [queue] });
    expect(thread.name).toBe(name);
    await thread.start();
    expect((await queue.get()).name).toBe('ü'.repeat(96));
  });

  it('let daemon be set before the start only', async () => {
    const thread = new Thread({ target: work.nothing });
    expect(thread.daemon).toBe(false);
    thread.daemon = true;
    expect(thread.daemon).toBe(true);
    await thread.start();
    expect(() => {
      thread.daemon = false;
    }).toThrow(ThreadStateError);
    await thread.join();
    expect(thread.daemon).toBe(true);
  });

  it('are shown as Python shows them', async () => {
    const thread = new Thread({ name: 'shown', target: work.nothing, daemon: true });
    expect(inspect(thread)).toBe('<Thread(shown, initial daemon)>');
    await thread.start();
    await thread.join();
    expect(inspect(thread)).toBe(`<Thread(shown, stopped daemon ${thread.ident})>`);
  });

  it.each([
    [{ target: 1 }, /target/],
    [{ args: 'ab' }, /args/],
    [{ daemon: 'yes' }, /daemon/],
    [{ fresh: 1 }, /fresh/],
    [{ resourceLimits: 5 }, /resourceLimits/],
    [() => {}, /options/],
  ])('refuse options of the wrong type: %o', (options, message) => {
    expect(() => new Thread(options as object)).toThrow(TypeError);
    expect(() => new Thread(options as object)).toThrow(message);
  });
});

describe('a subclass', () => {
  it('runs its own run, with the fields of the instance and this as the thread', async () => {
    expect(
      await linesOf(`
        import { currentThread, Queue, Thread } from 'heddle';
        const results = new Queue();
        const twice = (n) => 2 * n;
        class Worker extends Thread {
          args = 'mine';
          constructor(n) { super({ name: 'Worker-' + n }); this.n = n; this.func = twice; }
          compute() { return this.func(this.n); }
          run() { results.putSync([this.name, this.args, this.compute(), currentThread() === this, this instanceof Worker]); }
        }
        const worker = new Worker(21);
        await worker.start();
        console.log(JSON.stringify(await results.get()));
        await worker.join();
      `),
    ).toEqual(['["Worker-21","mine",42,true,true]']);
  });

  it('keeps the classes of what its fields hold', async () => {
    expect(
      await linesOf(`
        import { Thread } from 'heddle';
        class Point { constructor(x) { this.x = x; } twice() { return 2 * this.x; } }
        class Worker extends Thread {
          constructor(point) { super(); this.point = point; }
          run() { console.log(this.point.twice()); }
        }
        class Better extends Worker {
          run() { console.log('better'); super.run(); }
        }
        const worker = new Better(new Point(4));
        await worker.start();
        await worker.join();
      `),
    ).toEqual(['better', '8']);
  });

  it('is refused when it keeps state where nobody can read it', async () => {
    const [first, second] = await linesOf(`
      import { Thread } from 'heddle';
      class Secretive extends Thread {
        #secret = 1;
        run() { console.log(this.#secret); }
      }
      const thread = new Secretive();
      try { thread.start(); } catch (error) { console.log(error.name); console.log(error.message); }
    `);
    expect(first).toBe('FunctionNotShippableError');
    expect(second).toContain('#secret');
  });

  it('runs in the calling thread when run is called directly, as in Python', () => {
    const seen: unknown[] = [];
    new Thread({ target: (...args: unknown[]) => seen.push(...args), args: [1, 2] }).run();
    expect(seen).toEqual([1, 2]);
  });
});

describe('process.exit in a thread', () => {
  it('ends that thread only, and lets its joiners go', async () => {
    const thread = new Thread({ target: work.exit, args: [7] });
    await thread.start();
    expect(await thread.join()).toBe(true);
    expect(thread.isAlive()).toBe(false);
  });

  it('passes on the locks the thread held', async () => {
    const lock = new Lock();
    const thread = new Thread({ target: work.exitHolding, args: [lock] });
    await thread.start();
    await thread.join();
    expect(await lock.acquire()).toBe(true);
    expect(lock.ownerDied).toBe(true);
    lock.release();
    expect(lock.ownerDied).toBe(false);
  });

  it('lets a joiner go that is blocked', async () => {
    const go = new Event();
    const thread = new Thread({ target: work.exit, args: [0] });
    void thread.start();
    expect(thread.joinSync()).toBe(true);
    go.set();
  });
});

describe('a thread that runs out of its memory', () => {
  it('lets a joiner go that blocks the thread which made it', async () => {
    const { stdout, stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import { eatMemory } from '${new URL('fixtures/work.mjs', import.meta.url)}';
      const thread = new Thread({ target: eatMemory, name: 'glutton', resourceLimits: { maxOldGenerationSizeMb: 24 } });
      thread.startSync();
      console.log(thread.joinSync(), thread.isAlive());
    `);
    expect(stdout).toBe('true false\n');
    expect(stderr).toMatch(/Error in thread glutton:\nWorkerLostError.*memory/);
    expect(code).toBe(0);
  });

  it('is reported and finished, and nobody else comes to harm', async () => {
    const { stdout, stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import { eatMemory } from '${new URL('fixtures/work.mjs', import.meta.url)}';
      const thread = new Thread({ target: eatMemory, name: 'glutton', resourceLimits: { maxOldGenerationSizeMb: 24 } });
      await thread.start();
      console.log(await thread.join(), thread.isAlive());
    `);
    expect(stdout).toBe('true false\n');
    expect(stderr).toMatch(/Error in thread glutton:\nWorkerLostError.*memory/);
    expect(code).toBe(0);
  });
});

describe('a thread that never comes to its target', () => {
  /** Targets of modules that are different in a thread. */
  const modules = {
    'quits.mjs': `import { isMainThread } from 'node:worker_threads';
      if (!isMainThread) process.exit(3);
      export function target() { console.log('never'); }`,
    'throws.mjs': `import { isMainThread } from 'node:worker_threads';
      if (!isMainThread) throw new Error('not in a thread');
      export function target() { console.log('never'); }`,
  };

  it.each([
    ['calls process.exit()', 'quits.mjs', 0],
    ['throws', 'throws.mjs', 2],
  ])('because its module %s while it is imported has started and finished', async (_, module, errors) => {
    const { stdout, stderr, code } = await runProgram(
      `
        import { Thread } from 'heddle';
        import { target } from './${module}';
        const blocking = new Thread({ target, name: 'short' });
        blocking.startSync();
        console.log(blocking.joinSync(), blocking.isAlive());
        const awaited = new Thread({ target, name: 'short' });
        await awaited.start();
        console.log(await awaited.join(), awaited.isAlive());
      `,
      modules,
    );
    expect(stdout).toBe('true false\ntrue false\n');
    expect(stderr.match(/^Error in thread short:\nError: not in a thread$/gm) ?? []).toHaveLength(errors);
    expect(code).toBe(0);
  });

  // The first leaves no room for an isolate at all, and no trace of it; Node.js 22 and later end the process then.
  const tooTight = [
    { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
    { maxOldGenerationSizeMb: 4 },
  ];
  const survivable = Number.parseInt(process.versions.node, 10) < 22 ? tooTight : tooTight.slice(1);
  it.each(survivable)('because its memory is too small for Node.js has started and finished: %o', async (limits) => {
    const { stdout, stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import { patience } from '#dist/threads/lifeline.js';
      patience.ms = 1000;
      const tight = () => new Thread({ target: () => console.log('never'), name: 'tight', resourceLimits: ${JSON.stringify(limits)} });
      const blocking = tight();
      blocking.startSync();
      console.log(blocking.joinSync(), blocking.isAlive());
      const awaited = tight();
      void awaited.start();
      const joiner = new Thread({ target: (other) => console.log('joiner', other.joinSync()), args: [awaited] });
      joiner.startSync();
      console.log(joiner.joinSync());
    `);
    expect(stdout).toBe('true false\njoiner true\ntrue\n');
    expect(stderr.match(/Error in thread tight:\nWorkerLostError.*resourceLimits/g)).toHaveLength(2);
    expect(code).toBe(0);
  });
});
