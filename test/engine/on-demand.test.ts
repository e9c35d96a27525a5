/** What heddle loads no sooner than it is used. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { engine } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { onDemand } from '#dist/engine/on-demand.js';

const index = new URL('../../dist/index.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'heddle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program prints, as JSON. */
async function run(source: string): Promise<unknown> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, source);
  // What a program loads of itself depends on where it prints to: it writes by itself.
  return JSON.parse((await promisify(execFile)(process.execPath, [file])).stdout);
}

const loaded = `
import { writeSync } from 'node:fs';
import Module from 'node:module';
const loaded = () => [
  ...process.moduleLoadList.filter((name) => name.startsWith('NativeModule ')).map((name) => name.slice(13)),
  ...Object.keys(Module._cache).map((file) => file.split(/[\\\\/]/).at(-1)),
];
const [before, heddle] = [loaded(), await import(${JSON.stringify(index)})];
const after = loaded().filter((name) => !before.includes(name));
`;

describe('importing heddle', () => {
  it('loads neither what sends functions and tasks, nor the inspector, the parser, networks, processes and cryptography', async () => {
    const names = (await run(`${loaded} writeSync(1, JSON.stringify(after));`)) as string[];
    for (const absent of ['shipping.cjs', 'submission.cjs']) expect(names).not.toContain(absent);
    for (const name of ['worker_threads', 'os', 'fallback.cjs'])
      expect(names.includes(name), name).toBe(!engine.supports.nativeThreads);
    for (const absent of [
      'inspector',
      'acorn.js',
      'net',
      'child_process',
      'crypto',
      'dgram',
      'http',
      'tls',
      'perf_hooks',
    ])
      expect(names).not.toContain(absent);
  });

  it('loads them when they are used', async () => {
    const used = `${loaded}
      const { Listener, Thread, ThreadPoolExecutor } = heddle;
      const listener = new Listener();
      const offset = 2;
      const thread = new Thread({ target: () => offset });
      await thread.start();
      await thread.join();
      listener.close();
      const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
      await executor.submit(Math.max, 1);
      await executor.shutdown();
      writeSync(1, JSON.stringify(loaded().filter((name) => !before.includes(name))));`;
    expect(await run(used)).toEqual(
      expect.arrayContaining(['inspector', 'acorn.js', 'net', 'shipping.cjs', 'submission.cjs']),
    );
  });
});

describe('a module on demand', () => {
  it('is that which an import leads to', () => {
    expect(onDemand<typeof import('node:path')>('node:path')().join).toBe(join);
  });

  it('is asked for again when it could not be loaded', () => {
    const load = onDemand('heddle-has-no-such-dependency');
    expect(load).toThrow(/heddle-has-no-such-dependency/);
    expect(load).toThrow(/heddle-has-no-such-dependency/);
  });
});
