/** Processes that are killed: what they held goes on, what they waited for goes to others, and the parent is told. */
import { Barrier, Condition, Event, engine, Lock, Process, Queue, RLock, Semaphore } from 'heddle';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../threads/program.js';

const shared = engine.supports.processSharedMemory || engine.supports.processProxies;

/** Kills a process once it runs, and waits for its burial. */
async function kill(child: Process): Promise<void> {
  child.kill();
  expect(await child.join()).toBe(true);
  expect(child.exitCode).toBe(-9);
}

describe.runIf(shared)('a process that is killed', () => {
  it.each([
    ['Lock', () => new Lock()],
    ['RLock', () => new RLock()],
    ['Condition', () => new Condition()],
  ] as const)('holding a %s leaves it to the next in line, who finds ownerDied', async (_name, create) => {
    const lock = create();
    const held = new Event();
    const child = new Process({
      target: (lock: Lock | RLock | Condition, held: Event) => {
        lock.acquireSync();
        held.set();
        new Event().waitSync();
      },
      args: [lock, held],
    });
    await child.start();
    await held.wait();
    const [first, second] = [lock.acquire(), lock.acquire()];
    expect(lock.ownerDied).toBe(false);
    await kill(child);
    expect(await first).toBe(true);
    expect(lock.ownerDied).toBe(true);
    lock.release();
    expect(await second).toBe(true);
    expect(lock.ownerDied).toBe(false);
    lock.release();
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  it('warns the next owner once in a process', async () => {
    const { stdout, stderr, code } = await runProgram(`
      import { Event, Lock, Process } from 'heddle';
      const locks = [new Lock(), new Lock()]; const held = new Event();
      const child = new Process({ target: () => { for (const lock of locks) lock.acquireSync(); held.set(); new Event().waitSync(); } });
      process.on('warning', (warning) => console.log(warning.code));
      await child.start(); await held.wait();
      child.kill();
      await locks[0].acquire();
      locks[1].acquireSync();
      console.log(locks.map((lock) => lock.ownerDied).join());
      await child.join();`);
    expect([stdout.trim().split('\n').sort(), code]).toEqual([['HEDDLE_OWNER_DIED', 'true,true'], 0]);
    expect(stderr.match(/HEDDLE_OWNER_DIED/g)).toHaveLength(1);
  });

  it('waiting leaves its place in every line', async () => {
    const lock = new Lock();
    const semaphore = new Semaphore(0);
    const condition = new Condition();
    const event = new Event();
    const queue = new Queue<number>();
    const waits = new Queue<boolean>();
    await lock.acquire();
    const child = new Process({
      target: async (lock: Lock, semaphore: Semaphore, condition: Condition, event: Event, queue: Queue<number>) => {
        const waiting = [lock.acquire(), semaphore.acquire(), event.wait(), queue.get()];
        await condition.acquire();
        waiting.push(condition.wait());
        waits.putSync(true);
        await Promise.all(waiting);
      },
      args: [lock, semaphore, condition, event, queue],
    });
    await child.start();
    await waits.get();
    const item = queue.get();
    const permit = semaphore.acquire();
    await condition.acquire();
    const notified = condition.wait();
    await kill(child);
    queue.putSync(1);
    expect(await item).toBe(1);
    semaphore.release();
    expect(await permit).toBe(true);
    await condition.acquire();
    condition.notify();
    condition.release();
    expect(await notified).toBe(true);
    condition.release();
    lock.release();
    expect(lock.tryAcquire()).toBe(true);
    expect(lock.ownerDied).toBe(false);
    event.set();
    expect(semaphore.getValue()).toBe(0);
    expect(queue.qsize()).toBe(0);
  });

  it('at a barrier breaks it', async () => {
    const barrier = new Barrier(2);
    const child = new Process({ target: (barrier: Barrier) => barrier.waitSync(), args: [barrier] });
    await child.start();
    while (barrier.nWaiting === 0) await new Promise((resolve) => setImmediate(resolve));
    await kill(child);
    expect(barrier.broken).toBe(true);
    barrier.reset();
    const [first, second] = [barrier.wait(), barrier.wait()];
    expect((await Promise.all([first, second])).sort()).toEqual([0, 1]);
  });

  it.runIf(engine.supports.processSharedMemory)(
    'the moment it has started a daemonic one does not leave that behind',
    { timeout: 60_000 },
    async () => {
      const daemons = new Queue<Process>();
      const parents = Array.from(
        { length: 12 },
        () =>
          new Process({
            target: async (daemons: Queue<Process>) => {
              const daemon = new Process({ target: () => new Event().wait(), daemon: true });
              await daemon.start();
              daemons.putSync(daemon);
              process.kill(process.pid, 'SIGKILL');
            },
            args: [daemons],
          }),
      );
      for (let round = 0; round < 3; round++) {
        await Promise.all(parents.slice(4 * round, 4 * round + 4).map((parent) => parent.start()));
        for (let i = 0; i < 4; i++) expect(await (await daemons.get()).join({ timeout: 20_000 })).toBe(true);
      }
    },
  );

  it('in the middle of a put, wherever, leaves nothing that counts as an item', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 10; round++) {
      const queue = new Queue<[number]>();
      const child = new Process({
        target: (queue: Queue<[number]>) => {
          for (let i = 0; ; i++) queue.putSync([i]);
        },
        args: [queue],
      });
      await child.start();
      for (let i = 0; i < 100; i++) expect((await queue.get())[0]).toBe(i);
      await kill(child);
      for (let i = 100; !queue.empty(); i++) expect(queue.getNowait()[0]).toBe(i);
    }
  });

  it('in the middle of contended operations, however often, stops nobody', { timeout: 120_000 }, async () => {
    const lock = new Lock();
    const semaphore = new Semaphore(3);
    const condition = new Condition();
    // What each child says, before and after, of the lock and its permit.
    type Said = 'takes' | 'has' | 'gives' | 'wants a permit' | 'has a permit' | 'gives a permit' | 'is done';
    const said = new Queue<[number, Said]>();
    const work = (id: number, lock: Lock, semaphore: Semaphore, condition: Condition, said: Queue<[number, Said]>) => {
      const say = (what: Said) => said.putSync([id, what]);
      for (;;) {
        say('takes');
        lock.acquireSync();
        say('has');
        say('gives');
        lock.release();
        say('wants a permit');
        if (semaphore.acquireSync({ timeout: 1 })) {
          say('has a permit');
          say('gives a permit');
          semaphore.release();
        }
        say('is done');
        condition.withLockSync(() => {
          condition.notifyAll();
          condition.waitSync({ timeout: 0.1 });
        });
      }
    };
    for (let round = 0; round < 4; round++) {
      const children = [0, 1].map((id) => new Process({ target: work, args: [id, lock, semaphore, condition, said] }));
      for (const child of children) await child.start();
      for (let turn = 0; turn < 50 * (round + 1) || said.qsize() < 100; turn++) lock.withLockSync(() => undefined);
      for (const child of children) await kill(child);

      // Nobody dead is in line for the only notification.
      const notified = condition.withLock(() => condition.wait({ timeout: 60_000 }));
      await condition.withLock(() => condition.notify());
      expect(await notified).toBe(true);

      // One has the lock at a time; who comes after a dead one finds ownerDied.
      const last: Said[] = [];
      let holder: number | undefined;
      while (!said.empty()) {
        const [id, what] = said.getNowait();
        last[id] = what;
        if (what === 'has') {
          // The first has died, and the second has lived on.
          if (holder !== undefined) expect([holder, id]).toEqual([0, 1]);
          holder = id;
        } else if (what === 'gives') {
          expect(holder).toBe(id);
          holder = undefined;
        }
      }
      expect(await lock.acquire()).toBe(true);
      if (holder !== undefined) expect(lock.ownerDied).toBe(true);
      if (!last.some((what) => what === 'takes' || what === 'has' || what === 'gives'))
        expect(lock.ownerDied).toBe(false);
      lock.release();

      // A permit that one had is gone with it, as in Python; nobody knows it of one that was just taking or giving.
      const gone = last.filter((what) => what === 'has a permit').length;
      const mayBe = last.filter((what) => what === 'wants a permit' || what === 'gives a permit').length;
      const permits = semaphore.getValue();
      expect(permits).toBeLessThanOrEqual(3 - gone);
      expect(permits).toBeGreaterThanOrEqual(3 - gone - mayBe);
      if (permits < 3) semaphore.release(3 - permits);
    }
  });
});
