/** Process, as its documentation describes it. What prints or ends is run as a program of its own. */
import {
  activeChildren,
  currentProcess,
  Event,
  engine,
  FunctionNotShippableError,
  NotSerializableError,
  Process,
  ProcessStateError,
  parentProcess,
  Queue,
} from 'heddle';
import { describe, expect, it } from 'vitest';
import { linesOf, runProgram } from '../threads/program.js';

const shared = engine.supports.processSharedMemory;

const IMPORTS = "import * as heddle from 'heddle'; const { Process, Thread, Lock, Queue, Event, Value } = heddle;\n";

describe.runIf(shared)('a Process before its start', () => {
  it('is numbered by the process that makes it, subclasses under their own name', () => {
    class Special extends Process {}
    const first = new Process();
    const number = Number(/^Process-(\d+)$/.exec(first.name)?.[1]);
    expect(new Special().name).toBe(`Special-${number + 1}`);
    expect(new Process({ name: 'mine' }).name).toBe('mine');
    expect(new Process({ name: '' }).name).toBe(`Process-${number + 3}`);
  });

  it('is neither alive nor joinable, and has neither pid nor exit code', async () => {
    const process = new Process({ target: () => undefined });
    expect(process.isAlive()).toBe(false);
    expect(process.pid).toBeUndefined();
    expect(process.exitCode).toBeUndefined();
    expect(() => process.sentinel).toThrow(ProcessStateError);
    expect(() => process.terminate()).toThrow(ProcessStateError);
    expect(() => process.joinSync()).toThrow(ProcessStateError);
    await expect(process.join()).rejects.toThrow(ProcessStateError);
  });

  it('may be made a daemon', () => {
    const process = new Process();
    expect(process.daemon).toBe(false);
    process.daemon = true;
    expect(process.daemon).toBe(true);
  });

  it.each([
    [{ target: 3 }, /target must be a function/],
    [{ args: 3 }, /args must be an array/],
    [{ name: 3 }, /name must be a string/],
    [{ daemon: 1 }, /daemon must be true or false/],
    [{ env: 'x' }, /env must be an object/],
    [{ execArgv: [1] }, /execArgv must be an array of strings/],
    [{ cwd: 1 }, /cwd must be a string/],
  ])('refuses %j', (options, message) => {
    expect(() => new Process(options as never)).toThrow(TypeError);
    expect(() => new Process(options as never)).toThrow(message);
  });

  it('refuses what cannot travel, at the call, and can be started afterwards by nobody else', () => {
    const stream = process.stdout;
    expect(() => new Process({ target: () => stream.isTTY }).start()).toThrow(FunctionNotShippableError);
    expect(() => new Process({ target: (x: unknown) => x, args: [new WeakMap()] }).start()).toThrow(
      NotSerializableError,
    );
  });

  it('can be closed, and then not be used', () => {
    const process = new Process();
    process.close();
    process.close();
    expect(() => process.isAlive()).toThrow(/closed/);
    expect(() => process.start()).toThrow(ProcessStateError);
    expect(() => process.pid).toThrow(ProcessStateError);
    expect(() => process.exitCode).toThrow(ProcessStateError);
  });

  it('says why the system starts none, and can be tried again', async () => {
    const process = new Process({ target: () => undefined, cwd: '/no/such/directory' });
    await expect(process.start()).rejects.toThrow(/could not be started.*ENOENT/);
    expect(process.isAlive()).toBe(false);
    await expect(process.start()).rejects.toThrow(/ENOENT/);
  });
});

