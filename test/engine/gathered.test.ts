/** The modules of `dist/`, gathered into few files: each is there once, under its own path, with its own names. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = join(root, 'dist');
const index = pathToFileURL(join(dist, 'index.js')).href;
const folder = mkdtempSync(join(tmpdir(), 'heddle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Files below a folder, with slashes. */
function filesOf(directory: string, ending: string): string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
  return files.filter((file) => file.endsWith(ending));
}

const modules = filesOf(join(root, 'lib'), '.ts').map((file) => file.replace(/\.ts$/, '.js'));
/** Whoever imports these runs them. */
const programs = modules.filter((module) => /(?:-entry|process-worker)\.js$/.test(module));
const imported = new Map<string, Record<string, unknown>>();
for (const module of modules)
  if (!programs.includes(module)) imported.set(module, await import(pathToFileURL(join(dist, module)).href));

/** What a program prints. */
async function run(source: string, ...options: string[]): Promise<string> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, source);
  return (await promisify(execFile)(process.execPath, [...options, file])).stdout;
}

describe('a module of dist/', () => {
  it('has its code in one file', () => {
    const homes = new Map<string, string[]>();
    for (const map of filesOf(dist, '.js.map')) {
      const { sources } = JSON.parse(readFileSync(join(dist, map), 'utf8')) as { sources: string[] };
      for (const source of sources) {
        const file = join(dist, map, '..', source);
        homes.set(file, [...(homes.get(file) ?? []), map]);
      }
    }
    expect([...homes].filter(([, files]) => files.length !== 1)).toEqual([]);
    for (const file of homes.keys()) expect(existsSync(file), file).toBe(true);
    for (const layer of ['sync/lock', 'executors/executor-core', 'engine/fallback/mutex', 'threads/worker-entry'])
      expect([...homes.keys()]).toContain(join(root, 'lib', `${layer}.ts`));
  });

  it('has numbers in place of the members of constants', () => {
    const textOf = (folder: string, ending: string) =>
      filesOf(folder, ending)
        .map((file) => readFileSync(join(folder, file), 'utf8'))
        .join('\n');
    const sources = textOf(join(root, 'lib'), '.ts');
    const chunks = textOf(join(dist, 'chunks'), '.js') + textOf(join(dist, 'chunks'), '.cjs');
    for (const [object, member] of [
      ['RingHead', 'META'],
      ['Entry', 'LANE'],
      ['Tag', 'INT32'],
      ['Lane', 'VALUE'],
    ]) {
      const use = new RegExp(`\\b${object}(?:\\$\\d+)?\\.${member}\\b`);
      expect(sources).toMatch(use);
      expect(chunks).not.toMatch(use);
    }
  });

  it('exports what its types say', () => {
    for (const [module, bindings] of imported) {
      const types = readFileSync(join(dist, module.replace(/\.js$/, '.d.ts')), 'utf8');
      const declared = [...types.matchAll(/^export declare (?:abstract )?(?:const|let|function|class) (\w+)/gm)];
      for (const [, name] of declared) expect(bindings, module).toHaveProperty(name as string);
    }
  });

  it('shares its bindings with those that export them too', async () => {
    const { originalOf } = await import('#dist/engine/stand-in.js');
    const everything = new Set(
      [...imported].flatMap(([module, bindings]) => (module.includes('/') ? Object.values(bindings) : [])),
    );
    for (const face of ['index', 'threading', 'queue', 'futures', 'multiprocessing', 'parallel'])
      for (const [name, value] of Object.entries(imported.get(`${face}.js`) ?? {}))
        expect(
          everything.has(typeof value === 'function' ? originalOf(value) : value) ||
            Object.values(imported.get('errors.js') ?? {}).includes(value),
          `${face}: ${name}`,
        ).toBe(true);
  });

  it('is the one that is loaded on demand', async () => {
    const { travel } = await import('#dist/shipping/lane.js');
    const { sendFunction } = await import('#dist/shipping/departure.js');
    const { engine } = await import('#dist/engine/select.js');
    const { ProxyingEngine } = await import('#dist/engine/proxies/proxying-engine.js');
    expect(travel().sendFunction).toBe(sendFunction);
    expect(engine instanceof ProxyingEngine).toBe(engine.supports.processProxies);
  });

  it('has functions and classes with the names that it gives them', () => {
    for (const [module, bindings] of imported)
      for (const [name, value] of Object.entries(bindings))
        if (typeof value === 'function' && /^[A-Z]/.test(name)) expect(value.name, module).toBe(name);
    for (const module of ['sync/event.js', 'memory/layout.js']) expect(imported.get(module)).toHaveProperty('Event');
  });
});

/** The files of dist/ that an import reads, apart from what is loaded on demand. */
async function readFor(module: string): Promise<string[]> {
  const hook = `import { writeSync } from 'node:fs';
    export async function load(url, context, next) {
      if (url.startsWith('file:')) writeSync(1, url + '\\n');
      return next(url, context);
    }`;
  const output = await run(`import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    await import(${JSON.stringify(pathToFileURL(join(dist, module)).href)});`);
  return output.split('\n').flatMap((url) => url.split('/dist/')[1] ?? []);
}

describe('importing heddle', () => {
  it('reads few files', async () => {
    for (const face of ['index.js', 'threading.js', 'queue.js', 'futures.js', 'multiprocessing.js'])
      expect((await readFor(face)).sort()).toEqual(['chunks/ground.js', 'chunks/sync.js', face]);
  });

  it('loads nothing of Node.js that only some programs need', async () => {
    const output = await run(`const { moduleLoadList } = process;
      const before = moduleLoadList.length;
      await import(${JSON.stringify(index)});
      console.log(moduleLoadList.slice(before).join('\\n'));`);
    for (const module of ['child_process', 'net', 'crypto', 'inspector', 'tty', 'vm'])
      expect(output.split('\n')).not.toContain(`NativeModule ${module}`);
  });
});

/** The line of a source that an error of a program points at. */
async function lineOf(statement: string): Promise<string> {
  const stack = await run(
    `import { Queue } from ${JSON.stringify(index)};
    try { ${statement} } catch (error) { console.log(error.stack); }`,
    '--enable-source-maps',
  );
  const [, file, line] = /^ +at .*\b(lib\/[\w/-]+\.ts):(\d+):\d+/m.exec(stack) ?? [];
  expect(file, stack).toBeDefined();
  return readFileSync(join(root, file as string), 'utf8').split('\n')[Number(line) - 1] as string;
}

describe('with --enable-source-maps, an error points at the source', () => {
  it('from a chunk', async () => {
    expect(await lineOf(`new Queue({ maxSize: '2' })`)).toContain('throw new TypeError(`maxSize must be an integer');
  });

  it('from a chunk that is loaded on demand', async () => {
    const refused = '({ method() { return super.toString; } }).method';
    expect(await lineOf(`new Queue().putNowait(${refused})`)).toContain('throw new FunctionNotShippableError(');
  });
});
