/**
 * Gathers the modules that tsc has compiled into few files: Node.js takes about half a millisecond for every file that it
 * imports, and heddle has more than two hundred.
 *
 *   dist/sync/lock.js ─┐                          ┌─ dist/chunks/core.js        the code of many modules
 *   dist/sync/rlock.js ┼─ become ─────────────────┤
 *   …                 ─┘                          └─ dist/sync/lock.js, …       export { Lock } from '../chunks/core.js';
 *
 * Every module keeps its path, so that whatever names one, such as `new Worker` or an export of package.json, finds it,
 * and gets the same bindings as all others. Functions and classes keep their names, and `import.meta.url` what it was.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { parseSync } from 'rolldown/utils';

/**
 * The chunks, and by whom they are used: a module is in the first of which each program reaches it by its imports. So what
 * a chunk imports is in itself or further up, and no program of these loads what it does not import. The programs
 * themselves do things when they are loaded, and stay files of their own.
 */
export const CHUNKS = {
  core: ['threads/worker-entry.js'],
  processes: ['processes/child-entry.js'],
  executors: ['index.js', 'executors/worker-entry.js'],
  workers: ['executors/worker-entry.js'],
  pools: ['index.js'],
  parallel: ['parallel.js'],
  broker: ['processes/broker-entry.js'],
};

/** Rewrites the modules below `dist`. */
export async function gather(dist) {
  const modules = readModules(dist);
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
    plugins: [
      {
        name: 'modules-of-tsc',
        load(id) {
          const module = modules.get(nameOf(id));
          if (module === undefined) return null;
          const { code, map } = module;
          return { code: chunkOf.has(nameOf(id)) ? withOwnUrl(module, nameOf(id)) : code, map };
        },
      },
    ],
    onLog(_level, log) {
      throw new Error(`gathering ${dist}: ${log.message}`);
    },
  });
  const isIn = (name) => (id) => (id.startsWith('\0') ? name === 'core' : chunkOf.get(nameOf(id)) === name);
  const groups = Object.keys(CHUNKS).map((name, i, { length }) => ({ name, test: isIn(name), priority: length - i }));
  const { output } = await bundle.generate({
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
  write(dist, output);
}

/** The file of the functions that rolldown has the code call. */
const RUNTIME = 'chunks/rolldown-runtime.js';

/** Writes the files, and removes the source maps of modules that hold no code any more. */
function write(dist, output) {
  const files = new Map(output.map(({ fileName, code, source }) => [fileName, code ?? source]));
  const runtime = files
    .get(RUNTIME)
    .replaceAll(/^(?:import|export) .*$/gm, '')
    .replaceAll(/\s+/g, ' ');
  files.delete(RUNTIME);
  mkdirSync(path.join(dist, 'chunks'));
  for (const [name, content] of files) {
    const text = name.endsWith('.map')
      ? content
      : asciiOf(content.replace(RUNTIME_IMPORT, (_, names) => (names ? runtime : '')));
    writeFileSync(path.join(dist, name), text);
    if (!files.has(`${name}.map`)) rmSync(path.join(dist, `${name}.map`), { force: true });
  }
}

/** Where it is used; another file to read for a dozen lines is what this is about. */
const RUNTIME_IMPORT = /^import (\{.*\} from )?"[^"]*\/rolldown-runtime\.js";$/m;

/** V8 keeps text of ASCII in one byte a character, and any other in two. Comments are gone, so escapes mean the same. */
function asciiOf(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** By path below `dist`, what tsc has written and what it imports. */
function readModules(dist) {
  const modules = new Map();
  for (const file of readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js'))) {
    const name = file.replaceAll(path.sep, '/');
    const code = readFileSync(path.join(dist, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
    const map = JSON.parse(readFileSync(path.join(dist, `${file}.map`), 'utf8'));
    const { module } = parseSync(file, code);
    const requests = [...module.staticImports, ...module.staticExports.flatMap(({ entries }) => entries)]
      .map(({ moduleRequest }) => moduleRequest?.value)
      .filter((specifier) => specifier?.startsWith('.'));
    const imports = new Set(requests.map((specifier) => path.posix.join(path.posix.dirname(name), specifier)));
    modules.set(name, { code, map, imports, metas: module.importMetas });
  }
  return modules;
}

/** By module, its chunk; nothing for a file of its own. */
function assignChunks(modules) {
  const reached = new Map(
    Object.values(CHUNKS).flatMap((programs) => programs.map((name) => [name, reach(modules, name)])),
  );
  const chunkOf = new Map();
  for (const name of modules.keys()) {
    const found = Object.entries(CHUNKS).find(([, programs]) =>
      programs.every((program) => reached.get(program).has(name)),
    );
    if (found !== undefined) chunkOf.set(name, found[0]);
  }
  return chunkOf;
}

/** What a program imports, directly or not. */
function reach(modules, program) {
  const found = new Set(modules.get(program).imports);
  for (const name of found) for (const next of modules.get(name).imports) found.add(next);
  return found;
}

/**
 * The code of a module that goes into a chunk, with its `import.meta.url` being the module's own. `import.meta.resolve`
 * stays: what heddle resolves are names of packages, which mean the same in a chunk.
 */
function withOwnUrl({ code, metas }, name) {
  let text = code;
  // All on one line, for the sake of the source map.
  for (const { start, end } of metas.toReversed()) {
    const member = /^\.(\w+)/.exec(text.slice(end))?.[1];
    if (member === 'resolve') continue;
    if (member !== 'url') throw new Error(`${name}: import.meta has no ${member} in a module that is gathered`);
    text = `${text.slice(0, start)}new URL('../${name}', import.meta.url).href${text.slice(end + '.url'.length)}`;
  }
  return text;
}
