/**
 * Gathers the modules that tsc has compiled into few files, for Node.js takes about a millisecond for every file that it
 * imports, and heddle has more than two hundred.
 *
 *   dist/sync/lock.js    export class Lock { … }   becomes   export { Lock } from '../chunks/core.js';
 *   dist/chunks/core.js                                      the code of Lock, and of many modules more
 *
 * Every module keeps its path, so that whatever names one, such as `new Worker` or an export of package.json, finds it,
 * and gets the same bindings as all others. Functions and classes keep their names, and `import.meta.url` what it was.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { parseSync } from 'rolldown/utils';
import {
  asciiOf,
  loadable,
  providing,
  runtimeOf,
  withBuiltins,
  withDemands,
  withNumbers,
  withRuntime,
} from './chunk-code.mjs';

/**
 * The chunks, from the ground up. Each has the modules that all of one of its lists reach by their imports, and that are
 * in no chunk before it. So a chunk imports from those before it alone, and with it no program loads much that it does not
 * import. Faces, and what nobody imports, stay files of their own: programs do things when they are loaded.
 *
 * In a chunk of many variables, V8's bytecode needs more bytes for each use of one, and as V8 inlines by the byte, that
 * shows where nanoseconds count. So what the locks are made of is apart.
 */
const CHUNKS = {
  ground: [
    ['threads/worker-entry.js', 'engine/fallback/fallback-engine.js'],
    ['threads/worker-entry.js', 'engine/proxies/proxying-engine.js'],
  ],
  sync: [['sync/lock.js'], ['threads/main.js'], ['engine/public.js']],
  primitives: [['sync/rlock.js'], ['sync/semaphore.js'], ['sync/event.js'], ['sync/condition.js'], ['sync/barrier.js']],
  core: [['threads/worker-entry.js']],
  processes: [['processes/child-entry.js']],
  executors: [
    ['executors/worker-entry.js', 'index.js'],
    ['executors/worker-entry.js', 'executors/executor-core.js'],
    ['index.js', 'executors/executor-core.js'],
  ],
  pools: [['index.js']],
  fallback: [['engine/fallback/fallback-engine.js']],
  proxies: [['engine/proxies/proxying-engine.js']],
  shipping: [['shipping/travel.js']],
  submission: [['executors/executor-core.js']],
  workers: [['executors/worker-entry.js']],
  relays: [['executors/relay-entry.js'], ['executors/far-worker.js']],
  parallel: [['parallel.js']],
  broker: [['processes/broker-entry.js']],
};

/**
 * Of these, what is loaded when it is first used: CommonJS, see `lib/engine/own-modules.ts`. The faces export stand-ins of
 * what is in there, see `lib/engine/stand-in.ts`.
 */
const ON_DEMAND = new Set([
  'primitives',
  'core',
  'processes',
  'executors',
  'pools',
  'fallback',
  'proxies',
  'shipping',
  'submission',
]);

/** The first chunk, which all others import. */
const GROUND = Object.keys(CHUNKS)[0];

/** The module that loads them. It imports nothing of ours but what refuses bundles, and is loaded before all who use it. */
const LOADER = 'engine/own-modules.js';

/** The module that makes stand-ins. */
const STAND_INS = 'engine/stand-in.js';

/** The functions that rolldown has the code call. */
const RUNTIME = 'chunks/rolldown-runtime.js';

/** Modules that import nothing but each other, whose objects of numbers are constants. */
const CONSTANTS = ['memory/layout.js', 'codec/lanes.js', 'codec/wire.js', 'executors/board.js'];

