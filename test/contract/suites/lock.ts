/** The contract of Lock. */
import { LockNotHeldError, TimeoutError, Value } from 'heddle';
import { Lock } from 'heddle/threading';
import { describe, expect, it } from 'vitest';
import { type Reach, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function lockContract(reach: Reach): void {
  it('is free at first, and held between acquire and release', async () => {
    const lock = new Lock();
    expect(lock.locked()).toBe(false);
    expect(await lock.acquire()).toBe(true);
    expect(lock.locked()).toBe(true);
    lock.release();
    expect(lock.locked()).toBe(false);
  });

  it('is seen as held by the other side', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    expect(await other!.call(lock, 'acquire')).toBe(true);
    expect(lock.locked()).toBe(true);
    expect(lock.tryAcquire()).toBe(false);
    expect(await other!.call(lock, 'locked')).toBe(true);
    await other!.call(lock, 'release');
    expect(lock.tryAcquire()).toBe(true);
    expect(await other!.call(lock, 'tryAcquire')).toBe(false);
  });

  it('goes to who waits for it when it is released', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    lock.acquireSync();
    const acquired = other!.call(lock, 'acquire');
    await until(() => waiters(lock) === 1);
    lock.release();
    expect(await acquired).toBe(true);
    expect(lock.locked()).toBe(true);
  });

  it('goes from the other side to who waits here', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    await other!.call(lock, 'acquire');
    const acquired = lock.acquire();
    expect(waiters(lock)).toBe(1);
    await other!.call(lock, 'release');
    expect(await acquired).toBe(true);
  });

  it('may be released by who did not acquire it', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    lock.acquireSync();
    await other!.call(lock, 'release');
    expect(lock.locked()).toBe(false);
  });

  it('is not reentrant', async () => {
    const lock = new Lock();
    await lock.acquire();
    expect(lock.tryAcquire()).toBe(false);
    expect(await lock.acquire({ timeout: 0 })).toBe(false);
    expect(lock.acquireSync({ timeout: 1 })).toBe(false);
  });

  it('serves those who wait in order of arrival', async () => {
    const others = reach.partners(3);
    const lock = new Lock();
    const order: number[] = [];
    lock.acquireSync();
    const all = others.map(async (other, i) => {
      await until(() => waiters(lock) === i);
      await other.call(lock, 'acquire');
      order.push(i);
    });
    await until(() => waiters(lock) === 3);
    for (let served = 1; served <= 3; served++) {
      lock.release();
      await until(() => order.length === served);
    }
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2]);
  });

  it.runIf(reach.numbers)('lets one in at a time', async () => {
    const others = reach.partners(2);
    const lock = new Lock();
    const counter = new Value('i');
    const count = async (lock: Lock, counter: Value, times: number, blocking: boolean): Promise<void> => {
      for (let i = 0; i < times; i++) {
        if (blocking) lock.acquireSync();
        else await lock.acquire();
        const seen = counter.value;
        if (!blocking && i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
        counter.value = seen + 1;
        lock.release();
      }
    };
    await Promise.all([
      count(lock, counter, 2000, false),
      ...others.map((other) => other.run(count, lock, counter, 2000, reach.blocking)),
    ]);
    expect(counter.value).toBe(6000);
    expect(lock.locked()).toBe(false);
  });

  describe('with a timeout', () => {
    it('gives up when that has passed, and is then not in line any more', async () => {
      const [other] = reach.partners(1);
      const lock = new Lock();
      lock.acquireSync();
      const started = performance.now();
      expect(await other!.call(lock, 'acquire', { timeout: 30 })).toBe(false);
      expect(performance.now() - started).toBeGreaterThan(28);
      expect(waiters(lock)).toBe(0);
      lock.release();
      expect(lock.locked()).toBe(false);
    });

    it('of 0 tries once', async () => {
      const [other] = reach.partners(1);
      const lock = new Lock();
      expect(await other!.call(lock, 'acquire', { timeout: 0 })).toBe(true);
      expect(await other!.call(lock, 'acquire', { timeout: 0 })).toBe(false);
      expect(waiters(lock)).toBe(0);
    });

    it('that is longer than it takes acquires', async () => {
      const [other] = reach.partners(1);
      const lock = new Lock();
      lock.acquireSync();
      const acquired = other!.call(lock, 'acquire', { timeout: 20_000 });
      await until(() => waiters(lock) === 1);
      lock.release();
      expect(await acquired).toBe(true);
    });

    it('of more milliseconds than a timer takes does not end at once', async () => {
      const lock = new Lock();
      lock.acquireSync();
      const acquired = lock.acquire({ timeout: 2 ** 40 });
      await turn();
      expect(waiters(lock)).toBe(1);
      lock.release();
      expect(await acquired).toBe(true);
    });

    it('of Infinity waits for ever', async () => {
      const lock = new Lock();
      lock.acquireSync();
      const acquired = lock.acquire({ timeout: Number.POSITIVE_INFINITY });
      lock.release();
      expect(await acquired).toBe(true);
    });

    it('leaves the line as it was for the others', async () => {
      const [first, second] = reach.partners(2);
      const lock = new Lock();
      lock.acquireSync();
      const gaveUp = first!.call(lock, 'acquire', { timeout: 50 });
      let over = false;
      void gaveUp.then(() => {
        over = true;
      });
      // On a busy machine it may have come and gone.
      await until(() => over || waiters(lock) === 1);
      const acquired = second!.call(lock, 'acquire');
      expect(await gaveUp).toBe(false);
      await until(() => waiters(lock) === 1);
      lock.release();
      expect(await acquired).toBe(true);
    });
  });

  describe('with a signal', () => {
    it('rejects with the reason of the abort, and is then not in line any more', async () => {
      const lock = new Lock();
      await reach.partners(1)[0]!.call(lock, 'acquire');
      const controller = new AbortController();
      const acquired = lock.acquire({ signal: controller.signal });
      const reason = new Error('changed my mind');
      controller.abort(reason);
      await expect(acquired).rejects.toBe(reason);
      expect(waiters(lock)).toBe(0);
    });

    it('keeps a lock that was granted before the abort', async () => {
      const lock = new Lock();
      lock.acquireSync();
      const controller = new AbortController();
      const acquired = lock.acquire({ signal: controller.signal });
      lock.release();
      controller.abort();
      expect(await acquired).toBe(true);
      expect(lock.locked()).toBe(true);
    });

    it('pays no attention to an abort after it was acquired', async () => {
      const lock = new Lock();
      const controller = new AbortController();
      expect(await lock.acquire({ signal: controller.signal, timeout: 1000 })).toBe(true);
      controller.abort();
      await turn();
      expect(lock.locked()).toBe(true);
    });
  });

  waitOptionsContract(
    (options) => new Lock().acquire(options),
    (options) => new Lock().acquireSync(options),
  );

  it('refuses a release when it is not held', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    expect(() => lock.release()).toThrow(LockNotHeldError);
    await expect(other!.call(lock, 'release')).rejects.toThrow(LockNotHeldError);
    expect(await lock.acquire()).toBe(true);
    lock.release();
    expect(() => lock.release()).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_LOCK_NOT_HELD' }));
  });

  describe('withLock', () => {
    it('holds the lock until what the function returned has settled, and passes that on', async () => {
      const [other] = reach.partners(1);
      const lock = new Lock();
      const value = await lock.withLock(async () => {
        expect(await other!.call(lock, 'tryAcquire')).toBe(false);
        return 42;
      });
      expect(value).toBe(42);
      expect(lock.locked()).toBe(false);
    });

    it('releases when the function throws or rejects', async () => {
      const lock = new Lock();
      const failure = new Error('failed');
      const fail = (): never => {
        throw failure;
      };
      await expect(lock.withLock(fail)).rejects.toBe(failure);
      await expect(lock.withLock(async () => fail())).rejects.toBe(failure);
      expect(() => lock.withLockSync(fail)).toThrow(failure);
      expect(lock.locked()).toBe(false);
    });

    it('does not call the function when the lock is not acquired in time', async () => {
      const lock = new Lock();
      await reach.partners(1)[0]!.call(lock, 'acquire');
      const never = (): never => expect.unreachable();
      await expect(lock.withLock(never, { timeout: 5 })).rejects.toThrow(TimeoutError);
      expect(() => lock.withLockSync(never, { timeout: 5 })).toThrow('the lock was not acquired within 5 ms');
    });

    it('refuses what is no function', async () => {
      const lock = new Lock();
      await expect(lock.withLock(5 as never)).rejects.toThrow('fn must be a function, got 5');
      expect(() => lock.withLockSync(undefined as never)).toThrow(TypeError);
      expect(lock.locked()).toBe(false);
    });
  });

  describe('a guard', () => {
    it('holds the lock for its block', async () => {
      const lock = new Lock();
      {
        using _ = await lock.guard();
        expect(lock.locked()).toBe(true);
      }
      expect(lock.locked()).toBe(false);
      {
        using _ = lock.guardSync();
        expect(lock.locked()).toBe(true);
      }
      expect(lock.locked()).toBe(false);
      {
        await using _ = await lock.guard();
        expect(lock.locked()).toBe(true);
      }
      expect(lock.locked()).toBe(false);
    });

    it('can be released early, once', async () => {
      const lock = new Lock();
      {
        using guard = await lock.guard();
        guard.release();
        expect(lock.locked()).toBe(false);
        guard.release();
        lock.acquireSync();
      }
      expect(lock.locked()).toBe(true);
    });

    it('is refused when the lock is not acquired in time', async () => {
      const lock = new Lock();
      lock.acquireSync();
      await expect(lock.guard({ timeout: 1 })).rejects.toThrow(TimeoutError);
      expect(() => lock.guardSync({ timeout: 1 })).toThrow(TimeoutError);
    });
  });
}
