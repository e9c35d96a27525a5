import { describe, expect, it } from 'vitest';
import { linesOf, runProgram } from './program.js';

const fixtures = JSON.stringify(new URL('fixtures/work.mjs', import.meta.url).href);

describe('the end of a program', () => {
  it('waits for threads that are no daemons', async () => {
    expect(
      await linesOf(`
        import { setTimeout as sleep } from 'node:timers/promises';
        import { Thread } from 'heddle';
        await new Thread({ target: async () => { await sleep(100); console.log('thread'); } }).start();
        console.log('end');
      `),
    ).toEqual(['end', 'thread']);
  });

  it('waits although nobody awaited the start', async () => {
    expect(
      await linesOf(`
        import { Thread } from 'heddle';
        new Thread({ target: () => console.log('thread') }).start();
        console.log('end');
      `),
    ).toEqual(['end', 'thread']);
  });

  it('does not wait for daemons', async () => {
    const { stdout, code, ms } = await runProgram(`
      import { setTimeout as sleep } from 'node:timers/promises';
      import { Thread } from 'heddle';
      for (let i = 0; i < 3; i++) await new Thread({ target: async () => { await sleep(20_000); console.log('never'); }, daemon: true }).start();
      console.log('end');
    `);
    expect([stdout, code]).toEqual(['end\n', 0]);
    expect(ms).toBeLessThan(15_000);
  });

  it.each(['acquireSync', 'acquire'])('does not wait for daemons that wait for a lock with %s', async (acquire) => {
    const { stdout, code, ms } = await runProgram(`
      import { Lock, Thread } from 'heddle';
      const lock = new Lock();
      lock.acquireSync();
      await new Thread({ target: async () => { await lock.${acquire}(); }, daemon: true }).start();
      console.log('end');
    `);
    expect([stdout, code]).toEqual(['end\n', 0]);
    expect(ms).toBeLessThan(15_000);
  });

  it('waits for threads that threads have started and outlived', async () => {
    expect(
      await linesOf(`
        import { Queue, Thread } from 'heddle';
        import { setTimeout as sleep } from 'node:timers/promises';
        const grandchild = async () => { await sleep(100); console.log('grandchild'); };
        const child = async () => { await new Thread({ target: grandchild }).start(); console.log('child'); };
        const thread = new Thread({ target: child });
        await thread.start();
        await thread.join();
        console.log('end');
      `),
    ).toEqual(['child', 'end', 'grandchild']);
  });

  it('comes at once with process.exit, whatever the threads do', async () => {
    const { stdout, code, ms } = await runProgram(`
      import { Event, Lock, Thread } from 'heddle';
      const event = new Event();
      await new Thread({ target: () => event.waitSync() }).start();
      await new Thread({ target: async () => { await event.wait(); } }).start();
      await new Thread({ target: () => { for (;;); } }).start();
      console.log('end');
      process.exit(5);
    `);
    expect([stdout, code]).toEqual(['end\n', 5]);
    expect(ms).toBeLessThan(15_000);
  });

  it('comes with the exit code of an uncaught error of the main thread, not of others', async () => {
    const { stderr, code } = await runProgram(`
      import { Thread } from 'heddle';
      import { fail } from ${fixtures};
      const thread = new Thread({ target: fail, args: ['in a thread'] });
      await thread.start();
      await thread.join();
      process.exitCode = 4;
    `);
    expect(stderr).toContain('in a thread');
    expect(code).toBe(4);
  });

  it('lets threads go that join the main thread', async () => {
    expect(
      await linesOf(`
        import { mainThread, Thread } from 'heddle';
        await new Thread({ target: async () => { console.log(await mainThread().join()); } }).start();
        console.log('end');
      `),
    ).toEqual(['end', 'true']);
  });

  it('runs registered callbacks before it waits, the last registered first', async () => {
    expect(
      await linesOf(`
        import { Event, Thread } from 'heddle';
        import { registerAtExit } from '#dist/threads/exit.js';
        const go = new Event();
        await new Thread({ target: () => { go.waitSync(); console.log('thread'); } }).start();
        registerAtExit(() => { console.log('first registered'); go.set(); });
        registerAtExit(async () => { await new Promise((resolve) => setTimeout(resolve, 20)); console.log('second registered'); });
        console.log('end');
      `),
    ).toEqual(['end', 'second registered', 'first registered', 'thread']);
  });

  it('is not delayed by idle isolates', async () => {
    const { code, ms } = await runProgram(`
      import { Thread } from 'heddle';
      const threads = Array.from({ length: 4 }, () => new Thread());
      for (const thread of threads) thread.start();
      for (const thread of threads) await thread.join();
    `);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(15_000);
  });
});
