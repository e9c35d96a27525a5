/**
 * Builds for systems that node-gyp cannot build for from here: the same sources with the flags of
 * native/binding.gyp, which is read as node-gyp does, compiled by Zig without further ado.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforehand, HEADERS } from './headers.mjs';
import { RUNTIME, RUNTIME_FLAGS, SMALL, WITHOUT_UNWINDING } from './small.mjs';
import { windowsImports } from './windows-imports.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);

/** The one target of native/binding.gyp; a gyp file is a literal of Python. */
export function gypTarget() {
  const program = 'import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))';
  const input = readFileSync(join(root, 'native/binding.gyp'));
  const { status, stdout, stderr, error } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  if (error) throw new Error('Python, which reads native/binding.gyp, was not found', { cause: error });
  if (status !== 0) throw new Error(`native/binding.gyp cannot be read: ${stderr}`);
  return JSON.parse(stdout).targets[0];
}

/** Zig has the libraries that the Windows SDK makes its own of. */
const ZIG_LIBRARIES = { 'synchronization.lib': 'api-ms-win-core-synch-l1-2-0' };

function conditional(target, system) {
  return target.conditions.find(([condition]) => condition === `OS=="${system}"`)[1];
}

/** Waits for a command; throws with what it wrote when it fails. `say` receives warnings. */
async function run(command, args, say) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(output);
  if (output !== '') say(output);
}

/** Calls `work` on every item, so many at a time. */
async function each(items, jobs, work) {
  const left = items.slice();
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/** Returns the path of the binary. `jobs`: how many compilers run beside each other. */
export async function buildDirectly(target, { zig, folder, jobs }) {
  const gyp = gypTarget();
  const windows = target.zig.includes('windows');
  const compile = [
    'c++',
    ...['-target', target.zig, '-DBUILDING_NODE_EXTENSION'],
    ...gyp.cflags,
    ...gyp.cflags_cc,
    ...SMALL,
    ...gyp.defines.map((define) => `-D${define}`),
    ...[require('node-addon-api').include_dir, require('node-api-headers').include_dir].map((dir) => `-I${dir}`),
  ];
  // For Windows, Zig links 50 KB of functions that the compiler might call, all of them; -Os has the small ones.
  const link = ['c++', windows ? '-Os' : '-O2', '-target', target.zig, '-shared', '-s'];
  const sources = readFileSync(join(root, 'native/sources.txt'), 'utf8').trim().split('\n');
  mkdirSync(folder, { recursive: true });
  if (windows) {
    const { flags, source } = windowsImports();
    compile.push(...flags);
    const imports = join(folder, 'windows_imports.cc');
    writeFileSync(imports, source);
    sources.push(imports);
    link.push(...conditional(gyp, 'win').libraries.map((name) => `-l${ZIG_LIBRARIES[name]}`));
  } else {
    compile.push('-fPIC', ...WITHOUT_UNWINDING);
    // -x: of local names, -s would leave a fifth of the library.
    link.push('-undefined', 'dynamic_lookup', '-Wl,-dead_strip', '-Wl,-x');
  }

  sources.push(RUNTIME);

  const say = (text) => process.stderr.write(text);
  const objects = new Map(
    sources.map((source) => [source, join(folder, 'objects', `${source.replace(/^.*native\/|^.*\//, '')}.o`)]),
  );
  const headers = join(folder, 'headers.pch');
  await run(zig, [...compile, '-x', 'c++-header', HEADERS, '-o', headers], say);
  await each(sources, jobs, async (source) => {
    mkdirSync(dirname(objects.get(source)), { recursive: true });
    const flags = source === RUNTIME ? RUNTIME_FLAGS : beforehand(headers);
    await run(zig, [...compile, '-c', ...flags, source, '-o', objects.get(source)], say);
  });
  const binary = join(folder, 'heddle.node');
  await run(zig, [...link, ...objects.values(), '-o', binary], say);
  return binary;
}
