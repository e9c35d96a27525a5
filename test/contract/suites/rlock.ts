/** The contract of RLock. */
import { DeadlockError, LockNotHeldError, NotOwnerError, TimeoutError, Value } from 'heddle';
import { RLock } from 'heddle/threading';
import { describe, expect, it } from 'vitest';
import { type Reach, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function rlockContract(reach: Reach): void {
  /** The other side of a `task` is the same thread, which owns what this side has acquired. */
  const sameThread = reach.name === 'task';

  it('can be acquired again by the thread that holds it, and is free after as many releases', async () => {
    const lock = new RLock();
    expect(lock.acquireSync()).toBe(true);
    expect(await lock.acquire()).toBe(true);
    expect(lock.tryAcquire()).toBe(true);
    for (const held of [true, true, false]) {
      lock.release();
      expect(lock.locked()).toBe(held);
    }
  });

  it.skipIf(sameThread)('keeps other threads out', async () => {
    const [other] = reach.partners(1);
    const lock = new RLock();
    lock.acquireSync();
    expect(await other!.call(lock, 'tryAcquire')).toBe(false);
    expect(await other!.call(lock, 'acquire', { timeout: 10 })).toBe(false);
    expect(await other!.call(lock, 'locked')).toBe(true);
    lock.acquireSync();
    lock.release();
    const acquired = other!.call(lock, 'acquire');
    await until(() => waiters(lock) === 1);
    lock.release();
    expect(await acquired).toBe(true);
    expect(lock.tryAcquire()).toBe(false);
    expect(await other!.call(lock, 'tryAcquire')).toBe(true);
    await other!.call(lock, 'release');
    expect(lock.locked()).toBe(true);
    await other!.call(lock, 'release');
    expect(lock.locked()).toBe(false);
  });

  it.skipIf(sameThread)('refuses the release by a thread that does not own it', async () => {
    const [other] = reach.partners(1);
    const lock = new RLock();
    lock.acquireSync();
    await expect(other!.call(lock, 'release')).rejects.toThrow(NotOwnerError);
    expect(lock.locked()).toBe(true);
    lock.release();
    await other!.call(lock, 'acquire');
    expect(() => lock.release()).toThrow('release of an RLock that another thread or scope holds');
  });

  it('refuses a release when it is not held', () => {
    const lock = new RLock();
    expect(() => lock.release()).toThrow(NotOwnerError);
    expect(() => lock.release()).toThrow(LockNotHeldError);
    expect(() => lock.release()).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_NOT_OWNER' }));
  });

  it.runIf(reach.numbers)('lets one thread in at a time, however deep', async () => {
    const others = reach.partners(2);
    const lock = new RLock();
    const counter = new Value('i');
    const count = async (lock: RLock, counter: Value, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await lock.withLock(() =>
          lock.withLock(async () => {
            const seen = counter.value;
            if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
            lock.withLockSync(() => {
              counter.value = seen + 1;
            });
          }),
        );
      }
    };
    await Promise.all([count(lock, counter, 500), ...others.map((other) => other.run(count, lock, counter, 500))]);
    expect(counter.value).toBe(1500);
    expect(lock.locked()).toBe(false);
  });

  waitOptionsContract(
    (options) => new RLock().acquire(options),
    (options) => new RLock().acquireSync(options),
  );

  describe('in async code', () => {
    it('belongs to the scope of withLock: what it calls and awaits can enter again', async () => {
      const lock = new RLock();
      const enter = async (depth: number): Promise<number> => {
        await turn();
        return depth === 0 ? 0 : 1 + (await lock.withLock(() => enter(depth - 1)));
      };
      expect(await enter(5)).toBe(5);
      await lock.withLock(async () => {
        expect(await lock.acquire()).toBe(true);
        await turn();
        expect(lock.tryAcquire()).toBe(true);
        lock.release();
        lock.release();
        expect(lock.locked()).toBe(true);
      });
      expect(lock.locked()).toBe(false);
    });

    it('keeps tasks in scopes of their own apart', async () => {
      const lock = new RLock();
      const log: string[] = [];
      const work = (name: string): Promise<void> =>
        lock.withLock(async () => {
          log.push(`${name} in`);
          await turn();
          await lock.withLock(turn);
          log.push(`${name} out`);
        });
      await Promise.all([work('a'), work('b'), work('c')]);
      expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
    });

    it('keeps tasks apart that are begun side by side within a scope of another lock', async () => {
      const [outer, inner] = [new RLock(), new RLock()];
      let inside = 0;
      const work = (): Promise<void> =>
        inner.withLock(async () => {
          expect(++inside).toBe(1);
          await turn();
          inside--;
        });
      await outer.withLock(() => Promise.all([work(), work(), work()]));
    });

    it('is not owned in a scope because the thread holds it outside', async () => {
      const lock = new RLock();
      lock.acquireSync();
      const entered = lock.withLock(() => 'entered');
      await turn();
      expect(waiters(lock)).toBe(1);
      lock.release();
      expect(await entered).toBe('entered');
    });

    it('is not owned outside of the scope that holds it', async () => {
      const lock = new RLock();
      let leave = (): void => {};
      const held = lock.withLock(() => new Promise<void>((resolve) => (leave = resolve)));
      await turn();
      expect(lock.tryAcquire()).toBe(false);
      expect(() => lock.release()).toThrow(NotOwnerError);
      leave();
      await held;
    });

    it('is not owned any more by what a scope left behind', async () => {
      const lock = new RLock();
      let tryLater = (): void => {};
      let leftBehind: Promise<boolean> | undefined;
      await lock.withLock(() => {
        leftBehind = new Promise<void>((resolve) => (tryLater = resolve)).then(() => lock.tryAcquire());
      });
      await lock.withLock(async () => {
        tryLater();
        expect(await leftBehind).toBe(false);
      });
    });

    it('belongs to the rest of the block of a guard', async () => {
      const lock = new RLock();
      const log: string[] = [];
      const work = async (name: string): Promise<void> => {
        using _ = await lock.guard();
        log.push(`${name} in`);
        await turn();
        {
          using _ = await lock.guard();
          await turn();
        }
        expect(lock.locked()).toBe(true);
        expect(await lock.withLock(() => name)).toBe(name);
        await turn();
        log.push(`${name} out`);
      };
      await Promise.all([work('a'), work('b'), work('c')]);
      expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
      expect(lock.locked()).toBe(false);
      expect(lock.tryAcquire()).toBe(true);
    });

    it('does not belong to who called the function with the guard, nor to code after its block', async () => {
      const lock = new RLock();
      let leave = (): void => {};
      const work = async (): Promise<boolean> => {
        {
          using _ = await lock.guard();
          await new Promise<void>((resolve) => (leave = resolve));
        }
        lock.acquireSync();
        const held = lock.locked();
        lock.release();
        return held;
      };
      const working = work();
      await turn();
      expect(lock.tryAcquire()).toBe(false);
      leave();
      expect(await working).toBe(true);
    });

    it('belongs to what a guard runs', async () => {
      const lock = new RLock();
      const guard = await lock.guard();
      expect(await guard.run(() => turn().then(() => lock.tryAcquire()))).toBe(true);
      guard.run(() => lock.release());
      expect(lock.tryAcquire()).toBe(false);
      guard.release();
      expect(lock.locked()).toBe(false);
    });

    it('is not waited for by a blocked thread whose own async code holds it', async () => {
      const lock = new RLock();
      const guard = await lock.guard();
      expect(() => lock.acquireSync()).toThrow(DeadlockError);
      expect(lock.acquireSync({ timeout: 5 })).toBe(false);
      guard.release();
      expect(lock.acquireSync()).toBe(true);
    });
  });

  it('passes on what withLock and withLockSync return or throw', async () => {
    const lock = new RLock();
    expect(await lock.withLock(() => 1)).toBe(1);
    expect(lock.withLockSync(() => 2)).toBe(2);
    await expect(lock.withLock(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(lock.locked()).toBe(false);
  });

  it.skipIf(sameThread)('times out and aborts as a Lock', async () => {
    const [other] = reach.partners(1);
    const lock = new RLock();
    await other!.call(lock, 'acquire');
    expect(await lock.acquire({ timeout: 5 })).toBe(false);
    expect(lock.acquireSync({ timeout: 5 })).toBe(false);
    await expect(lock.withLock(() => 0, { timeout: 5 })).rejects.toThrow(TimeoutError);
    await expect(lock.guard({ timeout: 5 })).rejects.toThrow(TimeoutError);
    expect(() => lock.guardSync({ timeout: 5 })).toThrow(TimeoutError);
    const controller = new AbortController();
    const acquired = lock.acquire({ signal: controller.signal });
    controller.abort('enough');
    await expect(acquired).rejects.toBe('enough');
    expect(waiters(lock)).toBe(0);
    await other!.call(lock, 'release');
    expect(lock.locked()).toBe(false);
  });
}
