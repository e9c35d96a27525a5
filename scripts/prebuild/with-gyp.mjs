/** Builds for Linux with prebuildify, and so by node-gyp from binding.gyp, the compiler being Zig. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gypTarget } from './direct.mjs';
import { beforehand, HEADERS } from './headers.mjs';
import { RUNTIME, RUNTIME_FLAGS, SMALL, WITHOUT_UNWINDING } from './small.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * What node-gyp expects of an installed Node, with Node-API's headers alone: the same for whatever Node runs this,
 * and nothing is downloaded.
 */
function nodeDirectory(folder) {
  const headers = join(folder, 'include/node');
  mkdirSync(headers, { recursive: true });
  const { include_dir: source } = require('node-api-headers');
  for (const file of readdirSync(source)) copyFileSync(join(source, file), join(headers, file));
  writeFileSync(join(headers, 'config.gypi'), '{"target_defaults": {}, "variables": {}}\n');
  writeFileSync(
    join(headers, 'common.gypi'),
    "{'target_defaults': {'default_configuration': 'Release', 'configurations': {'Release': {}}}}\n",
  );
  return folder;
}

/** A copy of the package in which node-gyp may clean up: in the package it would remove the build in use. */
function copyOfSources(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, 'binding.gyp'), join(folder, 'binding.gyp'));
  cpSync(join(root, 'native'), join(folder, 'native'), {
    recursive: true,
    filter: (path) => !path.startsWith(join(root, 'native/build')),
  });
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** Flags of node-gyp's own that change what a header means, so that the headers must be compiled with them too. */
const OF_NODE_GYP = ['-fPIC', '-D_LARGEFILE_SOURCE', '-D_FILE_OFFSET_BITS=64'];

/** Returns the path of the binary. `jobs`: how many compilers run beside each other. */
export function buildWithGyp(target, { zig, folder, jobs, verbose }) {
  copyOfSources(folder);
  const { zig: name, flags: own = [] } = target;
  const compiler = ['-target', name, ...own, ...SMALL, ...WITHOUT_UNWINDING].join(' ');
  const gyp = gypTarget();
  const flags = [...compiler.split(' '), ...OF_NODE_GYP, ...gyp.cflags, ...gyp.cflags_cc];
  const headers = join(folder, 'headers.pch');
  const runtime = join(folder, 'cxx_runtime.o');
  const compile = (...args) => {
    const { status } = spawnSync(zig, ['c++', ...flags, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error(`the compiler has failed with ${args.join(' ')}`);
  };
  compile('-x', 'c++-header', HEADERS, '-o', headers);
  compile(...RUNTIME_FLAGS, '-c', RUNTIME, '-o', runtime);
  const env = {
    ...process.env,
    CC: `${zig} cc ${compiler}`,
    CXX: `${zig} c++ ${compiler} ${beforehand(headers).join(' ')}`,
    LINK: `${zig} c++ -O2 -target ${name}`,
    AR: `${zig} ar`,
    // -s: strip knows no foreign processors.
    LDFLAGS: `-s -Wl,--gc-sections ${runtime}`,
    npm_config_nodedir: nodeDirectory(join(folder, 'node')),
    JOBS: String(jobs),
  };
  const prebuildify = join(dirname(require.resolve('prebuildify')), 'bin.js');
  const options = [prebuildify, '--napi', '--arch', target.gyp, '--cwd', folder, '--out', folder];
  if (!verbose) options.push('--quiet');
  const { status, error } = spawnSync(process.execPath, options, { env, cwd: folder, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error(`prebuildify failed${verbose ? '' : '; once more with --verbose says why'}`);
  return join(folder, `prebuilds/linux-${target.gyp}/heddle.node`);
}
