/** The contract of Condition. */
import { LockNotHeldError, NotOwnerError, Value } from 'heddle';
import { Condition, Event, Lock, RLock } from 'heddle/threading';
import { describe, expect, it } from 'vitest';
import { type Reach, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

/** Waits on the condition as a thread would: acquire, wait, release. */
async function waitOnce(condition: Condition, timeout: number | undefined, blocking: boolean): Promise<boolean> {
  if (blocking) return condition.withLockSync(() => condition.waitSync({ timeout }));
  return condition.withLock(() => condition.wait({ timeout }));
}

const LOCKS: readonly [string, () => Lock | RLock | undefined][] = [
  ['a Lock', () => new Lock()],
  ['an RLock', () => new RLock()],
  ['its own RLock', () => undefined],
];

export function conditionContract(reach: Reach): void {
  describe.each(LOCKS)('of %s', (_name, makeLock) => {
    it('wakes who waits when notified, once the lock is free', async () => {
      const [other] = reach.partners(1);
      const condition = new Condition(makeLock());
      const waiting = other!.run(waitOnce, condition, undefined, reach.blocking);
      await until(() => waiters(condition) === 1);
      let woken = false;
      void waiting.then(() => (woken = true));
      await condition.withLock(async () => {
        condition.notify();
        expect(waiters(condition)).toBe(0);
        await turn();
        await turn();
        expect(woken).toBe(false);
      });
      expect(await waiting).toBe(true);
      expect(condition.locked()).toBe(false);
    });

    it('is free while waited on, and held again afterwards', async () => {
      const [other] = reach.partners(1);
      const condition = new Condition(makeLock());
      await condition.withLock(async () => {
        const waiting = condition.wait();
        expect(condition.locked()).toBe(false);
        await other!.run(
          (condition) =>
            condition.withLock(() => {
              condition.notify();
            }),
          condition,
        );
        expect(await waiting).toBe(true);
        expect(condition.locked()).toBe(true);
      });
      expect(condition.locked()).toBe(false);
    });

    it('wakes as many as are notified, in order of arrival', async () => {
      const others = reach.partners(4);
      const condition = new Condition(makeLock());
      const order: number[] = [];
      const all = others.map(async (other, i) => {
        await until(() => waiters(condition) === i);
        expect(await other.run(waitOnce, condition, undefined, reach.blocking)).toBe(true);
        order.push(i);
      });
      await until(() => waiters(condition) === 4);
      await condition.withLock(() => condition.notify());
      await until(() => order.length === 1);
      await condition.withLock(() => condition.notify(2));
      await until(() => order.length === 3);
      expect(waiters(condition)).toBe(1);
      await condition.withLock(() => condition.notify(100));
      await Promise.all(all);
      expect(order[0]).toBe(0);
      expect(order.slice(1, 3).sort()).toEqual([1, 2]);
      expect(order[3]).toBe(3);
    });

    it('wakes everybody with notifyAll', async () => {
      const others = reach.partners(3);
      const condition = new Condition(makeLock());
      const all = others.map((other) => other.run(waitOnce, condition, undefined, reach.blocking));
      await until(() => waiters(condition) === 3);
      await condition.withLock(() => condition.notifyAll());
      expect(await Promise.all(all)).toEqual([true, true, true]);
    });

    it('does not keep a notification that nobody waited for', async () => {
      const condition = new Condition(makeLock());
      await condition.withLock(async () => {
        condition.notify();
        condition.notifyAll();
        expect(await condition.wait({ timeout: 5 })).toBe(false);
        expect(condition.waitSync({ timeout: 5 })).toBe(false);
        expect(condition.locked()).toBe(true);
      });
    });

    it('gives up with false when the timeout has passed, holding the lock', async () => {
      const [other] = reach.partners(1);
      const condition = new Condition(makeLock());
      expect(await other!.run(waitOnce, condition, 20, reach.blocking)).toBe(false);
      expect(await other!.run(waitOnce, condition, 0, reach.blocking)).toBe(false);
      expect(condition.locked()).toBe(false);
      expect(waiters(condition)).toBe(0);
    });

    it('takes the lock again before it says that the timeout has passed', async () => {
      const [other] = reach.partners(1);
      const lock = makeLock() ?? new RLock();
      const condition = new Condition(lock);
      let gaveUp = false;
      // Long enough to be seen waiting, also on a busy machine.
      const waiting = other!.run(waitOnce, condition, 500, reach.blocking).then((woken) => {
        gaveUp = true;
        return woken;
      });
      await until(() => waiters(condition) === 1 && !lock.locked());
      await lock.withLock(async () => {
        await until(() => waiters(condition) === 0 && waiters(lock) === 1);
        await turn();
        expect(gaveUp).toBe(false);
      });
      expect(await waiting).toBe(false);
    });

    it('rejects with the reason of an abort, holding the lock', async () => {
      const condition = new Condition(makeLock());
      const controller = new AbortController();
      await condition.withLock(async () => {
        const waiting = condition.wait({ signal: controller.signal });
        controller.abort('enough');
        await expect(waiting).rejects.toBe('enough');
        expect(condition.locked()).toBe(true);
        const reason = new Error('aborted before');
        await expect(condition.wait({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        expect(condition.locked()).toBe(true);
      });
      expect(condition.locked()).toBe(false);
    });

    it('counts as woken who was notified before the abort', async () => {
      const condition = new Condition(makeLock());
      const controller = new AbortController();
      await condition.withLock(async () => {
        const waiting = condition.wait({ signal: controller.signal });
        condition.acquireSync();
        condition.notify();
        condition.release();
        controller.abort();
        expect(await waiting).toBe(true);
      });
    });

    it.runIf(reach.numbers)('waits until a predicate holds, and returns what it returned', async () => {
      const [other] = reach.partners(1);
      const condition = new Condition(makeLock());
      const level = new Value('i');
      const waiting = other!.run(
        async (condition, level, blocking) => {
          if (blocking)
            return condition.withLockSync(() =>
              condition.waitForSync(() => level.value >= 3 && `level ${level.value}`),
            );
          return condition.withLock(() => condition.waitFor(() => level.value >= 3 && `level ${level.value}`));
        },
        condition,
        level,
        reach.blocking,
      );
      for (let i = 1; i <= 3; i++) {
        await until(() => waiters(condition) === 1);
        await condition.withLock(() => {
          level.value = i;
          condition.notify();
        });
      }
      expect(await waiting).toBe('level 3');
    });

    it('returns the last value of a predicate that did not hold in time', async () => {
      const condition = new Condition(makeLock());
      let calls = 0;
      await condition.withLock(async () => {
        expect(await condition.waitFor(() => calls++ < 0, { timeout: 10 })).toBe(false);
        expect(calls).toBe(2);
        expect(condition.waitForSync(() => '', { timeout: 10 })).toBe('');
        expect(await condition.waitFor(() => null, { timeout: 0 })).toBe(null);
        expect(await condition.waitFor(async () => 'at once', { timeout: 0 })).toBe('at once');
      });
    });
  });

  it('refuses to wait or notify when a Lock is not held', async () => {
    const condition = new Condition(new Lock());
    await expect(condition.wait()).rejects.toThrow(LockNotHeldError);
    expect(() => condition.waitSync()).toThrow('wait on a condition whose lock is not held');
    await expect(condition.waitFor(() => true)).rejects.toThrow(LockNotHeldError);
    expect(() => condition.waitForSync(() => true)).toThrow(LockNotHeldError);
    expect(() => condition.notify()).toThrow('notify on a condition whose lock is not held');
    expect(() => condition.notifyAll()).toThrow(LockNotHeldError);
    expect(() => condition.release()).toThrow(LockNotHeldError);
  });

  it('refuses to wait or notify when the caller does not own the RLock', async () => {
    const [other] = reach.partners(1);
    const condition = new Condition();
    const refused = async (): Promise<void> => {
      await expect(condition.wait()).rejects.toThrow(NotOwnerError);
      expect(() => condition.waitSync()).toThrow(NotOwnerError);
      expect(() => condition.notify()).toThrow(NotOwnerError);
      expect(() => condition.notifyAll()).toThrow(NotOwnerError);
    };
    await refused();
    const end = new Event();
    const held = other!.run((condition, end) => condition.withLock(() => end.wait()), condition, end);
    await until(() => condition.locked());
    await refused();
    end.set();
    await held;
  });

  it('gives up an RLock completely, and holds it again as often', async () => {
    const [other] = reach.partners(1);
    const lock = new RLock();
    const condition = new Condition(lock);
    await lock.withLock(async () => {
      await lock.acquire();
      lock.acquireSync();
      const waiting = condition.wait();
      expect(lock.locked()).toBe(false);
      await other!.run((condition) => condition.withLock(() => condition.notify()), condition);
      expect(await waiting).toBe(true);
      lock.release();
      lock.release();
      expect(lock.locked()).toBe(true);
    });
    expect(lock.locked()).toBe(false);
  });

  it('gives up an RLock that a thread holds several times, blocking', async () => {
    const condition = new Condition();
    condition.acquireSync();
    condition.acquireSync();
    expect(condition.waitSync({ timeout: 1 })).toBe(false);
    condition.release();
    expect(condition.locked()).toBe(true);
    condition.release();
    expect(condition.locked()).toBe(false);
  });

  it('keeps its lock on its way to the other side and back', async () => {
    const [other] = reach.partners(1);
    const lock = new Lock();
    const condition = new Condition(lock);
    const echo = await other!.run((pair) => pair, [condition, lock] as const);
    expect(echo[0]).toBe(condition);
    expect(echo[1]).toBe(lock);
    expect(await other!.run((condition, lock) => lock.tryAcquire() && condition.locked(), condition, lock)).toBe(true);
    expect(condition.locked()).toBe(true);
  });

  it('may share its lock with others', async () => {
    const lock = new Lock();
    const [notEmpty, notFull] = [new Condition(lock), new Condition(lock)];
    await lock.withLock(async () => {
      const waiting = notFull.wait({ timeout: 5 });
      await notEmpty.acquire();
      notEmpty.notifyAll();
      notEmpty.release();
      expect(await waiting).toBe(false);
    });
  });

  it('refuses what is no lock', () => {
    expect(() => new Condition({} as never)).toThrow('lock must be a Lock or an RLock, got {}');
    expect(() => new Condition(null as never)).toThrow(TypeError);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to notify %s', async (n) => {
    const condition = new Condition();
    await condition.withLock(() => {
      expect(() => condition.notify(n)).toThrow(RangeError);
      expect(() => condition.notify('1' as never)).toThrow(TypeError);
    });
  });

  it('refuses a predicate that is no function', async () => {
    const condition = new Condition();
    await expect(condition.waitFor(true as never)).rejects.toThrow('predicate must be a function, got true');
    expect(() => condition.waitForSync(true as never)).toThrow(TypeError);
  });

  const held = (): Condition => {
    const condition = new Condition();
    condition.acquireSync();
    return condition;
  };
  describe('wait', () => {
    waitOptionsContract(
      (options) => held().wait(options),
      (options) => held().waitSync(options),
    );
  });
  describe('waitFor', () => {
    waitOptionsContract(
      (options) => held().waitFor(() => true, options),
      (options) => held().waitForSync(() => true, options),
    );
  });
}
