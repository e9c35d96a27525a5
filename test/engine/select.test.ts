/** Which engine runs, and what is said when the one asked for cannot. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from 'heddle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Copy } from '../runtimes/confined.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const index = new URL('../../dist/index.js', import.meta.url).href;

interface Result {
  code: number;
  output: string;
}

/** Runs a module of one or a few lines with HEDDLE_ENGINE set; `family`: as if heddle had started it. */
function run(source: string, wish: string | undefined, family?: object): Promise<Result> {
  const { HEDDLE_ENGINE: _, ...env } = process.env;
  if (family !== undefined) env['HEDDLE_FAMILY'] = JSON.stringify(family);
  if (wish !== undefined) env.HEDDLE_ENGINE = wish;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '--eval', source],
      { env },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
      },
    );
  });
}

const print = (url: string) => `import { engine } from ${JSON.stringify(url)}; console.log(JSON.stringify(engine));`;

describe('the engine export', () => {
  it('names the engine that HEDDLE_ENGINE asks for', () => {
    expect(engine.name).toBe(process.env.HEDDLE_ENGINE);
  });

  it('says why it is not the native one, and nothing when it is', () => {
    expect(engine.refusals).toEqual(
      engine.name === 'native' ? [] : ['HEDDLE_ENGINE=fallback asks for the fallback engine'],
    );
  });

  it('claims no more than it does', () => {
    // Nothing ties threads to cores, on either engine.
    expect(engine.supports.cpuAffinity).toBe(false);
    const supported = Object.entries(engine.supports).flatMap(([name, yes]) => (yes ? [name] : []));
    if (engine.name === 'fallback') expect(supported).toEqual(['processProxies', 'processes']);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(engine) && Object.isFrozen(engine.supports) && Object.isFrozen(engine.refusals)).toBe(true);
  });
});

describe('HEDDLE_ENGINE', () => {
  it('refuses a value that is no engine, and says which are', async () => {
    const { code, output } = await run(print(index), 'nativ');
    expect(code).toBe(1);
    expect(output).toContain('ERR_HEDDLE_ENGINE_UNAVAILABLE');
    expect(output).toContain('HEDDLE_ENGINE is "nativ"; it may be native, fallback or auto (the default)');
  });

  it.each([undefined, '', 'auto'])('runs one of the engines when it is %j', async (wish) => {
    const { code, output } = await run(print(index), wish);
    expect(code, output).toBe(0);
    expect(['native', 'fallback']).toContain(JSON.parse(output).name);
  });

  it('reaches the workers that a family starts', async () => {
    const worker = `import { Worker } from 'node:worker_threads'; ${print(index)}
      process.env.HEDDLE_ENGINE = 'auto';
      new Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(print(index))}`)}));`;
    const { code, output } = await run(worker, engine.name);
    expect(code, output).toBe(0);
    const names = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    expect(names).toEqual([engine.name, engine.name]);
  });

  it('of a worker must not differ from that of its family', async () => {
    const other = engine.name === 'native' ? 'fallback' : 'native';
    const worker = `import { Worker } from 'node:worker_threads'; import ${JSON.stringify(index)};
      new Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(print(index))}`)}), { env: { HEDDLE_ENGINE: ${JSON.stringify(other)} } });`;
    const { code, output } = await run(worker, engine.name);
    expect(code).toBe(1);
    expect(output).toContain(
      `HEDDLE_ENGINE=${other} asks for the ${other} engine, but the thread that started this worker runs on the ${engine.name} engine`,
    );
  });
});

describe('HEDDLE_PROCESSES', () => {
  /** Prints what the engine supports, from the program's main thread, a worker without the variable, and a child. */
  const everywhere = `import { Worker } from 'node:worker_threads'; import * as heddle from ${JSON.stringify(index)};
    const say = (who, { supports }) => console.log(who, supports.processSharedMemory, supports.processProxies);
    say('main', heddle.engine);
    const worker = 'import(' + JSON.stringify(${JSON.stringify(index)}) + ').then(({ engine: { supports } }) => ' +
      'console.log("worker", supports.processSharedMemory, supports.processProxies))';
    await new Promise((resolve) => new Worker(worker, { eval: true, env: {} }).on('exit', resolve));
    const child = new heddle.Process({ env: {}, args: [${JSON.stringify(index)}], target: async (index) => {
      const { supports } = (await import(index)).engine;
      console.log('child', supports.processSharedMemory, supports.processProxies);
    } });
    await child.start();
    await child.join();`;

  const linesWith = async (value: string): Promise<string[]> => {
    const before = process.env['HEDDLE_PROCESSES'];
    process.env['HEDDLE_PROCESSES'] = value;
    try {
      const { code, output } = await run(everywhere, engine.name);
      return [...output.trim().split('\n'), `${code}`];
    } finally {
      if (before === undefined) delete process.env['HEDDLE_PROCESSES'];
      else process.env['HEDDLE_PROCESSES'] = before;
    }
  };

  it('settles for all threads and processes of a program whether these share memory', async () => {
    const lines = (shared: boolean) => [
      ...['main', 'worker', 'child'].map((who) => `${who} ${shared} ${!shared}`),
      '0',
    ];
    expect(await linesWith('apart')).toEqual(lines(false));
    expect(await linesWith('')).toEqual(lines(engine.supports.processSharedMemory));
  });

  it('refuses other values', async () => {
    const output = (await linesWith('together')).join('\n');
    expect(output).toContain(
      'HEDDLE_PROCESSES is "together"; it may be apart, so that processes share no memory, or unset',
    );
  });
});

