/** Objects of one process in others that have an arena of their own: who owns them, who dies, and what goes through several hands. */
import {
  Event,
  engine,
  LifoQueue,
  Lock,
  NotSerializableError,
  OwnerLostError,
  PriorityQueue,
  Process,
  Queue,
  SharedArray,
  Value,
} from 'heddle';
import { describe, expect, it, vi } from 'vitest';
import { references, until } from '../contract/reach.js';
import { linesOf, runProgram } from '../threads/program.js';

vi.setConfig({ testTimeout: 60_000 });

const IMPORTS = `
import * as heddle from 'heddle';
const { Event, Lock, Process, Queue, Semaphore, SimpleQueue, Thread, Value } = heddle;
`;

describe.runIf(engine.supports.processProxies)('an object of another process', () => {
  it('is served while the event loop of its owner is blocked', async () => {
    const questions = new Queue<number>();
    const answers = new Queue<number>();
    const child = new Process({
      target: (questions: Queue<number>, answers: Queue<number>) => {
        for (let i = 0; i < 5; i++) answers.putSync(2 * questions.getSync());
      },
      args: [questions, answers],
    });
    child.startSync();
    for (let i = 0; i < 5; i++) {
      questions.putSync(i);
      expect(answers.getSync()).toBe(2 * i);
    }
    expect(child.joinSync()).toBe(true);
    expect(child.exitCode).toBe(0);
  });

  it('excludes all others, in whatever process', async () => {
    const lock = new Lock();
    const inside = new Event();
    const wrong = new Queue<string>();
    const target = (lock: Lock, inside: Event, wrong: Queue<string>) => {
      for (let i = 0; i < 50; i++) {
        lock.withLockSync(() => {
          if (inside.isSet()) wrong.putSync('two at a time');
          inside.set();
          inside.clear();
        });
      }
    };
    const children = [0, 1].map(() => new Process({ target, args: [lock, inside, wrong] }));
    await Promise.all(children.map((child) => child.start()));
    target(lock, inside, wrong);
    for (const child of children) await child.join();
    expect(children.map((child) => child.exitCode)).toEqual([0, 0]);
    expect(wrong.qsize()).toBe(0);
  });

  it('comes home as itself, and keeps its identity there', async () => {
    const answers = new Queue<unknown>();
    const returns = new Queue<unknown>();
    const lock = new Lock();
    const child = new Process({
      target: async (answers: Queue<unknown>, returns: Queue<unknown>, lock: Lock) => {
        const own = new Event();
        answers.putSync({ answers, locks: [lock, lock], own });
        await own.wait();
        await answers.put('set');
        const again = (await returns.get()) as { own: Event };
        answers.putSync(again.own === own);
      },
      args: [answers, returns, lock],
    });
    await child.start();
    const got = (await answers.get()) as { answers: unknown; locks: unknown[]; own: Event };
    expect(got.answers).toBe(answers);
    expect(got.locks[0]).toBe(lock);
    expect(got.locks[1]).toBe(lock);
    expect(got.own.isSet()).toBe(false);
    got.own.set();
    expect(await answers.get()).toBe('set');
    expect(got.own.isSet()).toBe(true);
    returns.putSync({ own: got.own });
    await child.join();
    expect(await answers.get()).toBe(true);
  });

  it('is lost when its process ends: waits for it reject, calls throw', async () => {
    const answers = new Queue<Lock>();
    const child = new Process({
      target: async (answers: Queue<Lock>) => {
        const lock = new Lock();
        lock.acquireSync();
        answers.putSync(lock);
        await new Event().wait();
      },
      args: [answers],
    });
    await child.start();
    const lock = await answers.get();
    expect(lock.tryAcquire()).toBe(false);
    const waiting = Promise.allSettled([lock.acquire(), lock.acquire({ timeout: 60_000 })]);
    child.kill();
    for (const outcome of await waiting) {
      expect(outcome.status).toBe('rejected');
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(OwnerLostError);
    }
    await child.join();
    expect(() => lock.acquireSync()).toThrow(OwnerLostError);
    expect(() => lock.release()).toThrow(OwnerLostError);
    expect(() => lock.locked()).toThrow(/another process, which has ended/);
    await expect(lock.acquire()).rejects.toThrow(OwnerLostError);
  });

  it('is lost to the children of who is killed, whether they wait or call', async () => {
    const lines = await linesOf(`${IMPORTS}
      const middle = new Process({ target: async () => {
        const lock = new Lock(); lock.acquireSync();
        const ready = new Event();
        const child = new Process({ args: [lock, ready], target: async (lock, ready) => {
          const thread = new Thread({ target: () => {
            try { lock.acquireSync(); } catch (error) { console.log('blocked', error.code); }
          } });
          await thread.start();
          const waiting = lock.acquire();
          // Its owner kills itself upon that, maybe before it can answer.
          try { ready.set(); } catch {}
          await waiting.catch((error) => console.log('waiting', error.code));
          try { lock.release(); } catch (error) { console.log('calling', error.code); }
          await thread.join();
        } });
        await child.start(); await ready.wait();
        process.kill(process.pid, 'SIGKILL');
      } });
      await middle.start(); await middle.join();`);
    const code = 'ERR_HEDDLE_OWNER_LOST';
    expect(lines.sort()).toEqual([`blocked ${code}`, `calling ${code}`, `waiting ${code}`]);
  });

  it('gets back what a process was granted and had not taken when it was killed', async () => {
    const queue = new Queue<string>();
    const ready = new Event();
    const child = new Process({
      target: (queue: Queue<string>, ready: Event) => {
        void queue.get();
        ready.set();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      },
      args: [queue, ready],
    });
    await child.start();
    await ready.wait();
    queue.putSync('promised');
    expect(queue.qsize()).toBe(0);
    child.kill();
    expect(await queue.get()).toBe('promised');
    await child.join();
  });

  it('is passed on when the thread that holds it there ends', async () => {
    const lock = new Lock();
    const held = new Event();
    const end = new Event();
    const child = new Process({
      target: async (lock: Lock, held: Event, end: Event) => {
        const { Thread } = await import('heddle');
        const thread = new Thread({
          target: () => {
            lock.acquireSync();
            held.set();
            process.exit();
          },
        });
        await thread.start();
        await end.wait();
      },
      args: [lock, held, end],
    });
    await child.start();
    await held.wait();
    expect(await lock.acquire({ timeout: 20_000 })).toBe(true);
    expect(lock.ownerDied).toBe(true);
    lock.release();
    end.set();
    await child.join();
  });

  it('is held by others for as long as they refer to it', async () => {
    const queue = new Queue<unknown>();
    const end = new Event();
    const child = new Process({
      target: async (queue: Queue<unknown>, end: Event) => {
        // Nothing of it stays in the frame that goes on.
        const use = async (): Promise<void> => ((await queue.get()) as Event).set();
        await use();
        while (!end.isSet()) {
          (globalThis as { gc?: () => void }).gc?.();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      args: [queue, end],
      execArgv: ['--expose-gc'],
    });
    await child.start();
    const event = new Event();
    queue.putSync(event);
    await event.wait();
    await until(() => references(event) === 1);
    expect(references(end)).toBeGreaterThan(1);
    end.set();
    await child.join();
    await until(() => references(end) === 1 && references(queue) === 1);
  });

  it('reaches grandchildren, and what these make their grandparents', async () => {
    const { stdout, code } = await runProgram(`${IMPORTS}
      const queue = new Queue(); const lock = new Lock();
      const child = new Process({ args: [queue, lock], target: async (queue, lock) => {
        const grandchild = new Process({ args: [queue, lock], target: async (queue, lock) => {
          const own = new Queue();
          await queue.put({ own, queue, lock });
          queue.putSync(own.getSync());
          queue.putSync([await lock.acquire({ timeout: 20 }), lock.acquireSync({ timeout: 20 })]);
          await lock.acquire();
          queue.putSync('acquired');
          await new Event().wait();
        } });
        await grandchild.start();
        await queue.put({ grandchild: grandchild.pid });
        await grandchild.join();
      } });
      await child.start();
      lock.acquireSync();
      let pid = 0; let got;
      for (let i = 0; i < 2; i++) { const item = await queue.get(); if (item.own) got = item; else pid = item.grandchild; }
      console.log(got.queue === queue, got.lock === lock);
      await got.own.put('through two');
      let item = queue.getSync();
      console.log(item);
      console.log(JSON.stringify(await queue.get()));
      lock.release();
      console.log(await queue.get());
      const next = lock.acquire();
      process.kill(pid, 'SIGKILL');
      console.log(await next, lock.ownerDied);
      try { await got.own.get(); } catch (error) { console.log(error.code); }
      await child.join();`);
    expect([stdout.trim().split('\n'), code]).toEqual([
      ['true true', 'through two', '[false,false]', 'acquired', 'true true', 'ERR_HEDDLE_OWNER_LOST'],
      0,
    ]);
  });

  it('goes from one child to another', async () => {
    const lines = await linesOf(`${IMPORTS}
      const [first, second] = [new Queue(), new Queue()];
      // Who ends takes its objects along.
      const end = new heddle.Barrier(2);
      const target = async (mine, other) => {
        const own = new Queue();
        other.putSync({ own });
        const theirs = (await mine.get()).own;
        theirs.putSync({ from: process.pid, own });
        const got = await own.get();
        if (got.own !== theirs) throw new Error('another one');
        await end.wait();
      };
      const children = [new Process({ target, args: [first, second] }), new Process({ target, args: [second, first] })];
      for (const child of children) await child.start();
      for (const child of children) await child.join();
      console.log(children.map((child) => child.exitCode).join());`);
    expect(lines).toEqual(['0,0']);
  });

  it('can be used by threads on either side', async () => {
    const lines = await linesOf(`${IMPORTS}
      const queue = new Queue(); const back = new Queue();
      const work = (queue, back) => { for (let i = 0; i < 20; i++) back.putSync(queue.getSync() + 1); };
      const child = new Process({ args: [queue, back], target: async (queue, back) => {
        const threads = [1, 2].map(() => new Thread({ target: work, args: [queue, back] }));
        for (const thread of threads) await thread.start();
        for (const thread of threads) await thread.join();
      } });
      await child.start();
      const thread = new Thread({ args: [queue], target: (queue) => { for (let i = 0; i < 40; i++) queue.putSync(i); } });
      await thread.start();
      let sum = 0;
      for (let i = 0; i < 40; i++) sum += await back.get();
      console.log(sum);
      await thread.join(); await child.join();`);
    expect(lines).toEqual(['820']);
  });

  it('is refused at the start of a process where it cannot be, by its path', () => {
    const value = new Value('i', 1);
    const captures = new Process({ target: () => value.value });
    expect(() => captures.start()).toThrow(/captures value, a Value .*send values through a Queue/s);
    const takes = new Process({ target: () => undefined, args: [{ array: new SharedArray('i', 1) }] as never });
    expect(() => takes.start()).toThrow(NotSerializableError);
    expect(() => takes.startSync()).toThrow(/args\[0\]\.array is a SharedArray, .*processSharedMemory/s);
    expect(takes.isAlive()).toBe(false);
  });

  it('is refused in an item, by who puts or gets it in another process; it stays where it was', async () => {
    for (const [queue, before, after] of [
      [new Queue<unknown>(), 'first', 'last'],
      [new LifoQueue<unknown>(), 'last', 'first'],
      [
        new PriorityQueue<unknown>({ priority: (item) => (item === 'first' ? 0 : item === 'last' ? 2 : 1) }),
        'first',
        'last',
      ],
    ] as const) {
      const answers = new Queue<unknown>();
      const child = new Process({
        target: async (queue: Queue<unknown>, answers: Queue<unknown>) => {
          const { Value } = await import('heddle');
          const value = new Value('i', 1);
          const codes: unknown[] = [];
          const note = (error: { code: string; message: string }) => codes.push(error.code);
          answers.putSync(await queue.getMany(3));
          await queue.get().catch(note);
          try {
            queue.getSync();
          } catch (error) {
            note(error as { code: string; message: string });
          }
          try {
            queue.putSync([value]);
          } catch (error) {
            note(error as { code: string; message: string });
          }
          await queue.put({ value }).catch(note);
          answers.putSync(codes);
        },
        args: [queue, answers],
      });
      const value = new Value('i', 1);
      for (const item of ['first', [1, value], 'last']) queue.putSync(item);
      await child.start();
      expect(await answers.get()).toEqual([before]);
      expect(await answers.get()).toEqual(Array(4).fill('ERR_HEDDLE_NOT_SERIALIZABLE'));
      await child.join();
      expect([queue.qsize(), queue.unfinishedTasks]).toEqual([2, 3]);
      const [one, same] = (await queue.get()) as [number, Value];
      expect([one, same]).toEqual([1, value]);
      expect(same).toBe(value);
      expect(queue.getNowait()).toBe(after);
    }
  });

  it('that waits in another process for an item it cannot have leaves it to the next in line', async () => {
    const queue = new Queue<unknown>();
    const ready = new Event();
    const child = new Process({
      target: async (queue: Queue<unknown>, ready: Event) => {
        const refused = queue.get().catch((error) => error);
        ready.set();
        const { NotSerializableError } = await import('heddle');
        const error = await refused;
        if (!(error instanceof NotSerializableError && /stays where it is/.test(error.message))) throw error;
      },
      args: [queue, ready],
    });
    await child.start();
    await ready.wait();
    const next = queue.get();
    const value = new Value('i', 1);
    queue.putSync([value]);
    expect(((await next) as [Value])[0]).toBe(value);
    await child.join();
    expect(child.exitCode).toBe(0);
    expect(queue.qsize()).toBe(0);
  });

  it('keeps an item for which the process that asks for it has no room, until it has', async () => {
    const lines = await linesOf(`
      ${IMPORTS}
      const [queue, waits] = [new Queue(), new Event()];
      const lock = new Lock();
      const child = new Process({
        target: async (queue, waits) => {
          const { Queue, SharedArray } = await import('heddle');
          const { engine } = await import('#dist/engine/select.js');
          const { Kind } = await import('#dist/memory/layout.js');
          const note = (error) => console.log(error.code);
          const attempt = () => { try { queue.getSync(); } catch (error) { note(error); } };
          const filler = new Queue();
          for (const size of [150_000, 1_000_000]) filler.putSync(new Uint8Array(size));
          const arrays = [];
          for (let length = 2 ** 28 - 1; length > 1000; length >>>= 3) {
            try { for (;;) arrays.push(new SharedArray('d', length, { lock: false })); } catch {}
          }
          filler.getSync();
          const asked = queue.get().catch(note);
          waits.set();
          await asked;
          attempt();
          filler.getSync();
          console.log((await queue.get()).length, queue.getSync());
          let cell;
          try { for (;;) cell = engine.create(Kind.EVENT); } catch {}
          // A cell that somebody is done with for a moment may serve the second time.
          let got; let refusals = 0;
          for (let i = 0; i < 2; i++) {
            try { got ??= queue.getSync(); } catch (error) { refusals++; if (error.code !== 'ERR_HEDDLE_ARENA_EXHAUSTED') throw error; }
          }
          console.log(refusals > 0);
          engine.disown(cell);
          const [lock, again] = got ?? await queue.get();
          console.log(lock.locked(), lock === again, await queue.get(), queue.qsize());
          lock.release();
          process.exit();
        },
        args: [queue, waits],
      });
      await child.start();
      await waits.wait();
      lock.acquireSync();
      for (const item of [new Uint8Array(300_000), 'second', [lock, lock], 'last']) queue.putSync(item);
      await child.join();
      console.log(child.exitCode, lock.locked(), queue.qsize());
    `);
    const refused = 'ERR_HEDDLE_ARENA_EXHAUSTED';
    expect(lines).toEqual([refused, refused, '300000 second', 'true', 'true true last 0', '0 false 0']);
  });
});
