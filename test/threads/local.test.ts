import { Local, Queue, Thread } from 'heddle';
import { describe, expect, it } from 'vitest';
import * as work from './fixtures/work.mjs';
import { linesOf } from './program.js';

async function run<A extends unknown[]>(target: (...args: A) => unknown, ...args: A) {
  const thread = new Thread({ target, args, name: 'reader' });
  await thread.start();
  await thread.join();
}

describe('Local', () => {
  it('has a value of its own in each thread', async () => {
    const local = new Local<{ count?: number }>();
    const queue = new Queue<unknown>();
    local.value.count = 40;
    await run(work.countInLocal, local, queue);
    expect(await queue.get()).toBe(1);
    expect(local.value).toEqual({ count: 40 });
  });

  it('keeps nothing of a finished thread for the next one in the same isolate', async () => {
    const local = new Local<{ count?: number }>();
    const queue = new Queue<unknown>();
    const visits = new Queue<unknown>();
    await run(work.isolateOf, visits);
    for (let i = 0; i < 3; i++) await run(work.countInLocal, local, queue);
    await run(work.isolateOf, visits);
    expect(await queue.getMany(3)).toEqual([1, 1, 1]);
    // The same isolate has run at least these two.
    expect([await visits.get(), await visits.get()]).toEqual([1, 2]);
  });

  it('makes the value by init, in the thread that asks, once', async () => {
    const local = new Local(work.initial('made'));
    const queue = new Queue<unknown>();
    await run(work.readLocal, local, queue);
    expect(await queue.get()).toEqual({ name: 'made in reader' });
    expect(local.value).toBe(local.value);
    expect(local.value.name).toBe('made in MainThread');
  });

  it('calls init again after it has thrown', () => {
    let calls = 0;
    const local = new Local(() => {
      if (++calls === 1) throw new Error('not yet');
      return { calls };
    });
    expect(() => local.value).toThrow('not yet');
    expect(local.value).toEqual({ calls: 2 });
  });

  it('is known again wherever it comes from: capture, argument or queue', async () => {
    expect(
      await linesOf(`
        import { Local, Queue, Thread } from 'heddle';
        const local = new Local();
        const queue = new Queue();
        await queue.put(local);
        const thread = new Thread({
          target: (given) => {
            local.value.name = 'set once';
            console.log(given === local, queue.getSync() === local, given.value.name);
          },
          args: [local],
        });
        await thread.start();
        await thread.join();
        console.log(local.value.name);
      `),
    ).toEqual(['true true set once', 'undefined']);
  });

  it('has its value still when it comes back to a thread that did not hold it meanwhile', async () => {
    expect(
      await linesOf(`
        import { setFlagsFromString } from 'node:v8';
        import { runInNewContext } from 'node:vm';
        import { Local, Queue } from 'heddle';
        setFlagsFromString('--expose-gc');
        const collect = runInNewContext('gc');
        const queue = new Queue();
        const send = (name) => {
          const local = new Local();
          if (name === 'before') local.value.set = name;
          queue.putNowait(local);
          if (name === 'after') local.value.set = name;
        };
        for (const name of ['before', 'after']) send(name);
        for (let i = 0; i < 3; i++) {
          collect();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        for (let i = 0; i < 2; i++) console.log(queue.getNowait().value.set);
      `),
    ).toEqual(['before', 'after']);
  });

  it('refuses an init that is no function', () => {
    expect(() => new Local(5 as unknown as () => object)).toThrow(TypeError);
  });
});
