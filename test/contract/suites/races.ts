/**
 * Timeouts and aborts that race grants. Whatever wins, nothing is lost and nothing is doubled: at the
 * end there are as many permits, items and places as at the start.
 *
 * In each race this side waits and gives up after a moment that is varied, while the other side grants
 * at its own pace. In the same event loop, the order is drawn at random (from a fixed seed).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenBarrierError,
  Event,
  Lock,
  QueueEmptyError,
  QueueFullError,
  RLock,
  Semaphore,
  TimeoutError,
  Value,
} from 'heddle';
import { Queue } from 'heddle/queue';
import { Barrier, Condition } from 'heddle/threading';
import { expect, it } from 'vitest';
import { Queue as Word } from '#dist/memory/layout.js';
import { type Partner, type Reach, turn, waiters } from '../reach.js';

/** Races of each kind and reach, and more until both sides have won some. 3 reaches × 9 kinds × 4000 = 108,000, on each engine. */
const RACES = 4000;
/** Those with timeouts take longer: a timer takes a millisecond, which so many waits share. */
const BATCHES = 15;
const BATCH = 20;

const GAVE_UP = Symbol('gave up');

/** A small generator of random numbers from 0 to 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Spins for up to `rounds` looks at a number, so that it takes a varying moment. */
function linger(rounds: number): void {
  for (let i = 0; i < rounds; i++) Math.imul(i, i);
}

/**
 * Runs the races: begins a wait, then aborts it at a moment of chance. `grant` is what the other side
 * does in the same event loop; in other threads it is at work all the time.
 */
async function race(
  reach: Reach,
  begin: (signal: AbortSignal) => Promise<unknown>,
  grant: () => void,
  granted: (result: unknown) => void | Promise<void>,
): Promise<void> {
  const chance = random(12345);
  let [grants, aborts] = [0, 0];
  while (grants + aborts < RACES || grants === 0 || aborts === 0) {
    const controller = new AbortController();
    const waiting = begin(controller.signal);
    const result = waiting.catch((error: unknown) => {
      if (error !== GAVE_UP) throw error;
      return GAVE_UP;
    });
    if (reach.name === 'task') {
      const steps = [grant, () => controller.abort(GAVE_UP)];
      if (chance() < 0.5) steps.reverse();
      for (const step of steps) {
        step();
        if (chance() < 0.3) await null;
        if (chance() < 0.1) await turn();
      }
    } else {
      // The longer, the longer nothing has been granted.
      const patience = grants > 0 ? 1 : 1 + (aborts / 500) ** 2;
      linger(chance() * 3000 * patience);
      if (chance() < 0.2) await null;
      if (chance() < 0.05 * patience) await turn();
      controller.abort(GAVE_UP);
    }
    const value = await result;
    if (value === GAVE_UP) aborts++;
    else {
      grants++;
      await granted(value);
    }
  }
}

/** The same with timeouts of a millisecond or two, a batch at a time. `begin` resolves with GAVE_UP when it times out. */
async function raceTimeouts(
  reach: Reach,
  begin: (timeout: number, chance: () => number) => Promise<unknown>,
  grant: () => unknown,
): Promise<void> {
  const chance = random(54321);
  let [grants, timeouts] = [0, 0];
  for (let batch = 0; batch < BATCHES || grants === 0 || timeouts === 0; batch++) {
    const waits = Array.from({ length: BATCH }, () => begin(0.5 + chance(), chance));
    if (reach.name === 'task') {
      await sleep(chance() * 3);
      await grant();
    }
    for (const result of await Promise.all(waits)) {
      if (result === GAVE_UP) timeouts++;
      else grants++;
    }
  }
}

/** Keeps what was granted, sometimes long enough for others to time out. */
async function keep(chance: () => number): Promise<void> {
  if (chance() < 0.2) await sleep(1);
}

/** Turns an error of that class, which tells of a timeout, into GAVE_UP. */
function ifTimedOut(kind: new (...args: never[]) => Error): (error: unknown) => typeof GAVE_UP {
  return (error) => {
    if (!(error instanceof kind)) throw error;
    return GAVE_UP;
  };
}

