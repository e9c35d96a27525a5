/** The contract of Semaphore and BoundedSemaphore. */
import { SemaphoreOverflowError, TimeoutError, Value } from 'heddle';
import { BoundedSemaphore, Semaphore } from 'heddle/threading';
import { describe, expect, it } from 'vitest';
import { type Reach, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function semaphoreContract(reach: Reach): void {
  it('has one permit unless told otherwise', () => {
    expect(new Semaphore().getValue()).toBe(1);
    expect(new BoundedSemaphore().getValue()).toBe(1);
    expect(new Semaphore(0).getValue()).toBe(0);
    expect(new Semaphore(7).getValue()).toBe(7);
  });

  it.each([Semaphore, BoundedSemaphore])('refuses a start that is no integer of at least 0: %o', (Class) => {
    expect(() => new Class(-1)).toThrow(RangeError);
    expect(() => new Class(-1)).toThrow('value must be at least 0, got -1');
    expect(() => new Class(1.5)).toThrow('value must be an integer, got 1.5');
    expect(() => new Class(Number.NaN)).toThrow(RangeError);
    expect(() => new Class(2 ** 31)).toThrow(RangeError);
    expect(() => new Class('1' as never)).toThrow(TypeError);
  });

  it('gives each permit once, to either side', async () => {
    const [other] = reach.partners(1);
    const semaphore = new Semaphore(2);
    expect(await semaphore.acquire()).toBe(true);
    expect(await other!.call(semaphore, 'acquire')).toBe(true);
    expect(semaphore.tryAcquire()).toBe(false);
    expect(await other!.call(semaphore, 'tryAcquire')).toBe(false);
    expect(semaphore.getValue()).toBe(0);
    await other!.call(semaphore, 'release');
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it('can be released without having been acquired', async () => {
    const semaphore = new Semaphore(0);
    await reach.partners(1)[0]!.call(semaphore, 'release');
    expect(semaphore.getValue()).toBe(1);
    semaphore.release(3);
    expect(semaphore.getValue()).toBe(4);
  });

  it('hands released permits to those who wait, in order of arrival', async () => {
    const others = reach.partners(4);
    const semaphore = new Semaphore(0);
    const order: number[] = [];
    const all = others.map(async (other, i) => {
      await until(() => waiters(semaphore) === i);
      await other.call(semaphore, 'acquire');
      order.push(i);
    });
    await until(() => waiters(semaphore) === 4);
    semaphore.release();
    await until(() => order.length === 1);
    expect(waiters(semaphore)).toBe(3);
    semaphore.release();
    await until(() => order.length === 2);
    semaphore.release(3);
    await Promise.all(all);
    expect(order.slice(0, 2)).toEqual([0, 1]);
    expect(order.slice(2).sort()).toEqual([2, 3]);
    expect(semaphore.getValue()).toBe(1);
  });

  it('does not let who comes later have a permit that somebody waits for', async () => {
    const [other] = reach.partners(1);
    const semaphore = new Semaphore(0);
    const acquired = other!.call(semaphore, 'acquire');
    await until(() => waiters(semaphore) === 1);
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(false);
    expect(await acquired).toBe(true);
  });

  it.runIf(reach.numbers)('lets no more in than it has permits', async () => {
    const others = reach.partners(3);
    const semaphore = new Semaphore(2);
    const [inside, most] = [new Value('i'), new Value('i')];
    const work = async (semaphore: Semaphore, inside: Value, most: Value, blocking: boolean): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        if (blocking) semaphore.acquireSync();
        else await semaphore.acquire();
        const now = inside.add(1) + 1;
        for (let seen = most.value; now > seen; seen = most.value) most.compareExchange(seen, now);
        if (!blocking && i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
        inside.add(-1);
        semaphore.release();
      }
    };
    await Promise.all([
      work(semaphore, inside, most, false),
      ...others.map((other) => other.run(work, semaphore, inside, most, reach.blocking)),
    ]);
    expect(inside.value).toBe(0);
    expect(most.value).toBeLessThanOrEqual(2);
    expect(semaphore.getValue()).toBe(2);
  });

  it('gives up when the timeout has passed, and takes no permit', async () => {
    const [other] = reach.partners(1);
    const semaphore = new Semaphore(0);
    expect(await other!.call(semaphore, 'acquire', { timeout: 20 })).toBe(false);
    expect(await other!.call(semaphore, 'acquire', { timeout: 0 })).toBe(false);
    expect(waiters(semaphore)).toBe(0);
    semaphore.release();
    expect(semaphore.getValue()).toBe(1);
    expect(await other!.call(semaphore, 'acquire', { timeout: 0 })).toBe(true);
  });

  it('rejects with the reason of an abort, and takes no permit', async () => {
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const acquired = semaphore.acquire({ signal: controller.signal });
    controller.abort('enough');
    await expect(acquired).rejects.toBe('enough');
    semaphore.release();
    expect(semaphore.getValue()).toBe(1);
  });

  it('keeps a permit that was granted before the abort', async () => {
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const acquired = semaphore.acquire({ signal: controller.signal, timeout: 60_000 });
    semaphore.release();
    controller.abort();
    expect(await acquired).toBe(true);
    await turn();
    expect(semaphore.getValue()).toBe(0);
  });

  waitOptionsContract(
    (options) => new Semaphore().acquire(options),
    (options) => new Semaphore().acquireSync(options),
  );

  it.each([0, -1, 1.5, Number.NaN])('refuses to release %s permits', (n) => {
    const semaphore = new Semaphore(1);
    expect(() => semaphore.release(n)).toThrow(RangeError);
    expect(() => semaphore.release('1' as never)).toThrow("n must be an integer, got '1'");
    expect(semaphore.getValue()).toBe(1);
  });

  it('refuses more permits than it can count', () => {
    const semaphore = new Semaphore(2 ** 30 - 1);
    expect(() => semaphore.release()).toThrow(SemaphoreOverflowError);
    expect(semaphore.getValue()).toBe(2 ** 30 - 1);
  });

  it('holds a permit during withPermit, and for the block of a guard', async () => {
    const semaphore = new Semaphore(1);
    expect(await semaphore.withPermit(() => semaphore.getValue())).toBe(0);
    expect(semaphore.withPermitSync(() => semaphore.getValue())).toBe(0);
    await expect(semaphore.withPermit(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    {
      using _ = await semaphore.guard();
      expect(semaphore.getValue()).toBe(0);
      await expect(semaphore.withPermit(() => 0, { timeout: 1 })).rejects.toThrow(TimeoutError);
      expect(() => semaphore.withPermitSync(() => 0, { timeout: 1 })).toThrow(TimeoutError);
      await expect(semaphore.guard({ timeout: 1 })).rejects.toThrow('no permit was acquired within 1 ms');
    }
    {
      using _ = semaphore.guardSync();
      expect(() => semaphore.guardSync({ timeout: 1 })).toThrow(TimeoutError);
    }
    expect(semaphore.getValue()).toBe(1);
    await expect(semaphore.withPermit(1 as never)).rejects.toThrow(TypeError);
    expect(semaphore.getValue()).toBe(1);
  });

  describe('bounded', () => {
    it('refuses a release beyond its start, and is then as before', async () => {
      const [other] = reach.partners(1);
      const semaphore = new BoundedSemaphore(2);
      expect(() => semaphore.release()).toThrow(SemaphoreOverflowError);
      await expect(other!.call(semaphore, 'release')).rejects.toThrow(SemaphoreOverflowError);
      expect(semaphore.getValue()).toBe(2);
      semaphore.acquireSync();
      expect(() => semaphore.release(2)).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_SEMAPHORE_OVERFLOW' }));
      expect(semaphore.getValue()).toBe(1);
      await other!.call(semaphore, 'release');
      expect(semaphore.getValue()).toBe(2);
    });

    it('counts the permits that a release gives to those who wait', async () => {
      const [other] = reach.partners(1);
      const semaphore = new BoundedSemaphore(1);
      semaphore.acquireSync();
      const acquired = other!.call(semaphore, 'acquire');
      await until(() => waiters(semaphore) === 1);
      semaphore.release();
      expect(await acquired).toBe(true);
      expect(semaphore.getValue()).toBe(0);
      semaphore.release();
      expect(() => semaphore.release()).toThrow(SemaphoreOverflowError);
    });

    it('of 0 can neither be acquired nor released', async () => {
      const semaphore = new BoundedSemaphore(0);
      expect(semaphore.tryAcquire()).toBe(false);
      expect(() => semaphore.release()).toThrow(SemaphoreOverflowError);
      const acquired = semaphore.acquire({ timeout: 5 });
      expect(() => semaphore.release()).toThrow(SemaphoreOverflowError);
      expect(await acquired).toBe(false);
    });

    it('is a Semaphore', () => {
      expect(new BoundedSemaphore()).toBeInstanceOf(Semaphore);
    });
  });
}