/** Rewrites the modules below `dist`. */
export async function gather(dist) {
  const modules = readModules(dist, await importConstants(dist));
  const chunkOf = assignChunks(modules);
  const nameOf = (id) => path.relative(dist, id).replaceAll(path.sep, '/');
  const bundle = await rolldown({
    cwd: dist,
    input: Object.fromEntries([...modules.keys()].map((name) => [name.replace(/\.js$/, ''), path.join(dist, name)])),
    external: (specifier) => !/^[./]/.test(specifier) && !path.isAbsolute(specifier),
    platform: 'node',
    // All that a module exports and does is wanted, under its own path.
    treeshake: false,
    preserveEntrySignatures: 'strict',
    plugins: [{ name: 'modules-of-tsc', load: (id) => sourceOf(nameOf(id), modules, chunkOf) }],
    onLog(_level, log) {
      throw new Error(`gathering ${dist}: ${log.message}`);
    },
  });
  const isIn = (chunk) => (id) => chunkOf.get(nameOf(id)) === chunk;
  const groups = Object.keys(CHUNKS).map((name, i, { length }) => ({ name, test: isIn(name), priority: length - i }));
  const { output } = await bundle.generate({
    dir: dist,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: { groups },
    // Names of exports and functions as they are, in stack traces and elsewhere.
    minifyInternalExports: false,
    keepNames: true,
    // They are in lib/, to which the source maps lead.
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await bundle.close();
  const files = new Map(output.map(({ fileName, code, source }) => [fileName, code ?? source]));
  const runtime = runtimeOf(files.get(RUNTIME));
  files.delete(RUNTIME);
  dropEmpty(files);
  for (const [name, code] of files) if (name.endsWith('.js')) files.set(name, withRuntime(code, runtime));
  checkDemands(files);
  const demands = demandsOf(files);
  for (const name of Object.keys(CHUNKS)) rewrite(name, files);
  for (const [name, code] of files)
    if (name.endsWith('.js')) files.set(name, withBuiltins(withDemands(code, isFace(name), demands)));
  write(dist, modules, files);
}

/** By path below `dist`, the exports of the modules of constants. */
async function importConstants(dist) {
  const constants = new Map();
  for (const name of CONSTANTS) constants.set(name, await import(pathToFileURL(path.join(dist, name)).href));
  return constants;
}

/** By path below `dist`, what tsc has written, with constants as numbers, what it imports, and what it loads on demand. */
function readModules(dist, constants) {
  const modules = new Map();
  for (const file of readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js'))) {
    const name = file.replaceAll(path.sep, '/');
    const text = readFileSync(path.join(dist, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
    const numbersOf = (specifier) => constants.get(path.posix.join(path.posix.dirname(name), specifier));
    const code = withNumbers(text, name, numbersOf);
    const map = JSON.parse(readFileSync(path.join(dist, `${file}.map`), 'utf8'));
    const { staticImports, staticExports, importMetas } = parseSync(file, code).module;
    // What is loaded on demand has the value that a binding has then.
    if (/^export (?:let|var) /m.test(code))
      throw new Error(`${name} exports a variable; export a function that returns it`);
    const requests = [...staticImports, ...staticExports.flatMap(({ entries }) => entries)]
      .map(({ moduleRequest }) => moduleRequest?.value)
      .filter((specifier) => specifier?.startsWith('.'));
    const imports = new Set(requests.map((specifier) => path.posix.join(path.posix.dirname(name), specifier)));
    const demands = [...code.matchAll(/\bownOnDemand\('(.+?)'\)/g)].map(([, demanded]) => demanded);
    modules.set(name, { code, map, imports, demands, importMetas });
  }
  return modules;
}

/** By module, its chunk; nothing for a file of its own. */
function assignChunks(modules) {
  const reached = new Map();
  for (const program of Object.values(CHUNKS).flat(2)) reached.set(program, reach(modules, program));
  const wanted = new Set([...modules.values()].flatMap(({ imports, demands }) => [...imports, ...demands]));
  const chunkOf = new Map([LOADER, STAND_INS].map((name) => [name, GROUND]));
  for (const name of modules.keys()) {
    if (chunkOf.has(name) || !wanted.has(name) || isFace(name)) continue;
    const isReached = (programs) => programs.every((program) => reached.get(program).has(name));
    const chunk = Object.keys(CHUNKS).find((chunk) => CHUNKS[chunk].some(isReached));
    if (chunk !== undefined) chunkOf.set(name, chunk);
  }
  return chunkOf;
}

/** One of the modules that users import: nothing but exports of others. */
function isFace(name) {
  return !name.includes('/') && name !== 'errors.js';
}

/** A program, and what it imports, directly or not. */
function reach(modules, program) {
  const found = new Set([program]);
  for (const name of found) for (const next of modules.get(name).imports) found.add(next);
  return found;
}

/**
 * What goes into the bundle for a module, line by line what tsc has written. In a chunk, `import.meta.url` is to be the
 * module's own; `import.meta.resolve` stays, since what heddle resolves are names of packages.
 */
function sourceOf(name, modules, chunkOf) {
  const module = modules.get(name);
  if (module === undefined) return null;
  let { code } = module;
  for (const { start, end } of chunkOf.has(name) ? module.importMetas.toReversed() : []) {
    const member = /^\.(\w+)/.exec(code.slice(end))?.[1];
    if (member === 'url')
      code = `${code.slice(0, start)}new URL('../${name}', import.meta.url).href${code.slice(end + 4)}`;
    else if (name !== LOADER && member !== 'resolve')
      throw new Error(`${name}: a module in a chunk has no import.meta.${member}`);
  }
  if (name === LOADER) {
    const demanded = [...modules.values()].flatMap(({ demands }) => demands);
    const table = Object.fromEntries(demanded.map((name) => [name, atRun(`${chunkOf.get(name)}.js`)]));
    const filled = code.replace('const CHUNKS = {};', `const CHUNKS = ${JSON.stringify(table)};`);
    if (filled === code) throw new Error(`${name} has no table of chunks to be filled`);
    code = filled;
  }
  return { code, map: module.map };
}

/** Removes chunks that hold nothing, which rolldown makes of the faces, and imports of them. */
function dropEmpty(files) {
  for (const [file, code] of files) {
    const name = /^chunks\/([\w-]+)\.js$/.exec(file)?.[1];
    if (name === undefined || Object.hasOwn(CHUNKS, name)) continue;
    if (/^(?!import |export \{\};|\/\/ |$)/m.test(code))
      throw new Error(`${file} holds what is in none of the chunks:\n${code}`);
    for (const end of ['', '.map']) files.delete(file + end);
    const statement = new RegExp(`^import "[./]+/chunks/${name}\\.js";$`, 'm');
    for (const [other, text] of files) files.set(other, text.replace(statement, ''));
  }
}

/** By file of a chunk that is loaded on demand, by what name `chunkAt` knows it and the ES modules that it needs. */
function demandsOf(files) {
  const entries = [...ON_DEMAND].map((name) => {
    const modules = [...reachedChunks(name, files)].filter((chunk) => !ON_DEMAND.has(chunk));
    return [`${name}.js`, { chunk: atRun(`${name}.js`), modules: modules.map((chunk) => `${chunk}.js`) }];
  });
  return new Map(entries);
}

/** Sees to it that whoever has a chunk loaded on demand has loaded before what that chunk takes from ES modules. */
function checkDemands(files) {
  for (const name of Object.keys(CHUNKS)) {
    const there = reachedChunks(name, files);
    for (const [, module] of files.get(`chunks/${name}.js`).matchAll(/ownOnDemand\("(.+?)"\)/g)) {
      const facade = files.get(module);
      if (facade.includes(' as ')) throw new Error(`${module}: what it exports has other names in its chunk`);
      const [, wanted] = /"[./]+\/chunks\/([\w-]+)\.js"/.exec(facade);
      const missing = [...reachedChunks(wanted, files)].find((chunk) => !ON_DEMAND.has(chunk) && !there.has(chunk));
      if (missing !== undefined)
        throw new Error(`${module}, loaded by ${name}, needs ${missing}, which may not be there`);
    }
  }
}

/** A chunk, and those that it imports from, directly or not. */
function reachedChunks(name, files) {
  const reached = new Set([name]);
  for (const chunk of reached)
    for (const [, next] of files.get(`chunks/${chunk}.js`).matchAll(/^import .*"\.\/([\w-]+)\.js";$/gm))
      reached.add(next);
  return reached;
}

/** Gives a chunk the form in which it is loaded. */
function rewrite(name, files) {
  const file = `chunks/${name}.js`;
  const code = files.get(file);
  if (!ON_DEMAND.has(name)) {
    files.set(file, providing(code, `${name}.js`, `${GROUND}.js`));
    return;
  }
  const { required, imported } = loadable(code, `${name}.js`, `${GROUND}.js`, atRun);
  files.set(file, imported);
  files.set(`chunks/${name}.cjs`, required);
}

/** By what name `chunkAt` knows a chunk. */
function atRun(file) {
  const name = file.replace(/\.js$/, '');
  return ON_DEMAND.has(name) ? `${name}.cjs` : file;
}

/** Writes the files in place of those of tsc. */
function write(dist, modules, files) {
  for (const name of modules.keys()) if (!files.has(`${name}.map`)) rmSync(path.join(dist, `${name}.map`));
  mkdirSync(path.join(dist, 'chunks'));
  for (const [name, content] of files)
    writeFileSync(path.join(dist, name), name.endsWith('.map') ? content : asciiOf(content));
}