describe.runIf(shared)('a Process', () => {
  it('runs its target with its arguments in another process, on the same objects', async () => {
    const queue = new Queue<unknown>();
    const process = new Process({
      target: (queue: Queue<unknown>, word: string) => queue.putSync([globalThis.process.pid, word]),
      args: [queue, 'hello'],
    });
    await process.start();
    expect(await queue.get()).toEqual([process.pid, 'hello']);
    expect(await process.join()).toBe(true);
    expect(process.exitCode).toBe(0);
    expect(process.isAlive()).toBe(false);
    expect(await process.sentinel).toBe(0);
  });

  it('can be started once', async () => {
    const process = new Process({ target: () => undefined });
    await process.start();
    expect(() => process.start()).toThrow(ProcessStateError);
    expect(() => {
      process.daemon = true;
    }).toThrow(ProcessStateError);
    process.joinSync();
    expect(() => process.start()).toThrow(/only be started once/);
  });

  it('is alive until it ends, and listed meanwhile', async () => {
    const end = new Event();
    const process = new Process({ target: (end: Event) => end.wait(), args: [end] });
    await process.start();
    expect(process.isAlive()).toBe(true);
    expect(activeChildren()).toContain(process);
    expect(() => process.close()).toThrow(ProcessStateError);
    expect(await process.join({ timeout: 10 })).toBe(false);
    expect(process.joinSync({ timeout: 10 })).toBe(false);
    end.set();
    expect(await process.join()).toBe(true);
    expect(activeChildren()).not.toContain(process);
    process.close();
  });

  it.each([
    ['terminate', -15],
    ['kill', -9],
    ['interrupt', -2],
  ] as const)('ends by %s, also while this thread is blocked', async (method, code) => {
    const never = new Event();
    const process = new Process({ target: (never: Event) => never.waitSync(), args: [never] });
    await process.start();
    process[method]();
    expect(process.joinSync()).toBe(true);
    expect(process.exitCode).toBe(code);
    process[method]();
  });

  it('travels as itself', async () => {
    const end = new Event();
    const answers = new Queue<unknown>();
    const first = new Process({ target: (end: Event) => end.wait(), args: [end], name: 'first' });
    const second = new Process({
      target: async (first: Process, answers: Queue<unknown>) => {
        answers.putSync([first.name, first.pid, first.isAlive()]);
        await first.join();
        answers.putSync(first.exitCode);
      },
      args: [first, answers],
    });
    await first.start();
    await second.start();
    expect(await answers.get()).toEqual(['first', first.pid, true]);
    end.set();
    expect(await answers.get()).toBe(0);
    await second.join();
  });

  it('knows itself and its parent', async () => {
    const answers = new Queue<unknown>();
    const process = new Process({
      target: (answers: Queue<unknown>) => {
        const parent = parentProcess();
        answers.putSync([currentProcess().name, currentProcess().isAlive(), parent?.pid, parent?.isAlive()]);
      },
      args: [answers],
      name: 'child',
    });
    await process.start();
    expect(await answers.get()).toEqual(['child', true, globalThis.process.pid, true]);
    expect(currentProcess().pid).toBe(globalThis.process.pid);
    expect(parentProcess()).toBeUndefined();
    await expect(currentProcess().join()).rejects.toThrow(ProcessStateError);
    await process.join();
  });
});

