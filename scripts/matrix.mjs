/**
 * What works where: the smoke test and the demo, from the tarball, on every runtime, engine and form of program, and in
 * the bundles of every bundler. Writes `docs/support.md`.
 *
 *   npm run matrix                  all of it
 *   npm run matrix -- --short       one program on Bun, one on Deno, and the bundles on this Node.js; writes nothing
 *
 * Exit code 1: something failed, or heddle says that it cannot do what it is expected to (see EXPECTED_LACKS).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { supportPage } from './matrix/page.mjs';
import { programs, writeBundles, writePrograms } from './matrix/programs.mjs';
import { runProgram } from './matrix/run-program.mjs';
import { nodeBinary, nodeLines } from './node-lines.mjs';
import { otherRuntimes } from './other-runtimes.mjs';
import { emptyProject, pack, root, run } from './package/tarball.mjs';

const { short } = parseArgs({ options: { short: { type: 'boolean', default: false } } }).values;
const work = mkdtempSync(join(tmpdir(), 'heddle-matrix-'));
const own = process.versions.node.split('.', 1)[0];

/** `{ name, version, command }` */
function runtimes() {
  const nodes = nodeLines.map((line) => {
    const node = nodeBinary(line);
    const version = run(node, ['--version']).stdout.trim().slice(1);
    return { name: 'Node.js', version, command: [node], strips: atLeast(version, [22, 18]) };
  });
  const others = Object.entries(otherRuntimes).map(([name, { version, command }]) => {
    return { name, version, command: command(), strips: true };
  });
  return [...nodes, ...others];
}

function atLeast(version, [major, minor]) {
  const [a, b] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

/** What an engine, or another runtime than Node.js, may lack, by the checks of the smoke test. All else must work. */
const EXPECTED_LACKS = {
  native: [],
  fallback: ['sharedMemory'],
  Bun: ['closures'],
  Deno: ['closures'],
};

let failures = 0;
async function measure(command, program, engine, what, runtime = 'Node.js') {
  const result = await runProgram(command, program, { cwd: join(work, 'app'), engine });
  const { lacks, failed, output } = result;
  const expected = [...EXPECTED_LACKS[engine], ...(EXPECTED_LACKS[runtime] ?? [])];
  for (const [name, why] of lacks) if (!expected.includes(name)) failed.set(name, `refused: ${why}`);
  const says = [...failed, ...lacks].map(([name]) => name).join(', ');
  console.log(`${failed.size > 0 ? 'FAILED' : 'ok    '} ${what}, ${engine} engine${says && `: without ${says}`}`);
  if (failed.size > 0) {
    failures++;
    console.log(output);
  }
  return result;
}

/** A bundle with heddle in it has to say at once what to do. */
function measureRefusal({ name, format, file, option }) {
  const { status, stderr } = run(process.execPath, [file], { cwd: join(work, 'app'), timeout: 60_000 });
  const [word] = option.split(':', 1);
  const refused =
    status === 1 &&
    /heddle has been made part of a bundle[\s\S]*ERR_HEDDLE_ENGINE_UNAVAILABLE/.test(stderr) &&
    stderr.includes(word);
  console.log(`${refused ? 'ok    ' : 'FAILED'} ${name}, ${format}, heddle bundled: refused`);
  if (refused) return;
  failures++;
  console.log(`exit code ${status}\n${stderr.slice(-2000)}`);
}

function install() {
  const { home } = emptyProject(work, 'app');
  // The demo shows its progress by this package.
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', pack(work).path, 'cli-progress@3.12.0'];
  const { status, stderr } = run('npm', args, { cwd: home });
  if (status !== 0) throw new Error(`npm could not install the tarball: ${stderr}`);
  writePrograms(root, home);
  return home;
}

async function runtimeRows() {
  const rows = [];
  for (const { name, version, command, strips } of runtimes()) {
    if (short && name === 'Node.js') continue;
    for (const engine of short ? [name === 'Bun' ? 'native' : 'fallback'] : ['native', 'fallback']) {
      const cells = {};
      for (const [form, program] of Object.entries(programs)) {
        if (form === 'TypeScript' && !strips) continue;
        if (short && form !== 'ES module') continue;
        cells[form] = await measure(command, program, engine, `${name} ${version}, ${form}`, name);
      }
      rows.push({ name, version, engine, cells });
    }
  }
  return rows;
}

async function bundleRows(home) {
  const rows = [];
  for (const bundle of await writeBundles(home)) {
    if (bundle.whole) {
      measureRefusal(bundle);
      continue;
    }
    const cells = {};
    for (const line of short ? [own] : nodeLines) {
      for (const engine of short ? ['native'] : ['native', 'fallback']) {
        const what = `${bundle.name} ${bundle.version}, ${bundle.format}, Node.js ${line}`;
        cells[`${line} ${engine}`] = await measure([nodeBinary(line)], { args: [bundle.file] }, engine, what);
      }
    }
    rows.push({ ...bundle, cells });
  }
  return rows;
}

try {
  const home = install();
  const page = supportPage({
    runtimes: await runtimeRows(),
    bundles: await bundleRows(home),
    programs: Object.keys(programs),
  });
  if (!short) writeFileSync(join(root, 'docs/support.md'), page);
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(failures === 0 ? 'matrix: all works that is expected to' : `matrix: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
