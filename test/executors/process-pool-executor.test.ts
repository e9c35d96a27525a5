/** What is particular to processes as workers: how they die, how they are ended, and what they leave behind. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import {
  BrokenExecutorError,
  CancelledError,
  Event,
  engine,
  Lock,
  Pool,
  PoolStateError,
  Process,
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
  ProcessStateError,
  Queue,
  Semaphore,
  WorkerLostError,
} from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import { references } from '../contract/reach.js';
import { linesOf, runProgram } from '../threads/program.js';
import { makeFolder } from '../workshop.js';

const { processes, processSharedMemory: shared } = engine.supports;
const LONG = { timeout: 60_000 };

function make(options?: ProcessPoolExecutorOptions): ProcessPoolExecutor {
  const executor = new ProcessPoolExecutor(options);
  onTestFinished(() => executor.killWorkers());
  return executor;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether a process runs: not one that has ended and that nobody has waited for, as orphans in some containers. */
function exists(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH: it has ended between opening and reading.
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}

const pidOf = (): number => process.pid;
const dieBy = (signal: NodeJS.Signals): void => {
  process.kill(process.pid, signal);
  for (;;);
};
const holdUntil = (started: Semaphore, gate: Event): number => {
  started.release();
  gate.waitSync();
  return process.pid;
};

/** The processes of all workers, each seen at work at the same time. */
async function pidsOf(executor: ProcessPoolExecutor, workers: number): Promise<number[]> {
  const [started, gate] = [new Semaphore(0), new Event()];
  const pids = Array.from({ length: workers }, () => executor.submit(holdUntil, started, gate));
  for (let i = 0; i < workers; i++) await started.acquire();
  gate.set();
  return Promise.all(pids);
}

