/**
 * Compiles the examples and runs each on every engine this machine has, against `examples/expectations.mjs`:
 * its lines, its exit code, nothing on standard error.
 *
 *   node scripts/run-examples.mjs [NAME…]   those whose name contains NAME; default: all
 *
 * HEDDLE_ENGINE=native|fallback in the environment restricts it to one engine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone, demoExpectations, expectations, needs } from '../examples/expectations.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
/** A program that has not ended by then never will. */
const LIMIT_MS = 60_000;

const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.examples.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

const names = readdirSync(join(root, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
const unknown = [...Object.keys(expectations), ...alone].filter((name) => !names.includes(name));
const unchecked = names.filter((name) => !(name in expectations));
for (const name of unknown) console.error(`expectations.mjs expects something of ${name}, which does not exist`);
for (const name of unchecked) console.error(`expectations.mjs expects nothing of ${name}`);
if (unknown.length + unchecked.length > 0) process.exit(1);

const wanted = process.argv.slice(2);
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

/** What `heddle` says of that engine; `auto`: of the one that is chosen here. */
function engineOf(name) {
  const probe = [
    '--input-type=module',
    '-e',
    "import { engine } from 'heddle'; const { name, supports } = engine; console.log(JSON.stringify({ name, supports }));",
  ];
  const env = { ...process.env, HEDDLE_ENGINE: name };
  return JSON.parse(spawnSync(process.execPath, probe, { cwd: root, env, encoding: 'utf8' }).stdout);
}

function run(engine, file, ...args) {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [join(root, file), ...args], {
      cwd: root,
      env: { ...process.env, HEDDLE_ENGINE: engine, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, LIMIT_MS);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...output, code, signal, late, ms: Math.round(performance.now() - began) });
    });
  });
}

/** Why the run is not as expected, or undefined. */
function complaint({ stdout, stderr, code, signal, late, ms }, { expect, exitCode = 0, error = /^$/ }) {
  if (late) return `did not end within ${LIMIT_MS} ms`;
  if (signal !== null) return `was ended by ${signal}`;
  if (code !== exitCode) return `exit code ${code}, not ${exitCode}`;
  if (!error.test(stderr)) return `standard error does not match ${error}`;
  try {
    expect(stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n'), ms);
    return undefined;
  } catch (error) {
    return error.message;
  }
}

const asked = process.env.HEDDLE_ENGINE;
const engines =
  asked === 'native' || asked === 'fallback'
    ? [asked]
    : engineOf('auto').name === 'native'
      ? ['native', 'fallback']
      : ['fallback'];
if (engines.length === 1)
  console.log(
    `Running the examples on the ${engines[0]} engine only${asked ? '' : ', for the native addon is not built'}.`,
  );
const programs = chosen.map((name) => ({
  name,
  file: `build/examples/${name}.js`,
  args: [],
  expect: expectations[name],
}));
for (const [name, program] of Object.entries(demoExpectations)) {
  if (wanted.length === 0 || wanted.some((part) => name.includes(part))) {
    programs.push({ name, file: 'examples/demo/demo.mjs', ...program });
  }
}

let failures = 0;
let passed = 0;

async function judge(engine, program) {
  const result = await run(engine, program.file, ...program.args);
  const why = complaint(result, program);
  console.log(`${why === undefined ? 'ok  ' : 'FAIL'} ${engine.padEnd(8)} ${program.name} (${result.ms} ms)`);
  if (why === undefined) {
    passed++;
    return;
  }
  failures++;
  console.log(`${why}\n--- standard output\n${result.stdout}--- standard error\n${result.stderr}`);
}

for (const engine of engines) {
  const { supports } = engineOf(engine);
  const possible = programs.filter(({ name }) => needs[name]?.some((key) => supports[key]) ?? true);
  // Most sleep most of the time.
  const waiting = possible.filter(({ name }) => !alone.includes(name)).values();
  const work = async () => {
    for (const program of waiting) await judge(engine, program);
  };
  await Promise.all([work(), work()]);
  for (const program of possible.filter(({ name }) => alone.includes(name))) await judge(engine, program);
}
console.log(`examples: ${passed} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
