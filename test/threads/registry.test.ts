import {
  activeCount,
  currentThread,
  Event,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
  Queue,
  Thread,
  ThreadStateError,
} from 'heddle';
import { describe, expect, it } from 'vitest';
import * as work from './fixtures/work.mjs';
import { linesOf } from './program.js';

describe('the main thread', () => {
  it('is the current one here, with a name and a number', () => {
    expect(currentThread()).toBe(mainThread());
    expect(mainThread().name).toBe('MainThread');
    expect(mainThread().daemon).toBe(false);
    expect(mainThread().isAlive()).toBe(true);
    expect(getIdent()).toBe(mainThread().ident);
    expect(getIdent()).toBeGreaterThan(0);
    expect(getNativeId()).toBe(mainThread().nativeId ?? 0);
  });

  it('is the same for every thread', async () => {
    const queue = new Queue<work.Description>();
    const thread = new Thread({ target: work.describe, args: [queue] });
    await thread.start();
    const told = await queue.get();
    expect(told.main).toBe(mainThread());
    expect(told.getIdent).not.toBe(getIdent());
    await thread.join();
  });

  it('cannot be started or made a daemon, and cannot join itself', async () => {
    expect(() => mainThread().start()).toThrow(ThreadStateError);
    expect(() => {
      mainThread().daemon = true;
    }).toThrow(ThreadStateError);
    await expect(mainThread().join()).rejects.toThrow(ThreadStateError);
  });
});

describe('enumerate and activeCount', () => {
  it('know the threads that run, and neither those not started nor those finished', async () => {
    const go = new Event();
    const before = enumerate();
    const threads = [1, 2].map(() => new Thread({ target: work.waitSync, args: [go] }));
    expect(enumerate()).toEqual(before);
    for (const thread of threads) await thread.start();
    expect(new Set(enumerate())).toEqual(new Set([...before, ...threads]));
    expect(activeCount()).toBe(before.length + 2);
    go.set();
    for (const thread of threads) await thread.join();
    expect(new Set(enumerate())).toEqual(new Set(before));
    expect(before).toContain(mainThread());
  });

  it('tell every thread the same', async () => {
    const queue = new Queue<work.Description>();
    const go = new Event();
    const other = new Thread({ target: work.waitSync, args: [go], name: 'other' });
    await other.start();
    const thread = new Thread({ target: work.describe, args: [queue], name: 'asker' });
    await thread.start();
    const { names, active } = await queue.get();
    expect(names.sort()).toEqual(['MainThread', 'asker', 'other']);
    expect(active).toBe(3);
    go.set();
    await other.join();
    await thread.join();
  });
});

describe('a worker that was not started as a Thread', () => {
  it('has a stand-in, which cannot be joined', async () => {
    expect(
      await linesOf(`
        import { Worker } from 'node:worker_threads';
        import { enumerate, mainThread, Queue } from 'heddle';
        const worker = new Worker(\`
          import('heddle').then(({ currentThread, enumerate, mainThread, Thread }) => {
            const me = currentThread();
            console.log(me.name, me.daemon, me.isAlive(), me === currentThread(), mainThread().name);
            console.log(enumerate().includes(me));
            me.join().catch((error) => console.log(error.name));
            new Thread({ target: () => console.log('its thread') }).start();
          });
        \`, { eval: true });
        await new Promise((resolve) => worker.on('exit', resolve));
      `),
    ).toEqual(['Dummy-1 true true true MainThread', 'true', 'ThreadStateError', 'its thread']);
  });
});
