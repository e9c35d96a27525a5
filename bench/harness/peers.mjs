/** Which peers this machine has, and how to run those that are not JavaScript: each prints one JSON number. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from '../../scripts/node-lines.mjs';

const folder = fileURLToPath(new URL('../peers/', import.meta.url));
const built = fileURLToPath(new URL('../../node_modules/.cache/heddle-bench/', import.meta.url));

const TOOLS = {
  python3: ['python3', ['--version']],
  java: ['java', ['-version']],
  javac: ['javac', ['-version']],
  'g++': [process.env.CXX ?? 'g++', ['--version']],
};
const PACKAGES = ['async-mutex', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'multithreading', 'jest-worker'];

const versions = new Map();

/** The version of a tool or an npm package, or undefined if it is not here. */
function versionOf(name) {
  if (!versions.has(name)) versions.set(name, name in TOOLS ? toolVersion(name) : packageVersion(name));
  return versions.get(name);
}

function toolVersion(tool) {
  const [command, args] = TOOLS[tool];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? (stdout + stderr).split('\n', 1)[0] : undefined;
}

function packageVersion(name) {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

export function peerVersions() {
  const found = {};
  for (const name of [...PACKAGES, ...Object.keys(TOOLS)]) {
    const version = versionOf(name);
    if (version !== undefined) found[name] = version;
  }
  return found;
}

/**
 * What keeps a peer from running here, or undefined: `needs`, a tool or a package; `node`, the line of Node that
 * it takes when this one is older.
 */
export function obstacle({ needs, node }) {
  const needed = needs === 'java' ? ['java', 'javac'] : needs === undefined ? [] : [needs];
  const missing = needed.filter((name) => versionOf(name) === undefined);
  if (missing.length > 0) return `no ${missing.join(', ')} here`;
  try {
    nodeFor({ node });
    return undefined;
  } catch (error) {
    return `it takes Node ${node}: ${error.message}`;
  }
}

/** The Node binary that a case runs on. */
export function nodeFor({ node }) {
  const current = Number(process.versions.node.split('.', 1)[0]);
  return node === undefined || current >= Number(node) ? process.execPath : nodeBinary(node);
}

function run(command, args) {
  return Number(execFileSync(command, args.map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** `python3 peers/FILE ARGS`. */
export function python(file, ...args) {
  return run('python3', [folder + file, ...args]);
}

/** Compiles a Java file when it has changed, then runs its class of the same name. */
export function java(file, ...args) {
  const name = file.replace(/\.java$/, '');
  if (stale(`${built}${name}.class`, folder + file)) execFileSync('javac', ['-d', built, folder + file]);
  return run('java', ['-cp', built, name, ...args]);
}

/** Compiles a C++ file when it has changed, then runs it. */
export function cpp(file, ...args) {
  const program = built + file.replace(/\.cc$/, '');
  if (stale(program, folder + file)) {
    execFileSync(TOOLS['g++'][0], ['-O2', '-std=c++20', '-pthread', folder + file, '-o', program]);
  }
  return run(program, args);
}

function stale(output, source) {
  mkdirSync(built, { recursive: true });
  return !existsSync(output) || statSync(output).mtimeMs < statSync(source).mtimeMs;
}
