import { Event, engine, Queue, Thread, Timer } from 'heddle';
import { describe, expect, it } from 'vitest';
import * as work from './fixtures/work.mjs';
import { linesOf } from './program.js';

async function run<A extends unknown[]>(target: (...args: A) => unknown, ...args: A) {
  const thread = new Thread({ target, args });
  await thread.start();
  await thread.join();
}

describe('an isolate', () => {
  it('goes from one thread to the next when nothing is left running', async () => {
    const visits = new Queue<unknown>();
    for (let i = 0; i < 5; i++) await run(work.isolateOf, visits);
    expect(await visits.getMany(5)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is rid of what a thread has put on to see its own errors', async () => {
    const results = new Queue<unknown>();
    await run(work.isolateOf, results);
    const visit = (await results.get()) as number;
    await run(work.countListeners, results);
    const [, before] = (await results.get()) as [number, number];
    await run(work.litter, results);
    expect(await results.get()).toBe(before + 2);
    await run(work.countListeners, results);
    expect(await results.get()).toEqual([visit + 1, before]);
  });

  it('stays with what a thread has left running, while the thread itself has finished', async () => {
    const queue = new Queue<unknown>();
    const visits = new Queue<unknown>();
    await run(work.isolateOf, visits);
    const visit = (await visits.get()) as number;
    const thread = new Thread({ target: work.leaveTimer, args: [queue, 'left', 200] });
    await thread.start();
    await thread.join();
    expect(queue.empty()).toBe(true);
    // Not this isolate: another, on its first visit.
    await run(work.isolateOf, visits);
    expect(await visits.get()).toBe(1);
    expect(await queue.get()).toBe('left');
    // Free again once the timer has fired.
    const seen = new Set<unknown>();
    while (!seen.has(visit + 1)) {
      await run(work.isolateOf, visits);
      seen.add(await visits.get());
    }
  });

  it('is a new one for a fresh thread, and ends with it', async () => {
    const visits = new Queue<unknown>();
    await run(work.isolateOf, visits);
    for (let i = 0; i < 2; i++) {
      const thread = new Thread({ target: work.isolateOf, args: [visits], fresh: true });
      await thread.start();
      await thread.join();
    }
    const [, ...fresh] = await visits.getMany(3);
    expect(fresh).toEqual([1, 1]);
  });

  it('does not end while threads run that a fresh thread has started', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.spawn, args: [queue, 'grandchild'], fresh: true });
    await thread.start();
    await thread.join();
    expect(await queue.get()).toBe(false);
    expect(await queue.get()).toBe('grandchild');
  });

  it('starts and joins threads of its own while the main thread is blocked', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.spawnAndJoin, args: [queue, 'grandchild'], fresh: true });
    thread.startSync();
    expect(thread.joinSync()).toBe(true);
    expect([queue.getNowait(), queue.getNowait()]).toEqual(['grandchild', true]);
  });

  it('takes the threads it has started with it when it exits, and their joiners know', async () => {
    const handed = new Queue<Thread>();
    const thread = new Thread({ target: work.abandon, args: [handed] });
    await thread.start();
    const grandchild = await handed.get();
    expect(grandchild.isAlive()).toBe(true);
    expect(await thread.join()).toBe(true);
    expect(await grandchild.join()).toBe(true);
    expect(grandchild.isAlive()).toBe(false);
  });

  it('gives threads the daemon flag of the thread that starts them', async () => {
    const queue = new Queue<unknown>();
    const thread = new Thread({ target: work.spawn, args: [queue, 'child'], daemon: true });
    await thread.start();
    expect(await queue.get()).toBe(true);
    await thread.join();
    expect(await queue.get()).toBe('child');
  });

  it('sees the arguments of the program', async () => {
    expect(
      await linesOf(`
        import { Thread } from 'heddle';
        process.argv.push('extra');
        const expected = JSON.stringify(process.argv);
        const thread = new Thread({ target: () => console.log(JSON.stringify(process.argv) === expected) });
        await thread.start();
        await thread.join();
      `),
    ).toEqual(['true']);
  });

  it.runIf(engine.supports.threadNames && process.platform === 'linux')(
    'bears the name of its thread where the system shows it',
    async () => {
      expect(
        await linesOf(`
        import { readFileSync } from 'node:fs';
        import { Thread } from 'heddle';
        const comm = () => readFileSync('/proc/thread-self/comm', 'utf8').trim();
        const thread = new Thread({ name: 'weaver', target: () => console.log(comm()) });
        await thread.start();
        await thread.join();
        console.log(comm() === 'weaver');
      `),
      ).toEqual(['weaver', 'false']);
    },
  );
});

describe('many threads', () => {
  it('run at the same time, more than there are cores', async () => {
    const go = new Event();
    const threads = Array.from({ length: 20 }, () => new Thread({ target: work.waitSync, args: [go] }));
    await Promise.all(threads.map((thread) => thread.start()));
    expect(threads.every((thread) => thread.isAlive())).toBe(true);
    go.set();
    expect(await Promise.all(threads.map((thread) => thread.join()))).toEqual(threads.map(() => true));
    expect(new Set(threads.map((thread) => thread.ident)).size).toBe(20);
  });

  it('leave no more isolates behind than the reserve holds', async () => {
    const [before, after] = (
      await linesOf(`
        import { readdirSync } from 'node:fs';
        import { availableParallelism } from 'node:os';
        import { Thread } from 'heddle';
        import { reserve } from '#dist/threads/thread.js';
        const threads = Array.from({ length: 24 }, () => new Thread());
        await Promise.all(threads.map((thread) => thread.start()));
        await Promise.all(threads.map((thread) => thread.join()));
        const bound = Math.max(4, 2 * availableParallelism());
        const began = Date.now();
        while (reserve.size > bound && Date.now() - began < 20_000) await new Promise((resolve) => setTimeout(resolve, 10));
        console.log(bound);
        console.log(reserve.size);
      `)
    ).map(Number);
    expect(after).toBeLessThanOrEqual(before as number);
  });

  it('start in order and each runs once, however fast they follow each other', async () => {
    const queue = new Queue<unknown>();
    for (let i = 0; i < 300; i++) await run(work.put, queue, i);
    expect(await queue.getMany(300)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('of kinds that build on threads use the same isolates', async () => {
    const visits = new Queue<unknown>();
    await run(work.isolateOf, visits);
    const timer = new Timer(0, work.isolateOf, [visits]);
    await timer.start();
    await timer.join();
    expect(await visits.get()).toBe(((await visits.get()) as number) - 1);
  });
});
