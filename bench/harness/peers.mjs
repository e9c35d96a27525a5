/** Runs the peers that are not JavaScript: each prints one JSON number. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../peers/', import.meta.url));
const built = fileURLToPath(new URL('../../node_modules/.cache/heddle-bench/', import.meta.url));

const TOOLS = {
  python3: ['python3', ['--version']],
  java: ['java', ['-version']],
  'g++': [process.env.CXX ?? 'g++', ['--version']],
};

/** The version line of a tool, or undefined if it is not here. */
function versionOf(tool) {
  const [command, args] = TOOLS[tool];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? (stdout + stderr).split('\n', 1)[0] : undefined;
}

export function available(tool) {
  return versionOf(tool) !== undefined;
}

export function toolVersions() {
  const versions = {};
  for (const tool of Object.keys(TOOLS)) {
    const version = versionOf(tool);
    if (version !== undefined) versions[tool] = version;
  }
  return versions;
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