/** Sets `stop`, and waits for the others to have seen it. */
async function finish(stop: Value, atWork: Promise<unknown>[]): Promise<void> {
  stop.value = 1;
  await Promise.all(atWork);
}

export function racesContract(reach: Reach): void {
  const isTask = reach.name === 'task';
  const others = (): Partner[] => (isTask ? [] : reach.partners(2));

  it('a Lock is held by nobody or by one, and is free at the end', async () => {
    const [lock, stop] = [new Lock(), new Value('i')];
    const atWork = others().map((other) =>
      other.run(
        async (lock, stop, blocking) => {
          while (stop.value === 0) {
            if (blocking) lock.acquireSync();
            else await lock.acquire();
            lock.release();
            if (!blocking) await new Promise((resolve) => setImmediate(resolve));
          }
        },
        lock,
        stop,
        reach.blocking,
      ),
    );
    await race(
      reach,
      (signal) => {
        if (isTask) lock.tryAcquire();
        return lock.acquire({ signal });
      },
      () => lock.release(),
      () => {
        expect(lock.locked()).toBe(true);
        if (!isTask) lock.release();
      },
    );
    if (isTask && lock.locked()) lock.release();
    await raceTimeouts(
      reach,
      async (timeout, chance) => {
        if (!(await lock.acquire({ timeout }))) return GAVE_UP;
        await keep(chance);
        lock.release();
      },
      () => {},
    );
    await finish(stop, atWork);
    expect(waiters(lock)).toBe(0);
    expect(lock.locked()).toBe(false);
  });

  it('an RLock is held by nobody or by one, and is free at the end', async () => {
    const [lock, stop] = [new RLock(), new Value('i')];
    const work = async (lock: RLock, stop: Value, blocking: boolean): Promise<void> => {
      while (stop.value === 0) {
        if (blocking) lock.withLockSync(() => lock.withLockSync(() => {}));
        else await lock.withLock(() => new Promise((resolve) => setImmediate(resolve)));
      }
    };
    const atWork = (isTask ? reach.partners(1) : others()).map((other) => other.run(work, lock, stop, reach.blocking));
    await race(
      reach,
      (signal) => lock.withLock(() => lock.locked(), { signal }),
      () => {},
      (held) => expect(held).toBe(true),
    );
    await raceTimeouts(
      reach,
      (timeout, chance) => lock.withLock(() => keep(chance), { timeout }).catch(ifTimedOut(TimeoutError)),
      () => {},
    );
    await finish(stop, atWork);
    expect(lock.locked()).toBe(false);
    expect(waiters(lock)).toBe(0);
  });

  it('a Semaphore has as many permits as before', async () => {
    const [semaphore, stop] = [new Semaphore(2), new Value('i')];
    const atWork = others().map((other) =>
      other.run(
        async (semaphore, stop, blocking) => {
          while (stop.value === 0) {
            for (let i = 0; i < 2; i++) {
              if (blocking) semaphore.acquireSync();
              else await semaphore.acquire();
              semaphore.release();
            }
            if (!blocking) await new Promise((resolve) => setImmediate(resolve));
          }
        },
        semaphore,
        stop,
        reach.blocking,
      ),
    );
    if (isTask) semaphore.acquireSync();
    if (isTask) semaphore.acquireSync();
    let held = isTask ? 2 : 0;
    await race(
      reach,
      (signal) => semaphore.acquire({ signal }),
      () => {
        if (held === 0) return;
        held--;
        semaphore.release();
      },
      () => {
        if (isTask) held++;
        else semaphore.release();
      },
    );
    await raceTimeouts(
      reach,
      async (timeout, chance) => {
        if (!(await semaphore.acquire({ timeout }))) return GAVE_UP;
        if (isTask) held++;
        else {
          await keep(chance);
          semaphore.release();
        }
      },
      () => {
        for (; held > 0; held--) semaphore.release();
      },
    );
    await finish(stop, atWork);
    expect(waiters(semaphore)).toBe(0);
    expect(semaphore.getValue() + held).toBe(2);
  });

  it('an Event releases everybody it meets, and no wait is left behind', async () => {
    const [event, stop] = [new Event(), new Value('i')];
    const atWork = others().map((other) =>
      other.run(
        async (event, stop, blocking) => {
          while (stop.value === 0) {
            event.set();
            event.clear();
            if (blocking) event.waitSync({ timeout: 0.01 });
            else await new Promise((resolve) => setImmediate(resolve));
          }
        },
        event,
        stop,
        reach.blocking,
      ),
    );
    await race(
      reach,
      (signal) => event.wait({ signal }),
      () => {
        event.set();
        event.clear();
      },
      (released) => expect(released).toBe(true),
    );
    await finish(stop, atWork);
    expect(waiters(event)).toBe(0);
    expect(event.isSet()).toBe(false);
  });

  it('a Condition gives each notification to one who waits', async () => {
    const [condition, stop] = [new Condition(new Lock()), new Value('i')];
    const atWork = others().map((other) =>
      other.run(
        async (condition, stop, blocking) => {
          while (stop.value === 0) {
            if (blocking) condition.withLockSync(() => condition.notify());
            else await condition.withLock(() => condition.notify());
            if (!blocking) await new Promise((resolve) => setImmediate(resolve));
          }
        },
        condition,
        stop,
        reach.blocking,
      ),
    );
    await condition.acquire();
    await race(
      reach,
      (signal) => condition.wait({ signal }),
      () => {
        if (!condition.tryAcquire()) return;
        condition.notify();
        condition.release();
      },
      (woken) => expect(woken).toBe(true),
    );
    // Held again after every wait, given up or not.
    expect(condition.locked()).toBe(true);
    condition.release();
    await raceTimeouts(
      reach,
      (timeout) => condition.withLock(async () => ((await condition.wait({ timeout })) ? undefined : GAVE_UP)),
      () => condition.withLock(() => condition.notify(BATCH / 2)),
    );
    await finish(stop, atWork);
    expect(waiters(condition)).toBe(0);
    expect(condition.locked()).toBe(false);
  });

  it('a Barrier is passed by all or broken for all', async () => {
    const [barrier, stop] = [new Barrier(2), new Value('i')];
    const work = async (barrier: Barrier, stop: Value, blocking: boolean): Promise<void> => {
      while (stop.value === 0) {
        try {
          if (blocking) barrier.waitSync({ timeout: 50 });
          else await barrier.wait({ timeout: 50 });
        } catch (error) {
          if ((error as { code?: unknown }).code !== 'ERR_HEDDLE_BROKEN_BARRIER') throw error;
          barrier.reset();
        }
      }
    };
    const atWork = reach.partners(1).map((other) => other.run(work, barrier, stop, reach.blocking));
    await race(
      reach,
      (signal) =>
        barrier.wait({ signal }).catch((error: unknown) => {
          if (!(error instanceof BrokenBarrierError)) throw error;
          barrier.reset();
          return GAVE_UP;
        }),
      () => {},
      (index) => expect([0, 1]).toContain(index),
    );
    await finish(stop, atWork);
    barrier.reset();
    expect(barrier.nWaiting).toBe(0);
  });

  it('a Queue hands over every item once, to gets that are given up', async () => {
    const [queue, stop] = [new Queue<number>(4), new Value('i')];
    const produce = async (queue: Queue<number>, stop: Value, blocking: boolean): Promise<number> => {
      let next = 0;
      while (stop.value === 0) {
        try {
          if (blocking) queue.putSync(next, { timeout: 20 });
          else await queue.put(next, { timeout: 20 });
          next++;
        } catch (error) {
          if ((error as { code?: unknown }).code !== 'ERR_HEDDLE_QUEUE_FULL') throw error;
        }
        if (!blocking) await new Promise((resolve) => setImmediate(resolve));
      }
      return next;
    };
    const producing = isTask ? [] : [reach.partners(1)[0]!.run(produce, queue, stop, reach.blocking)];
    let put = 0;
    let got = 0;
    const take = (item: unknown): void => expect(item).toBe(got++);
    await race(
      reach,
      (signal) => queue.get({ signal }),
      () => {
        if (queue.full()) return;
        queue.putNowait(put++);
      },
      take,
    );
    await raceTimeouts(
      reach,
      (timeout) => queue.get({ timeout }).then(take, ifTimedOut(QueueEmptyError)),
      () => {
        for (let places = 4; places > 0; places--) queue.putNowait(put++);
      },
    );
    stop.value = 1;
    for (const produced of await Promise.all(producing)) put = produced;
    while (!queue.empty()) take(queue.getNowait());
    expect(got).toBe(put);
    expect(waiters(queue, Word.GETTERS) + waiters(queue, Word.PUTTERS)).toBe(0);
  });

  it('a Queue takes every item once, of puts that are given up', async () => {
    const [queue, stop] = [new Queue<number>(1), new Value('i')];
    const consume = async (queue: Queue<number>, stop: Value, blocking: boolean): Promise<number[]> => {
      const items: number[] = [];
      while (stop.value === 0) {
        try {
          items.push(blocking ? queue.getSync({ timeout: 20 }) : await queue.get({ timeout: 20 }));
        } catch (error) {
          if ((error as { code?: unknown }).code !== 'ERR_HEDDLE_QUEUE_EMPTY') throw error;
        }
        if (!blocking) await new Promise((resolve) => setImmediate(resolve));
      }
      return items;
    };
    const consuming = isTask ? [] : [reach.partners(1)[0]!.run(consume, queue, stop, reach.blocking)];
    const put: number[] = [];
    const got: number[] = [];
    let next = 0;
    if (isTask) queue.putNowait(-1);
    await race(
      reach,
      (signal) => queue.put(next, { signal }),
      () => void (queue.empty() || got.push(queue.getNowait())),
      () => void put.push(next++),
    );
    // Those that wait at the same time are numbered when they begin; which of them come in is the timer's choice.
    const punctual: number[] = [];
    const first = next;
    await raceTimeouts(
      reach,
      (timeout) => {
        const item = next++;
        return queue.put(item, { timeout }).then(() => void punctual.push(item), ifTimedOut(QueueFullError));
      },
      () => void (queue.empty() || got.push(queue.getNowait())),
    );
    stop.value = 1;
    got.push(...(await Promise.all(consuming)).flat());
    while (!queue.empty()) got.push(queue.getNowait());
    const before = isTask ? [-1, ...put] : put;
    expect(got.filter((item) => item < first)).toEqual(before);
    expect(got.filter((item) => item >= first).sort((a, b) => a - b)).toEqual(punctual.sort((a, b) => a - b));
    // All its places are there.
    queue.putNowait(1);
    expect(() => queue.putNowait(2)).toThrow(QueueFullError);
    expect(waiters(queue, Word.GETTERS) + waiters(queue, Word.PUTTERS)).toBe(0);
  });

  it('a Queue is joined when all is done, and no join is left behind', async () => {
    const [queue, stop] = [new Queue<number>(), new Value('i')];
    const work = async (queue: Queue<number>, stop: Value, blocking: boolean): Promise<void> => {
      while (stop.value === 0) {
        try {
          if (blocking) queue.getSync({ timeout: 20 });
          else await queue.get({ timeout: 20 });
          queue.taskDone();
        } catch (error) {
          if ((error as { code?: unknown }).code !== 'ERR_HEDDLE_QUEUE_EMPTY') throw error;
        }
      }
    };
    const atWork = others().map((other) => other.run(work, queue, stop, reach.blocking));
    await race(
      reach,
      (signal) => {
        queue.putNowait(1);
        return queue.join({ signal });
      },
      () => {
        queue.getNowait();
        queue.taskDone();
      },
      (joined) => expect(joined).toBe(true),
    );
    expect(await queue.join({ timeout: 20_000 })).toBe(true);
    await finish(stop, atWork);
    expect(queue.empty()).toBe(true);
    expect(waiters(queue, Word.JOINERS)).toBe(0);
  });
}
