/** Process, as its documentation describes it. What prints or ends is run as a program of its own. */
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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
import { describe, expect, it, vi } from 'vitest';
import { linesOf, runProgram } from '../threads/program.js';

const { processes, processProxies, processSharedMemory: shared } = engine.supports;
/** Objects reach other processes, shared or by proxy. */
const reaching = shared || processProxies;

// A start is one of Node.js, and on the fallback engine one of a worker besides: seconds where the cores have other work.
vi.setConfig({ testTimeout: 60_000 });

const IMPORTS = "import * as heddle from 'heddle'; const { Process, Thread, Lock, Queue, Event, Value } = heddle;\n";

/** How many bytes of output somebody gets of a program who begins to read when it has long been full. */
async function readSlowly(source: string): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', `${IMPORTS}${source}`], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  await closed;
  return length;
}

async function expectRunning(process: Process): Promise<void> {
  expect(() => process.close()).toThrow(ProcessStateError);
  expect(await process.join({ timeout: 10 })).toBe(false);
  expect(process.joinSync({ timeout: 10 })).toBe(false);
}

describe.runIf(processes)('a Process before its start', () => {
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

describe.runIf(reaching)('a Process', () => {
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

  it('is alive until it ends, and listed meanwhile', async () => {
    const end = new Event();
    const process = new Process({ target: (end: Event) => end.wait(), args: [end] });
    await process.start();
    expect(process.isAlive()).toBe(true);
    expect(activeChildren()).toContain(process);
    await expectRunning(process);
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

  it.runIf(shared)('travels as itself', async () => {
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

describe.runIf(reaching)('a program with processes', () => {
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

  it.runIf(shared)('goes on without its parent, unless it is daemonic', async () => {
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

  it.runIf(shared)('runs threads in processes in threads', async () => {
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
});

/** Sleeps without a turn of the event loop. */
const sleepForEver = () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

describe.runIf(processes)('a Process that is given values', () => {
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
    const process = new Process({ target: sleepForEver });
    await process.start();
    expect(process.isAlive()).toBe(true);
    expect(process.pid).toBeGreaterThan(0);
    expect(activeChildren()).toContain(process);
    await expectRunning(process);
    await expect(process.join({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    process.terminate();
    expect(await process.join()).toBe(true);
    expect(await process.sentinel).toBe(-15);
    expect(activeChildren()).not.toContain(process);
    process.close();
  });

  it.each([
    ['terminate', -15],
    ['kill', -9],
    ['interrupt', -2],
  ] as const)('ends by %s, and is joined by a thread that was blocked from its start on', (method, code) => {
    const process = new Process({ target: sleepForEver });
    process.startSync();
    process[method]();
    expect(process.joinSync()).toBe(true);
    expect(process.exitCode).toBe(code);
    expect(process.isAlive()).toBe(false);
    process[method]();
  });

  it('runs beside others that start and end at the same time', async () => {
    const children = [3, 4, 5].map(
      (code) => new Process({ target: (code: number) => globalThis.process.exit(code), args: [code] }),
    );
    await Promise.all(children.map((child) => child.start()));
    await Promise.all(children.map((child) => child.join()));
    expect(children.map((child) => child.exitCode)).toEqual([3, 4, 5]);
  });

  it('gets copies of values: errors, classes, functions and what they capture', async () => {
    const lines = await linesOf(`${IMPORTS}
      class Point { constructor(x) { this.x = x; } get double() { return 2 * this.x; } }
      const captured = new Map([['a', new Date(0)]]);
      const target = (error, make, bytes) => {
        console.log(error instanceof RangeError, error.message, make(4).double, captured.get('a').getTime(), bytes.join());
      };
      const child = new Process({ target, args: [new RangeError('far'), (x) => new Point(x), new Uint8Array([1, 2])] });
      await child.start(); await child.join();`);
    expect(lines).toEqual(['true far 8 0 1,2']);
  });

  it('talks with its parent by a Listener and a Client', async () => {
    const lines = await linesOf(`${IMPORTS}
      const { Client, Listener } = heddle;
      const listener = new Listener({ port: 0 }, { authkey: 'secret' });
      const address = await listener.ready();
      const child = new Process({ args: [address], target: async (address) => {
        const connection = await Client(address, { authkey: 'secret' });
        await connection.send({ sum: (await connection.recv()).reduce((a, b) => a + b) });
        connection.close();
      } });
      await child.start();
      const connection = await listener.accept();
      await connection.send([1, 2, 3]);
      console.log(JSON.stringify(await connection.recv()));
      connection.close(); listener.close(); await child.join();`);
    expect(lines).toEqual(['{"sum":6}']);
  });

  it('gets arguments of any size', async () => {
    const lines = await linesOf(`${IMPORTS}
      const child = new Process({ target: (bytes, text) => console.log(bytes.length, bytes.at(-1), text.length),
        args: [new Uint8Array(3e6).fill(7), 'x'.repeat(2e6)] });
      await child.start(); await child.join();`);
    expect(lines).toEqual(['3000000 7 2000000']);
  });

  it('knows itself and its parent', async () => {
    const lines = await linesOf(`${IMPORTS}
      const child = new Process({ name: 'child', target: () => {
        const me = heddle.currentProcess(); const parent = heddle.parentProcess();
        console.log(me.name, me.pid === process.pid, me.isAlive(), parent.name, parent.pid === process.ppid, parent.isAlive());
      } });
      await child.start(); await child.join();
      console.log(heddle.parentProcess(), heddle.currentProcess().pid === process.pid);
      await heddle.currentProcess().join().catch((error) => console.log(error.name));`);
    expect(lines).toEqual(['child true true MainProcess true true', 'undefined true', 'ProcessStateError']);
  });
});

describe.runIf(shared)('a blocked parent', () => {
  it('learns that a child has ended at once, though another child has buried it', async () => {
    const brothers = [1, 2].map(() => new Process({ daemon: true, target: () => void new Event().waitSync() }));
    for (const brother of brothers) await brother.start();
    for (let i = 0; i < 10; i++) {
      const child = new Process({ target: () => undefined });
      const started = child.start().catch(() => undefined);
      child.kill();
      expect(child.joinSync({ timeout: 20_000 })).toBe(true);
      expect(child.exitCode).toBe(-9);
      await started;
    }
    for (const brother of brothers) brother.kill();
    for (const brother of brothers) await brother.join();
  });
});

describe.runIf(processes)('what a process has written', () => {
  const much = `console.log('x'.repeat(999_999));`;
  it.each([
    ['returns', `() => { ${much} }`],
    ['throws', `() => { ${much} throw new Error('no luck'); }`],
    ['throws later', `() => { ${much} setTimeout(() => { throw new Error('no luck'); }, 1); }`],
    ['exits', `() => { ${much} process.exit(3); }`],
  ])('is read by a slow reader when it %s', async (_, target) => {
    expect(
      await readSlowly(`const child = new Process({ target: ${target} }); await child.start(); await child.join();`),
    ).toBe(1e6);
  });

  it.runIf(shared)('is read by a slow reader when it was a worker', async () => {
    const length = await readSlowly(`
      const executor = new heddle.ProcessPoolExecutor({ maxWorkers: 1 });
      await executor.submit(() => { ${much} });
      await executor.shutdown();`);
    expect(length).toBe(1e6);
  });
});

describe.runIf(processes)('a program with processes that share nothing', () => {
  it('waits for them, terminates the daemonic, and loses no output', async () => {
    const lines = await linesOf(`${IMPORTS}
      const daemon = new Process({ daemon: true, target: () => { setInterval(() => {}, 1e6); } });
      const child = new Process({ target: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (let i = 0; i < 1000; i++) console.log('line', i);
      } });
      await daemon.start(); await child.start();
      console.log('end');`);
    expect(lines).toContain('end');
    expect(lines.filter((line) => line !== 'end')).toEqual(Array.from({ length: 1000 }, (_, i) => `line ${i}`));
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

  it('whose target is in a module that is no longer there says so, and ends with 1', async () => {
    const { stdout, stderr } = await runProgram(
      `${IMPORTS}
       import { work } from './module.mjs';
       (await import('node:fs')).unlinkSync(new URL('module.mjs', import.meta.url));
       const child = new Process({ target: work, name: 'lost' });
       await child.start(); await child.join();
       console.log(child.exitCode);`,
      { 'module.mjs': 'export function work() {}' },
    );
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(/^Process lost:\n.*module\.mjs/);
  });

  it('inherits the options of Node.js but those that say what to run, whatever form these have', async () => {
    const options = ['--input-type', 'module', '--test-name-pattern', 'x', '--conditions', 'extra', '--stack-size=900'];
    const text = `${IMPORTS}
      const child = new Process({ target: () => console.log(process.execArgv.join(' ')) });
      await child.start(); await child.join();`;
    const { stdout } = await promisify(execFile)(process.execPath, [...options, '--eval', text, 'argument'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(stdout).toBe('--conditions extra --stack-size=900\n');
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
      const other = heddle.engine.name === 'native' ? 'fallback' : 'native';
      const child = new Process({ target: () => {}, env: { ...process.env, HEDDLE_ENGINE: other } });
      await child.start(); await child.join();
      console.log(child.exitCode);`);
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(/EngineUnavailableError: HEDDLE_ENGINE=(\w+) asks for the \1 engine, but the process/);
  });

  // The program's output closes when the last process that has it ends: those that outlive it hang the test.
  it.each([
    ['waits', 'setInterval(() => {}, 1e6)'],
    ['is blocked', 'new Event().waitSync()'],
  ])('has daemonic children end with their parent, others go on: the daemon %s', async (_how, work) => {
    const lines = await linesOf(`${IMPORTS}
      const middle = new Process({ target: async () => {
        const daemon = new Process({ daemon: true, target: () => { ${work}; } });
        const other = new Process({ target: async () => {
          await heddle.parentProcess().join();
          console.log('other goes on without', heddle.parentProcess().name, heddle.parentProcess().isAlive());
        } });
        await daemon.start(); await other.start();
        process.kill(process.pid, 'SIGKILL');
      } });
      middle.startSync();
      console.log(middle.joinSync(), middle.exitCode);`);
    expect(lines.sort()).toEqual(['other goes on without Process-1 false', 'true -9']);
  });

  it('is no member of a family for its own children that heddle did not start', async () => {
    const lines = await linesOf(
      `${IMPORTS}
      const child = new Process({ target: async () => {
        const { spawnSync } = await import('node:child_process');
        const { stdout, stderr } = spawnSync(process.execPath, [process.argv[1].replace('program.mjs', 'plain.mjs')], { encoding: 'utf8' });
        process.stdout.write(stdout + stderr);
      } });
      await child.start(); await child.join();`,
      {
        'plain.mjs':
          "import { parentProcess, currentProcess } from 'heddle'; console.log(parentProcess(), currentProcess().name);",
      },
    );
    expect(lines).toEqual(['undefined MainProcess']);
  });

  it('has processes started by threads, which they outlive', async () => {
    const lines = await linesOf(`${IMPORTS}
      const fs = await import('node:fs');
      const go = process.argv[1] + '.go';
      const started = new Queue();
      const thread = new Thread({ target: async () => {
        const child = new Process({ target: async () => {
          while (!fs.existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
          console.log('child');
          process.exit(9);
        } });
        child.startSync();
        started.putSync(child);
      } });
      thread.startSync(); thread.joinSync();
      const child = started.getSync();
      console.log(child.isAlive(), heddle.activeChildren().includes(child));
      fs.writeFileSync(go, '');
      child.joinSync();
      console.log(child.exitCode);`);
    expect(lines).toEqual(['true true', 'child', '9']);
  });

  it.runIf(!shared)(
    'is told that a child has ended whose thread is gone, and the child that its parent has',
    async () => {
      const lines = await linesOf(`${IMPORTS}
      const started = new Queue();
      const thread = new Thread({ target: () => {
        const child = new Process({ target: async () => {
          await heddle.parentProcess().join();
          console.log('alone');
        } });
        child.startSync();
        started.putSync(child);
        process.exit();
      } });
      await thread.start();
      const child = await started.get();
      await child.join();
      console.log(child.isAlive(), child.exitCode);`);
      expect(lines.sort()).toEqual(['alone', 'false undefined']);
    },
  );
});
