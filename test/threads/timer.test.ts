import { Event, Queue, Timer } from 'heddle';
import { describe, expect, it } from 'vitest';
import * as work from './fixtures/work.mjs';
import { linesOf } from './program.js';

describe('Timer', () => {
  it('calls its function with its arguments after the interval, in a thread', async () => {
    const queue = new Queue<unknown>();
    const timer = new Timer(50, work.put, [queue, 'now']);
    const began = performance.now();
    await timer.start();
    expect(timer.isAlive()).toBe(true);
    expect(await queue.get()).toBe('now');
    // Node's timers may be a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(48);
    expect(await timer.join()).toBe(true);
    expect(queue.empty()).toBe(true);
  });

  it('never calls it when cancelled before, and ends promptly', async () => {
    const queue = new Queue<unknown>();
    const timer = new Timer(600_000, work.put, [queue, 'never']);
    await timer.start();
    timer.cancel();
    expect(await timer.join({ timeout: 20_000 })).toBe(true);
    expect(queue.empty()).toBe(true);
  });

  it('never calls it when cancelled before the start', async () => {
    const queue = new Queue<unknown>();
    const timer = new Timer(0, work.put, [queue, 'never']);
    timer.cancel();
    await timer.start();
    await timer.join();
    expect(queue.empty()).toBe(true);
  });

  it('does not mind being cancelled after it has fired', async () => {
    const event = new Event();
    event.set();
    const timer = new Timer(0, work.waitSync, [event]);
    await timer.start();
    await timer.join();
    timer.cancel();
    expect(timer.isAlive()).toBe(false);
  });

  it('can be cancelled by other threads, which know it as a Timer', async () => {
    expect(
      await linesOf(`
        import { Thread, Timer } from 'heddle';
        const timer = new Timer(600000, () => console.log('never'));
        await timer.start();
        const thread = new Thread({ target: () => { console.log(timer instanceof Timer); timer.cancel(); } });
        await thread.start();
        console.log(await timer.join());
      `),
    ).toEqual(['true', 'true']);
  });

  it('knows itself in the function it calls', async () => {
    expect(
      await linesOf(`
        import { currentThread, Timer } from 'heddle';
        const timer = new Timer(1, () => console.log(currentThread() === timer, timer instanceof Timer));
        await timer.start();
      `),
    ).toEqual(['true true']);
  });

  it('is named by number and keeps the process alive', async () => {
    expect(
      await linesOf(`
        import { Timer } from 'heddle';
        const timer = new Timer(100, () => console.log('hello, world'));
        await timer.start();
        console.log(timer.name, timer.daemon);
      `),
    ).toEqual(['Thread-1 false', 'hello, world']);
  });

  it.each([
    [['1', () => {}], TypeError],
    [[-1, () => {}], RangeError],
    [[Number.NaN, () => {}], RangeError],
    [[1, 'fn'], TypeError],
    [[1, () => {}, 'args'], TypeError],
  ])('refuses arguments of the wrong kind: %o', (args, error) => {
    expect(() => new Timer(...(args as [number, () => void, []]))).toThrow(error);
  });
});
