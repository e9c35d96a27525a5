/** Writes `docs/support.md` from what the matrix has measured. */
import { arch, platform } from 'node:os';
import { nodeLines } from '../node-lines.mjs';

/** What each check of the smoke test uses, in the words of a user. */
const CHECKS = {
  closures: 'functions that capture variables',
  process: '`Process`',
  pipe: '`Pipe` between processes',
  processPool: '`Pool` and `ProcessPoolExecutor`',
  sharedMemory: '`SharedMemory` and `ShareableList`',
};

/** Numbers the reasons why something cannot be done, in the order of their first appearance. */
class Notes {
  #numbers = new Map();

  number(name, why) {
    const text = `${CHECKS[name] ?? `\`${name}\``}: ${why}`;
    if (!this.#numbers.has(text)) this.#numbers.set(text, this.#numbers.size + 1);
    return this.#numbers.get(text);
  }

  lines() {
    return [...this.#numbers].map(([text, number]) => `${number}. ${text}`);
  }
}

function cell(result, notes) {
  if (result === undefined) return '–';
  const { failed, lacks } = result;
  if (failed.size > 0) return `no: ${[...failed].map(([name, why]) => `${name} (${why})`).join('; ')}`;
  if (lacks.size === 0) return 'yes';
  const numbers = [...lacks].map(([name, why]) => notes.number(name, why)).sort((a, b) => a - b);
  return `yes, but for ${numbers.map((number) => `(${number})`).join(', ')}`;
}

/** What was found on every line of Node.js, or, where they differ, on each. */
function cellOfLines(cells, engine, notes) {
  const found = Object.keys(cells).filter((column) => column.endsWith(engine));
  const texts = found.map((column) => cell(cells[column], notes));
  if (new Set(texts).size === 1) return texts[0];
  return found.map((column, i) => `${column.split(' ', 1)[0]}: ${texts[i]}`).join('; ');
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

export function supportPage({ runtimes, bundles, programs }) {
  const notes = new Notes();
  const runtimeTable = table(
    ['runtime', 'engine', ...programs],
    runtimes.map(({ name, version, engine, cells }) => [
      `${name} ${version}`,
      engine,
      ...programs.map((form) => cell(cells[form], notes)),
    ]),
  );
  const bundleTable = table(
    ['bundler', 'output', 'heddle left out by', 'native', 'fallback'],
    bundles.map(({ name, version, format, option, cells }) => [
      `${name} ${version}`,
      format,
      `\`${option.replaceAll('|', '\\|')}\``,
      ...['native', 'fallback'].map((engine) => cellOfLines(cells, engine, notes)),
    ]),
  );
  return [
    '# What works where',
    '',
    `Written by \`npm run matrix\` on ${new Date().toISOString().slice(0, 10)}, ${platform()} ${arch()}: what is said here was`,
    'run, from the tarball as it is published.',
    '',
    'The programs check [each kind of object](../scripts/smoke/smoke.mjs): locks, conditions, queues, threads, closures,',
    'pools, shared arrays, kernels, processes, pipes, pools of processes, shared memory. TypeScript is run as it is, by',
    'type stripping. The demo counts words with threads, as `npm run demo` does.',
    '',
    '## Runtimes',
    '',
    ...runtimeTable,
    '',
    'Where something cannot be done, heddle throws an error that says so; all else works:',
    '',
    ...notes.lines(),
    '',
    'Node.js 20 does not run TypeScript. Deno was given `--allow-read --allow-env --allow-ffi --allow-run`: see',
    '[other runtimes](engines.md#bun-and-deno).',
    '',
    '## Bundles',
    '',
    'The same program, bundled, with heddle left out of the bundle and installed beside it: see',
    `[bundling](bundling.md). Run on Node.js ${nodeLines.join(', ')}:`,
    '',
    ...bundleTable,
    '',
    'With heddle inside, each of these bundles throws, when it is started, an error that names the option.',
    '',
  ].join('\n');
}