describe.runIf(processes)('a worker process', () => {
  it('is not this one, and lasts', async () => {
    const executor = make({ maxWorkers: 1 });
    const pid = await executor.submit(pidOf);
    expect(pid).not.toBe(process.pid);
    expect(await executor.submit(pidOf)).toBe(pid);
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const)(
    'that dies by %s fails its task alone, saying so',
    async (signal) => {
      const executor = make({ maxWorkers: 1 });
      const lost = executor.submit(dieBy, signal);
      const others = [1, 2, 3].map((x) => executor.submit((x: number) => x * x, x));
      expect(await lost.exception()).toEqual(
        new WorkerLostError(`the worker that ran the task 'dieBy' has ended by ${signal}`),
      );
      expect(await Promise.all(others)).toEqual([1, 4, 9]);
    },
  );

  it('that dies tells a blocked thread why', () => {
    const executor = make({ maxWorkers: 1 });
    const [killed, next] = [executor.submit(dieBy, 'SIGKILL'), executor.submit(pidOf)];
    expect(() => killed.resultSync()).toThrow(/ended by SIGKILL/);
    expect(next.resultSync()).toBeTypeOf('number');
    expect(() => executor.submit(() => process.exit(7)).resultSync()).toThrow(/ended with exit code 7/);
  });

  it('that is out of memory says what to raise', LONG, async () => {
    const executor = make({ maxWorkers: 1, execArgv: ['--max-old-space-size=30'] });
    const hoard = (): number => {
      const kept: unknown[] = [];
      for (;;) kept.push(new Array(1000).fill({}));
    };
    expect(String(await executor.submit(hoard).exception())).toMatch(/SIGABRT.*out of memory.*max-old-space-size/);
    expect(await executor.submit((x: number) => x + 1, 1)).toBe(2);
  });

  it('that dies while it is idle is replaced when it is needed, however many do', LONG, async () => {
    const executor = make({ maxWorkers: 2 });
    for (let round = 0; round < 3; round++) {
      const pids = await pidsOf(executor, 2);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await until(() => executor.stats.workers === 0);
      const next = await executor.submit(pidOf);
      expect(pids).not.toContain(next);
    }
  });

  it('that cannot end, for a listener throws, runs no task twice', LONG, async () => {
    const executor = make({ maxWorkers: 1, concurrency: 2 });
    const ran = new Queue<number>();
    const stays = executor.submit(() => {
      process.on('exit', () => {
        throw new RangeError('not now');
      });
      process.exit(0);
    });
    const mark = (n: number): number => {
      ran.putSync(n);
      return n;
    };
    const others = [1, 2, 3, 4].map((n) => executor.submit(mark, n));
    expect(await stays.exception()).toBeInstanceOf(Error);
    const settled = await Promise.allSettled(others);
    const lost = settled.filter(({ status }) => status === 'rejected').length;
    expect(lost).toBeLessThanOrEqual(1);
    expect(ran.qsize()).toBeLessThanOrEqual(4);
    expect(new Set(await ran.getMany(ran.qsize())).size).toBeGreaterThanOrEqual(4 - lost);
  });

  it('gets env, execArgv and cwd', async () => {
    const executor = make({
      maxWorkers: 1,
      env: { ...process.env, HEDDLE_TEST_WORD: 'here' },
      execArgv: ['--stack-trace-limit=7'],
      cwd: '/',
    });
    const told = () => [process.env['HEDDLE_TEST_WORD'], process.execArgv, process.cwd()];
    expect(await executor.submit(told)).toEqual(['here', ['--stack-trace-limit=7'], '/']);
    const pool = new Pool({ processes: 1, env: { HEDDLE_TEST_WORD: 'there' }, execArgv: [], cwd: '/' });
    onTestFinished(() => pool[Symbol.asyncDispose]());
    expect(await pool.apply(told)).toEqual(['there', [], '/']);
  });

  it('that cannot begin breaks the executor, saying how it ended', LONG, async () => {
    const executor = make({ maxWorkers: 1, execArgv: ['--no-such-option-of-node'] });
    const error = (await executor.submit(pidOf).exception()) as Error;
    expect(error).toBeInstanceOf(BrokenExecutorError);
    expect(error.message).toMatch(/could not be set up \(it ended with exit code 9\)/);
    const nowhere = make({ maxWorkers: 1, cwd: '/no/such/directory' });
    expect(((await nowhere.submit(pidOf).exception()) as Error).message).toMatch(/could not be set up.*ENOENT/);
    expect(() => make({ maxWorkers: 1, cwd: '/no/such/directory' }).submit(pidOf).resultSync()).toThrow(
      /could not be set up/,
    );
  });

  it('that is killed holding a lock passes it on', async () => {
    const executor = make({ maxWorkers: 1 });
    const lock = new Lock();
    const lost = executor.submit((lock: Lock) => {
      lock.acquireSync();
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    }, lock);
    await expect(lost).rejects.toThrow(WorkerLostError);
    expect(await lock.acquire()).toBe(true);
    expect(lock.ownerDied).toBe(true);
    lock.release();
  });

  it('may start processes, which end with it; that of a Pool may not', LONG, async () => {
    const executor = make({ maxWorkers: 1 });
    const start = async (): Promise<number> => {
      const child = new Process({ target: () => new Promise<void>((resolve) => setTimeout(resolve, 600_000)) });
      await child.start();
      return child.pid as number;
    };
    const grandchild = await executor.submit(start);
    expect(exists(grandchild)).toBe(true);
    await executor.killWorkers();
    await until(() => !exists(grandchild));
    const pool = new Pool(1);
    onTestFinished(() => pool[Symbol.asyncDispose]());
    await expect(pool.apply(start)).rejects.toThrow(ProcessStateError);
  });

  it('has executors of its own', LONG, async () => {
    const executor = make({ maxWorkers: 1 });
    const inner = async (): Promise<number[]> => {
      const own = new ProcessPoolExecutor({ maxWorkers: 1 });
      const pid = await own.submit(() => process.pid);
      await own.shutdown();
      return [process.pid, pid];
    };
    const [outerPid, innerPid] = (await executor.submit(inner)) as [number, number];
    expect(innerPid).not.toBe(outerPid);
  });
});

describe.runIf(processes)('a ProcessPoolExecutor', () => {
  it.runIf(shared)('goes to other processes, which submit to it', LONG, async () => {
    const executor = make({ maxWorkers: 1 });
    const pid = await executor.submit(pidOf);
    const queue = new Queue<number>();
    const other = new Process({
      target: async (executor: ProcessPoolExecutor, queue: Queue<number>) => {
        queue.putNowait(await executor.submit(() => process.pid));
        queue.putNowait(executor.submit(() => process.pid).resultSync());
      },
      args: [executor, queue],
    });
    await other.start();
    expect([await queue.get(), await queue.get()]).toEqual([pid, pid]);
    await other.join();
    expect(other.exitCode).toBe(0);
  });

  it.runIf(shared)('shuts down although a process that submitted to it has been killed', LONG, async () => {
    const executor = make({ maxWorkers: 1 });
    const submitted = new Event();
    const other = new Process({
      target: async (executor: ProcessPoolExecutor, submitted: Event) => {
        // More than the table holds: some are left with the client.
        const same = (n: number) => n;
        for (let n = 0; n < 70_000; n++) executor.submit(same, n);
        submitted.set();
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => {});
      },
      args: [executor, submitted],
    });
    await other.start();
    await submitted.wait();
    await other.join();
    expect(other.exitCode).toBe(-9);
    expect(await executor.submit((x: number) => x + 1, 1)).toBe(2);
    await executor.shutdown();
  });

  it.each([
    ['terminateWorkers', 'SIGTERM'],
    ['killWorkers', 'SIGKILL'],
  ] as const)('%s ends all by %s: running tasks are lost, queued ones cancelled', async (method, signal) => {
    const executor = make({ maxWorkers: 2 });
    const [started, gate] = [new Semaphore(0), new Event()];
    onTestFinished(() => gate.set());
    const running = [1, 2].map(() => executor.submit(holdUntil, started, gate));
    for (let i = 0; i < 2; i++) await started.acquire();
    const queued = executor.submit(pidOf);
    const ended = executor[method]();
    expect(queued.cancelled()).toBe(true);
    expect(() => executor.submit(pidOf)).toThrow(PoolStateError);
    for (const future of running)
      expect(await future.exception()).toEqual(
        new WorkerLostError(`the worker that ran the task 'holdUntil' has ended by ${signal}`),
      );
    await ended;
    expect(executor.stats.workers).toBe(0);
    await executor[method]();
    await executor.shutdown();
  });

  it.runIf(shared)('whose workers are ended fails what others have submitted', LONG, async () => {
    const executor = make({ maxWorkers: 1 });
    const [started, gate, queue] = [new Semaphore(0), new Event(), new Queue<string>()];
    onTestFinished(() => gate.set());
    const other = new Process({
      target: async (
        executor: ProcessPoolExecutor,
        hold: typeof holdUntil,
        ...rest: [Semaphore, Event, Queue<string>]
      ) => {
        const [started, gate, queue] = rest;
        const futures = [executor.submit(hold, started, gate), executor.submit(() => 1)];
        for (const future of futures) queue.putNowait(String(await future.exception()));
      },
      args: [executor, holdUntil, started, gate, queue],
    });
    await other.start();
    await started.acquire();
    await executor.killWorkers();
    const errors = [await queue.get(), await queue.get()];
    expect(errors[0]).toMatch(/WorkerLostError/);
    expect(errors[1]).toMatch(/BrokenExecutorError/);
    await other.join();
  });

  it('checks its options', () => {
    const wrong = (options: unknown) => () => make(options as ProcessPoolExecutorOptions);
    expect(wrong({ maxWorkers: 128 })).toThrow(new RangeError('maxWorkers must be at most 127, got 128'));
    expect(wrong({ execArgv: '--x' })).toThrow(/^execArgv must be an array of strings/);
    expect(wrong({ env: 5 })).toThrow(/^env must be an object/);
    expect(wrong({ cwd: 5 })).toThrow(/^cwd must be a string/);
    expect(() => new Pool(0)).toThrow(new RangeError('processes must be at least 1, got 0'));
    expect(() => new Pool({ processes: 128 })).toThrow(RangeError);
    expect(() => new Pool({ cwd: 5 as never })).toThrow(/^cwd must be a string/);
  });
});

