/** What lives how long: the process, the workers, and the memory of executors. */
import { describe, expect, it } from 'vitest';
import { linesOf, runProgram } from '../threads/program.js';

const LONG = { timeout: 60_000 };

describe('the process', () => {
  it('ends although an executor is idle', LONG, async () => {
    const lines = await linesOf(`
      import { ThreadPoolExecutor } from 'heddle';
      const executor = new ThreadPoolExecutor({ maxWorkers: 2, minWorkers: 1 });
      console.log(await executor.submit((n) => n + 1, 1));
    `);
    expect(lines).toEqual(['2']);
  });

  it('stays for tasks in flight, running and queued, awaited or not', LONG, async () => {
    const lines = await linesOf(`
      import { ThreadPoolExecutor } from 'heddle';
      const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
      for (const n of [1, 2, 3])
        executor.submit(async (n) => { await new Promise((done) => setTimeout(done, 50)); return n; }, n)
          .addDoneCallback((future) => console.log(future.resultSync()));
    `);
    expect(lines).toEqual(['1', '2', '3']);
  });

  it('ends without waiting for the tasks of a ThreadPool that nobody closes, joins or waits for', LONG, async () => {
    const lines = await linesOf(`
      import { Event, ThreadPool } from 'heddle';
      const pool = new ThreadPool(1);
      const started = new Event();
      const running = () => { started.set(); return new Promise((done) => setTimeout(done, 60_000)); };
      pool.applyAsync(running, [], { callback: () => console.log('never') });
      pool.applyAsync(() => console.log('never either'));
      await started.wait();
      console.log('end');
    `);
    expect(lines).toEqual(['end']);
  });

  it('ends at process.exit with a pool at work, whatever that does', LONG, async () => {
    for (const task of [
      'for (;;);',
      'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
      'event.waitSync();',
      'return event.wait();',
    ]) {
      const { code, stderr, stdout } = await runProgram(`
        import { Event, Semaphore, ThreadPoolExecutor } from 'heddle';
        const executor = new ThreadPoolExecutor({ maxWorkers: 2 });
        const event = new Event();
        const started = new Semaphore(0);
        const task = () => { started.release(); ${task} };
        for (let i = 0; i < 100; i++) executor.submit(task);
        await started.acquire();
        await started.acquire();
        console.log('leaving');
        process.exit(5);
      `);
      expect({ code, stderr, stdout }).toEqual({ code: 5, stderr: '', stdout: 'leaving\n' });
    }
  });

  it('ends with an uncaught error with a pool at work', LONG, async () => {
    const { code, stderr } = await runProgram(`
      import { ThreadPoolExecutor, Semaphore } from 'heddle';
      const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
      const started = new Semaphore(0);
      executor.submit(() => { started.release(); for (;;); });
      await started.acquire();
      throw new RangeError('that was it');
    `);
    expect(code).toBe(1);
    expect(stderr).toContain('that was it');
  });

  it('ends after a thread that has an executor at work', LONG, async () => {
    const lines = await linesOf(`
      import { Semaphore, Thread, ThreadPoolExecutor } from 'heddle';
      const started = new Semaphore(0);
      const thread = new Thread({ daemon: true, target: async () => {
        const { ThreadPoolExecutor } = await import('heddle');
        const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
        await executor.submit((started) => { started.release(); for (;;); }, started);
      } });
      await thread.start();
      await started.acquire();
      console.log('done');
    `);
    expect(lines).toEqual(['done']);
  });
});

describe('an executor', () => {
  it('that is dropped without shutdown is collected, and its workers end', LONG, async () => {
    const lines = await linesOf(`
      import { setFlagsFromString } from 'node:v8';
      import { runInNewContext } from 'node:vm';
      import { ThreadPoolExecutor } from 'heddle';
      import { engine } from '#dist/engine/select.js';
      import { Header } from '#dist/memory/layout.js';
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc');
      const live = () => Atomics.load(engine.words, Header.SLOTS_LIVE);
      const before = live();
      await (async () => {
        const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
        console.log(await executor.submit((n) => n, 1));
      })();
      console.log(live() - before);
      while (live() > before) {
        await new Promise((done) => setTimeout(done, 10));
        gc();
      }
      console.log('gone');
    `);
    expect(lines).toEqual(['1', '1', 'gone']);
  });

  it('leaves nothing behind, a hundred times', { timeout: 120_000 }, async () => {
    const lines = await linesOf(`
      import { setFlagsFromString } from 'node:v8';
      import { runInNewContext } from 'node:vm';
      import { ThreadPoolExecutor } from 'heddle';
      import { engine } from '#dist/engine/select.js';
      import { Header } from '#dist/memory/layout.js';
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc');
      const cells = () => Atomics.load(engine.words, Header.CELLS_LIVE);
      const slots = () => Atomics.load(engine.words, Header.SLOTS_LIVE);
      const text = 'x'.repeat(500);
      const use = async (works) => {
        const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
        if (works) {
          if (await executor.submit((text) => text + '!', text) !== text + '!') throw new Error('not so');
          await executor.options({ priority: 1 }).submit(() => {});
        }
        await executor.shutdown();
      };
      const settle = async (limit, rounds) => {
        for (let i = 0; i < rounds && (cells() > limit || slots() > 1); i++) {
          gc();
          await new Promise((done) => setTimeout(done, 5));
        }
        return cells();
      };
      for (let i = 0; i < 3; i++) await use(true);
      await settle(0, 10);
      const before = cells();
      for (let i = 0; i < 100; i++) await use(i % 10 === 0);
      const after = await settle(before, 300);
      console.log(after <= before ? 'nothing' : 'cells in use before and after: ' + before + ' ' + after);
    `);
    expect(lines).toEqual(['nothing']);
  });

  it('takes a million tasks at once', { timeout: 120_000 }, async () => {
    const lines = await linesOf(`
      import { ThreadPoolExecutor } from 'heddle';
      const executor = new ThreadPoolExecutor({ maxWorkers: 2 });
      const COUNT = 1_000_000;
      const same = (n) => n;
      let sum = 0;
      let settled = 0;
      const add = (future) => { sum += future._outcome; settled++; };
      for (let n = 0; n < COUNT; n++) executor.submit(same, n).addDoneCallback(add);
      await executor.shutdown();
      console.log(settled, sum === COUNT * (COUNT - 1) / 2);
    `);
    expect(lines).toEqual(['1000000 true']);
  });
});