describe.runIf(shared)('a program with processes', () => {
  it('waits for them, terminates the daemonic, and loses no output', async () => {
    const lines = await linesOf(`${IMPORTS}
      const running = new Event(); const first = new Event();
      const daemon = new Process({ daemon: true, target: async () => { running.set(); await new Event().wait(); } });
      const child = new Process({ target: async () => { await first.wait(); for (let i = 0; i < 3; i++) console.log('line', i); } });
      await daemon.start(); await child.start(); await running.wait();
      console.log('end');
      first.set();`);
    expect(lines).toEqual(['end', 'line 0', 'line 1', 'line 2']);
  });

  it('prints uncaught errors with the name of the process, whose exit code is then 1', async () => {
    const { stdout, stderr, code } = await runProgram(`${IMPORTS}
      const codes = [];
      for (const [name, target] of Object.entries({
        direct: () => { throw new TypeError('no luck'); },
        later: () => { setTimeout(() => { throw new TypeError('no luck'); }, 1); setTimeout(() => {}, 1e6); },
        rejected: () => { void Promise.reject(new TypeError('no luck')); setTimeout(() => {}, 1e6); },
        open: async () => { setInterval(() => {}, 1e6); throw new TypeError('no luck'); },
      })) {
        const child = new Process({ name, target });
        await child.start(); await child.join();
        codes.push(child.exitCode);
      }
      console.log(codes.join());`);
    expect(stdout).toBe('1,1,1,1\n');
    for (const name of ['direct', 'later', 'rejected', 'open'])
      expect(stderr).toMatch(new RegExp(`Process ${name}:\\nTypeError: no luck\\n +at `));
    expect(code).toBe(0);
  });

  it('gives children names by their place in the tree, and exit codes of their own', async () => {
    const lines = await linesOf(`${IMPORTS}
      const child = new Process({ target: async () => {
        const inner = new Process({ target: () => { console.log(heddle.currentProcess().name, heddle.parentProcess().name); process.exit(7); } });
        await inner.start(); await inner.join();
        console.log(inner.exitCode);
        process.exitCode = 3;
      } });
      await child.start();
      console.log(await child.sentinel);`);
    expect(lines).toEqual(['Process-1:1 Process-1', '7', '3']);
  });

  it('has no children of daemonic processes', async () => {
    const lines = await linesOf(`${IMPORTS}
      const child = new Process({ daemon: true, target: () => {
        try { new Process({ target: () => {} }).start(); } catch (error) { console.log(error.name, error.message); }
      } });
      await child.start(); await child.join();`);
    expect(lines[0]).toMatch(/^ProcessStateError .*daemonic processes may have no children/);
  });

  it('goes on without its parent, unless it is daemonic', async () => {
    const lines = await linesOf(`${IMPORTS}
      const gone = new Queue(); const ready = new Queue();
      const target = async (name) => {
        ready.putSync(name);
        const parent = heddle.parentProcess();
        await parent.join();
        if (name === 'daemon') await new Event().wait();
        gone.putSync([name, parent.isAlive()]);
      };
      const middle = new Process({ target: async () => {
        const daemon = new Process({ target, args: ['daemon'], daemon: true });
        const other = new Process({ target, args: ['other'] });
        await daemon.start(); await other.start();
        ready.putSync(daemon); ready.putSync(other);
        await new Event().wait();
      } });
      await middle.start();
      const met = []; for (let i = 0; i < 4; i++) met.push(await ready.get());
      const [daemon, other] = met.filter((item) => typeof item === 'object').sort((a, b) => b.daemon - a.daemon);
      middle.kill();
      console.log(JSON.stringify(await gone.get()));
      await daemon.join(); await other.join();
      console.log(daemon.isAlive(), other.isAlive(), middle.isAlive());`);
    expect(lines).toEqual(['["other",false]', 'false false false']);
  });

  it('runs threads in processes in threads', async () => {
    const lines = await linesOf(`${IMPORTS}
      const total = new Value('i', 0);
      const leaf = () => { for (let i = 0; i < 100; i++) total.add(1); };
      const thread = new Thread({ target: async () => {
        const child = new Process({ target: async () => {
          const threads = [1, 2].map(() => new Thread({ target: leaf }));
          for (const t of threads) await t.start();
        } });
        await child.start();
        await child.join();
      } });
      await thread.start(); await thread.join();
      console.log(total.value);`);
    expect(lines).toEqual(['200']);
  });

  it('carries an instance of a subclass', async () => {
    const lines = await linesOf(`${IMPORTS}
      class Greeter extends Process {
        constructor(greeting) { super(); this.greeting = greeting; }
        run() { console.log(this.greeting, this.name, this instanceof Process); }
      }
      const greeter = new Greeter('hello'); await greeter.start(); await greeter.join();`);
    expect(lines).toEqual(['hello Greeter-1 true']);
  });

  it('takes environment, working directory and options of Node.js', async () => {
    const lines = await linesOf(`${IMPORTS}
      const child = new Process({ target: () => console.log(process.env.COLOUR, process.cwd(), process.execArgv.join(), 'HEDDLE_FAMILY' in process.env, process.argv[1].endsWith('program.mjs')),
        env: { ...process.env, COLOUR: 'blue' }, cwd: '/', execArgv: ['--stack-size=900'] });
      await child.start(); await child.join();`);
    expect(lines).toEqual(['blue / --stack-size=900 false true']);
  });

  it('refuses a module that would start processes for ever', async () => {
    const { stderr, stdout } = await runProgram(
      `import { Process } from 'heddle';
       import { work } from './module.mjs';
       const child = new Process({ target: work });
       await child.start(); await child.join();
       console.log(child.exitCode);`,
      {
        'module.mjs': `import { Process, parentProcess } from 'heddle';
          export function work() {}
          if (parentProcess() !== undefined) { const more = new Process({ target: work }); more.start(); }`,
      },
    );
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(/Process Process-1:\n.*it would go on for ever.*parentProcess\(\) === undefined/s);
  });

  it('refuses a child on another engine', async () => {
    const { stderr, stdout } = await runProgram(`${IMPORTS}
      const child = new Process({ target: () => {}, env: { ...process.env, HEDDLE_ENGINE: 'fallback' } });
      await child.start(); await child.join();
      console.log(child.exitCode);`);
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(
      /EngineUnavailableError: HEDDLE_ENGINE=fallback asks for the fallback engine, but the process/,
    );
  });
});

describe.runIf(!shared)('a Process without memory that processes share', () => {
  it('is refused at its start, with what to do', () => {
    expect(() => new Process({ target: () => undefined }).start()).toThrow(/processSharedMemory/);
  });
});
