/**
 * `npm run bench [-- NAME… --rounds N --only CASE --write]`: runs scenarios and compares.
 *
 * A scenario (a file of `bench/scenarios/`) has variants and cases: heddle on each of its engines, and
 * peers. Every case of a variant runs in a process of its own, in turn (A B C A B C …) for some rounds,
 * so that whatever else the machine does hits all of them alike. Medians are compared, and their ratio
 * is held against a floor. A run of everything writes `bench/results/DATE.json` and `.md`; with `--write`, a run
 * of some scenarios goes into the same files: its rounds add to those of the same commit and replace others.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCase } from './harness/child.mjs';
import { describeMachine } from './harness/machine.mjs';
import { nodeFor, obstacle } from './harness/peers.mjs';
import { compareEngines, duration, judge, median, printVariant } from './harness/report.mjs';
import { earlierResults, writeResults } from './harness/results.mjs';

const everything = readdirSync(new URL('scenarios/', import.meta.url))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
  .sort();
/** Not a file: heddle's two engines against each other in all of them. */
const ENGINE = 'engine';
const ENGINES = ['native', 'fallback'];

/** Ends with what is wrong with the command line. */
function refuse(complaint) {
  console.error(`bench: ${complaint}`);
  process.exit(2);
}

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        only: { type: 'string', multiple: true },
        write: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}

const { values: options, positionals } = readCommandLine();
if (options.list) {
  for (const name of [...everything, ENGINE]) console.log(name);
  process.exit();
}
const enginesOnly = positionals.includes(ENGINE);
const names = positionals.length === 0 || enginesOnly ? everything : positionals;
const unknown = names.filter((name) => !everything.includes(name));
if (unknown.length > 0) {
  refuse(`no scenario ${unknown.join(', ')}; there are: ${[...everything, ENGINE].join(', ')}`);
}
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) refuse(`--rounds is a whole number from 1, not ${options.rounds}`);

const scenarios = new Map();
for (const name of names) scenarios.set(name, (await import(`./scenarios/${name}.mjs`)).default);
const allCases = new Set([...ENGINES, ...[...scenarios.values()].flatMap(({ peers = {} }) => Object.keys(peers))]);
const missing = (options.only ?? []).filter((name) => !allCases.has(name));
if (missing.length > 0) refuse(`--only ${missing.join(', ')}: the cases are ${[...allCases].join(', ')}`);

/** The cases of a scenario that were asked for: [name, peer]. */
function casesOf(scenario) {
  const engines = ENGINES.filter((name) => scenario.engines?.includes(name) ?? true);
  const cases = engines.map((name) => [name, { env: { HEDDLE_ENGINE: name } }]);
  if (!enginesOnly) cases.push(...Object.entries(scenario.peers ?? {}));
  return cases.filter(([name]) => options.only?.includes(name) ?? true);
}

/** `earlier`: what the same commit came to in this variant before. */
async function runVariant(scenarioName, scenario, variant, allCases, earlier) {
  const cases = allCases.filter(([, peer]) => peer.skip?.(variant) !== true);
  const samples = new Map(Object.entries(earlier?.results ?? {}).map(([name, result]) => [name, result.samples ?? []]));
  const failures = new Map();
  for (const [name] of cases) samples.set(name, [...(samples.get(name) ?? [])]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, peer] of cases) {
      if (failures.has(name)) continue;
      try {
        const env = { ...peer.env, ...scenario.env };
        samples.get(name).push(await runCase(scenarioName, variant.name, name, env, nodeFor(peer), variant.flags));
      } catch (error) {
        failures.set(name, error.message);
      }
    }
  }
  const results = {};
  for (const [name, values] of samples) {
    const figures = { median: median(values), low: Math.min(...values), high: Math.max(...values), samples: values };
    // What it came to before it failed still counts, and the failure is told too.
    results[name] = { ...(values.length > 0 ? figures : {}), failed: failures.get(name) };
  }
  return { variant: variant.name, results, verdicts: judge(scenario, variant, results) };
}

const began = performance.now();
const machine = await describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}\n`);
const writes = options.write || positionals.length === 0;
const earlier = writes ? earlierResults(machine) : new Map();
const report = [];
for (const [name, scenario] of scenarios) {
  const start = performance.now();
  console.log(`${name}: ${scenario.title} [${scenario.unit}]`);
  const cases = [];
  const leftOut = {};
  for (const [caseName, peer] of casesOf(scenario)) {
    const why = obstacle(peer);
    if (why === undefined) cases.push([caseName, peer]);
    else leftOut[caseName] = why;
  }
  for (const [caseName, why] of Object.entries(leftOut)) console.log(`  (${caseName} is left out: ${why})`);
  const before = earlier.get(name)?.commit === machine.commit ? earlier.get(name) : undefined;
  const variants = [];
  for (const variant of scenario.variants ?? [{ name: '' }]) {
    const known = before?.variants.find((entry) => entry.variant === variant.name);
    const outcome = await runVariant(name, scenario, variant, cases, known);
    printVariant(scenario, outcome);
    variants.push(outcome);
  }
  const { title, work, unit } = scenario;
  const took = performance.now() - start + (before?.took ?? 0);
  const sum = { commit: machine.commit, rounds: rounds + (before?.rounds ?? 0), took };
  report.push({ scenario: name, title, work, unit, ...sum, leftOut, variants });
  console.log(`  (${duration(performance.now() - start)})`);
}
const engines = compareEngines(report);
if (names.length > 1 && engines.length > 0) {
  console.log('\nengine: native against fallback, the nearest ones');
  for (const { where, ratio, holds } of engines.slice(0, 8)) {
    console.log(`  ${ratio.toFixed(2).padStart(8)} × ${where}${holds ? '' : '   BELOW 0.95'}`);
  }
}
if (writes) for (const file of writeResults(machine, earlier, report)) console.log(`wrote ${file}`);
const outcomes = report.flatMap(({ variants }) => variants);
const verdicts = outcomes.flatMap((outcome) => outcome.verdicts);
const below = verdicts.filter(({ holds }) => !holds).length;
const failed = outcomes
  .flatMap(({ results }) => Object.values(results))
  .filter(({ failed }) => failed !== undefined).length;
console.log(
  `\n${verdicts.length - below} floors hold, ${below} do not; ${failed} ${failed === 1 ? 'case' : 'cases'} failed; ${duration(performance.now() - began)}`,
);