/** Text that starts a worker, which prints its engine, and waits for its end. */
function startWorker(options: object): string {
  const program = `data:text/javascript,${encodeURIComponent(print(index))}`;
  return `await new Promise((resolve) =>
    new Worker(new URL(${JSON.stringify(program)}), ${JSON.stringify(options)}).on('exit', resolve));`;
}
const importWorker = `import { Worker } from 'node:worker_threads';`;

describe('a worker of the program', () => {
  it('without addons cannot be of a family that runs on one', async () => {
    const source = `${importWorker} import ${JSON.stringify(index)}; ${startWorker({ execArgv: ['--no-addons'] })}`;
    const { code, output } = await run(source, engine.name);
    if (engine.supports.nativeThreads) {
      expect(code).toBe(1);
      expect(output).toContain(
        'the native engine, on which the thread that started this worker runs, cannot be loaded',
      );
      expect(output).toContain('start Node without --no-addons');
    } else expect(output).toContain('"name":"fallback"');
  });

  it('is of the family of a main thread that had no worker_threads yet when it loaded heddle', async () => {
    const later = `import ${JSON.stringify(index)}; const { Worker } = await import('node:worker_threads');`;
    const other = engine.name === 'native' ? 'fallback' : 'native';
    const same = await run(`${later} ${startWorker({})} ${startWorker({ env: {} })}`, engine.name);
    expect(same.code, same.output).toBe(0);
    expect(same.output.match(/(?<="name":")\w+/g)).toEqual([engine.name, engine.name]);
    const { code, output } = await run(`${later} ${startWorker({ env: { HEDDLE_ENGINE: other } })}`, engine.name);
    expect(code).toBe(1);
    expect(output).toContain(`but the thread that started this worker runs on the ${engine.name} engine`);
  });

  it('is a family of its own, without addons, where only another worker has loaded heddle', async () => {
    const source = `${importWorker} ${startWorker({})} ${startWorker({ execArgv: ['--no-addons'] })}
      ${startWorker({ execArgv: ['--no-addons'], env: { HEDDLE_ENGINE: 'fallback' } })}`;
    const { code, output } = await run(source, 'auto');
    expect(code, output).toBe(0);
    expect(output.match(/(?<="name":")\w+/g)?.slice(1)).toEqual(['fallback', 'fallback']);
  });

  it('is a family of its own where its main thread does not load heddle', async () => {
    const other = engine.name === 'native' ? 'fallback' : 'native';
    const source = `${importWorker} ${startWorker({})} ${startWorker({ env: { HEDDLE_ENGINE: other } })}`;
    const { code, output } = await run(source, engine.name);
    expect(code, output).toBe(0);
    const names = output.match(/(?<="name":")\w+/g);
    expect(names).toEqual([engine.name, other]);
  });
});

describe('a process that was started by one of', () => {
  const family = { engine: engine.name, layout: 1, nonce: '0', record: 0, generation: 0 };

  it('another version of heddle says so', async () => {
    const { code, output } = await run(print(index), undefined, family);
    expect(code).toBe(1);
    expect(output).toContain(
      'EngineUnavailableError: the process that started this one runs another version of heddle; make both load the same copy',
    );
  });

  it('another engine than HEDDLE_ENGINE asks for says so', async () => {
    const other = engine.name === 'native' ? 'fallback' : 'native';
    const { code, output } = await run(print(index), other, family);
    expect(code).toBe(1);
    expect(output).toContain(`the process that started this one runs on the ${engine.name} engine`);
  });

  it('nothing of the kind says so', async () => {
    const { code, output } = await run(print(index), undefined, { engine: 'other' });
    expect(code).toBe(1);
    expect(output).toContain('which no process of heddle has set');
  });
});

describe('without a usable addon', () => {
  let copy: string;
  let copied: string;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'heddle-'));
    for (const path of ['dist', 'package.json']) cpSync(join(root, path), join(copy, path), { recursive: true });
    copied = new URL('dist/engine/public.js', `file://${copy}/`).href;
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('native throws, with every candidate and the remedy', async () => {
    const { code, output } = await run(print(copied), 'native');
    expect(code).toBe(1);
    expect(output).toContain('ERR_HEDDLE_ENGINE_UNAVAILABLE');
    expect(output).toMatch(/build\/Release\/heddle\.node: does not exist/);
    expect(output).toMatch(/prebuilds\/\S+\/heddle\.node: does not exist/);
    expect(output).toContain('npm explore heddle -- npm run build:native');
  });

  it('a worker falls back, too, whose main thread does not load heddle', async () => {
    const other = new Copy();
    other.relayout();
    const program = `data:text/javascript,${encodeURIComponent(print(`file://${other.path}/dist/index.js`))}`;
    const source = `import { Worker } from 'node:worker_threads'; new Worker(new URL(${JSON.stringify(program)}));`;
    const { code, output } = await run(source, 'auto');
    other.remove();
    expect(code, output).toBe(0);
    expect(JSON.parse(output).name).toBe('fallback');
  });

  it('auto falls back and keeps the reasons', async () => {
    const { code, output } = await run(print(copied), 'auto');
    expect(code, output).toBe(0);
    const chosen = JSON.parse(output);
    expect(chosen.name).toBe('fallback');
    expect(chosen.refusals).toHaveLength(2);
  });

  it('keeps the cause when a file is there that is no addon', async () => {
    const addon = join(copy, 'build/Release/heddle.node');
    cpSync(join(root, 'LICENSE'), addon);
    const { code, output } = await run(print(copied), 'native');
    rmSync(addon);
    expect(code).toBe(1);
    expect(output).toMatch(
      /build\/Release\/heddle\.node: .*(is no program of Linux|invalid ELF|not a valid|not a mach-o|slice is not valid|too short)/i,
    );
  });
});