describe.runIf(processes)('Pool', () => {
  it('terminate ends workers that do not heed SIGTERM, too', LONG, async () => {
    const pool = new Pool(1);
    const stubborn = new Event();
    const result = pool.applyAsync(
      (stubborn: Event) => {
        process.on('SIGTERM', () => {});
        stubborn.set();
        return new Promise<void>(() => {});
      },
      [stubborn],
    );
    await stubborn.wait();
    pool.terminate();
    await expect(result.get()).rejects.toThrow(CancelledError);
    await pool.join();
  });

  it('has its processes from the start, and the same throughout', async () => {
    const pool = new Pool({ processes: 2 });
    onTestFinished(() => pool[Symbol.asyncDispose]());
    const pids = new Set(await pool.map(pidOf, new Array(50).fill(0), { chunkSize: 1 }));
    expect(pids.size).toBeLessThanOrEqual(2);
    expect(pids).not.toContain(process.pid);
    expect(pool.applySync(pidOf)).toBeTypeOf('number');
    pool.close();
    await pool.join();
    for (const pid of pids) expect(exists(pid)).toBe(false);
  });
});

describe.runIf(processes)('a program', () => {
  it('ends although its pools are idle, and nothing is left of them', LONG, async () => {
    const lines = await linesOf(`
      import { Pool, ProcessPoolExecutor } from 'heddle';
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const pool = new Pool(1);
      console.log(await executor.submit(() => process.pid));
      console.log(await pool.apply(() => process.pid));
    `);
    expect(lines).toHaveLength(2);
    await until(() => !lines.some((pid) => exists(Number(pid))));
  });

  it('ends when workers have not even begun', LONG, async () => {
    expect(await linesOf(`import { Pool } from 'heddle'; new Pool(2); console.log('end');`)).toEqual(['end']);
  });

  it('stays for tasks of an executor in flight, not for those of a Pool', LONG, async () => {
    const lines = await linesOf(`
      import { Pool, ProcessPoolExecutor } from 'heddle';
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      executor.submit(() => new Promise((done) => setTimeout(done, 50, 'done'))).addDoneCallback((f) => console.log(f.resultSync()));
      const pool = new Pool(1);
      pool.applyAsync(() => new Promise(() => {}), [], { callback: () => console.log('never') });
    `);
    expect(lines).toEqual(['done']);
  });

  it.each(['SIGKILL', 'SIGTERM'])(
    'that is killed by %s takes its workers along, whatever they do',
    LONG,
    async (signal) => {
      const { stdout } = await runProgram(`
      import { ProcessPoolExecutor, Queue } from 'heddle';
      const executor = new ProcessPoolExecutor({ maxWorkers: 3 });
      const queue = new Queue();
      const empty = new Queue();
      executor.submit((queue) => { queue.putSync(process.pid); for (;;); }, queue);
      executor.submit((queue) => { process.on('SIGTERM', () => {}); queue.putSync(process.pid); return new Promise(() => {}); }, queue);
      executor.submit((queue, empty) => { queue.putSync(process.pid); empty.getSync(); }, queue, empty);
      const pids = await queue.getMany(1);
      while (pids.length < 3) pids.push(await queue.get());
      console.log(pids.join(' '));
      process.kill(process.pid, '${signal}');
      await new Promise(() => {});
    `);
      const pids = stdout.trim().split(' ').map(Number);
      expect(pids).toHaveLength(3);
      await until(() => !pids.some(exists));
    },
  );

  it.runIf(shared)('that is killed fails what other processes have submitted to its workers', LONG, async () => {
    const { stdout } = await runProgram(`
      import { Event, Process, ProcessPoolExecutor, Queue } from 'heddle';
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const started = new Event();
      const child = new Process({
        target: async (executor, started) => {
          const { writeSync } = await import('node:fs');
          const futures = [0, 1].map(() => executor.submit((started) => { started.set(); for (;;); }, started));
          for (const future of futures) writeSync(1, (await future.exception()).message + '\\n');
          try {
            executor.submit(() => {}).resultSync();
          } catch (error) {
            writeSync(1, error.code + '\\n');
          }
        },
        args: [executor, started],
      });
      await child.start();
      await started.wait();
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    `);
    const error = 'the thread or process that made the executor has ended, and its workers with it';
    expect(stdout.trim().split('\n')).toEqual([error, error, 'ERR_HEDDLE_BROKEN_EXECUTOR']);
  });

  it('prints what its workers print, and their uncaught errors', LONG, async () => {
    const { stdout, stderr, code } = await runProgram(`
      import { ProcessPoolExecutor } from 'heddle';
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, namePrefix: 'w' });
      await executor.submit(() => console.log('from the worker'));
      const error = await executor.submit(() => {
        setTimeout(() => { throw new RangeError('later'); }, 0);
        return new Promise(() => {});
      }).exception();
      console.log(error.cause.message);
      await executor.shutdown();
    `);
    expect({ stdout, code }).toEqual({ stdout: 'from the worker\nlater\n', code: 0 });
    expect(stderr).toMatch(/^Process w_0:\nRangeError: later/);
  });
});

describe.runIf(processes && !shared)('without memory that processes share', () => {
  it('an executor cannot be used by its workers, which is said at once', async () => {
    const executor = make({ maxWorkers: 1 });
    const pool = new Pool(1);
    onTestFinished(() => pool[Symbol.asyncDispose]());
    expect(() => executor.submit(() => executor.stats)).toThrow(/captures executor.*processSharedMemory/s);
    await expect(pool.apply((own: Pool) => own.applySync(pidOf), [pool])).rejects.toThrow(
      /args\[0\].*processSharedMemory/s,
    );
    expect(await executor.submit(pidOf)).not.toBe(process.pid);
  });

  it('objects that workers make come back as proxies, and go on to other workers', async () => {
    const [maker, user] = [make({ maxWorkers: 1 }), make({ maxWorkers: 1 })];
    const queue = await maker.submit(() => new Queue<string>());
    await user.submit((queue: Queue<string>) => queue.putSync('from another worker'), queue);
    expect(await queue.get()).toBe('from another worker');
    expect(await maker.submit((queue: Queue<string>) => queue.qsize(), queue)).toBe(0);
  });

  it('what cannot get to a worker fails its task alone', LONG, async () => {
    const { stdout, stderr } = await runProgram(`
      import { Event, Process, ProcessPoolExecutor, Thread } from 'heddle';
      // Of the main program, whom the thread of the child has nothing to do with: another thread there does.
      const event = new Event();
      const child = new Process({
        target: async (event) => {
          const thread = new Thread({
            target: async (event) => {
              const { writeSync } = await import('node:fs');
              const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
              const one = (x) => x + 1;
              const futures = [executor.submit(one, 1), executor.submit((e) => e.set(), event), executor.submit(() => event.set())];
              futures.push(executor.submit(one, 2), executor.submit((e) => e.isSet(), new Event()));
              for (const future of futures) {
                const error = await future.exception();
                writeSync(1, (error === undefined ? String(await future) : error.code) + '\\n');
              }
              await executor.shutdown();
            },
            args: [event],
          });
          await thread.start();
          await thread.join();
        },
        args: [event],
      });
      await child.start();
      await child.join();
    `);
    const refused = 'ERR_HEDDLE_NOT_SERIALIZABLE';
    expect({ lines: stdout.trim().split('\n'), stderr }).toEqual({
      lines: ['2', refused, refused, '3', 'false'],
      stderr: '',
    });
  });

  it('holds nothing of what tasks were given, once it is shut down', LONG, async () => {
    const executor = make({ maxWorkers: 2, maxTasksPerChild: 15 });
    const queue = new Queue<number>();
    const captured = (x: number) => queue.putSync(x);
    const futures: PromiseLike<unknown>[] = [];
    for (let i = 0; i < 60; i++) {
      if (i % 20 === 7) futures.push(executor.submit((q: Queue<number>) => process.exit(q.qsize() < 0 ? 1 : 0), queue));
      futures.push(executor.submit((q: Queue<number>) => q, queue));
      if (i % 3 === 0) futures.push(executor.submit(captured, i));
      if (i % 10 === 9) executor.submit((q: Queue<number>) => q.qsize(), queue).cancel();
    }
    for (const result of await Promise.allSettled(futures))
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(WorkerLostError);
    await executor.shutdown();
    expect(queue.qsize()).toBe(20);
    // One of this isolate, one of what it knows the captured variable by.
    await until(() => references(queue) <= 2);
  });

  it('a program leaves no folder of a socket behind, however it ends', LONG, async () => {
    const folder = makeFolder('sockets-');
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const end of ['', 'process.exit(0);']) {
      const lines = await linesOf(`
        process.env.TMPDIR = ${JSON.stringify(folder)};
        const { Pool, ProcessPoolExecutor } = await import('heddle');
        const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
        new Pool(1);
        console.log(await executor.submit((x) => x + 1, 1));
        ${end}
      `);
      expect(lines).toEqual(['2']);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('works where no socket can be had', LONG, async () => {
    const lines = await linesOf(`
      import { ProcessPoolExecutor, Queue } from 'heddle';
      process.env.TMPDIR = '/no/such/directory';
      const executor = new ProcessPoolExecutor({ maxWorkers: 2, maxTasksPerChild: 10 });
      const queue = new Queue();
      const square = (x, queue) => { queue.putSync(x); return x * x; };
      const squares = Array.from({ length: 100 }, (_, x) => executor.submit(square, x, queue));
      console.log((await Promise.all(squares)).reduce((a, b) => a + b), queue.qsize());
      console.log(String(await executor.submit(() => { throw new RangeError('no'); }).exception()));
      await executor.shutdown();
    `);
    expect(lines).toEqual(['328350 100', 'RangeError: no']);
  });
});
