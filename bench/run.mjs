/**
 * `npm run bench [-- NAME… --rounds N --only CASE --write]`: runs scenarios and compares.
 *
 * A scenario (a file of `bench/scenarios/`) has variants and cases: heddle on each of its engines, and
 * peers. Every case of a variant runs in a process of its own, in turn (A B C A B C …) for some rounds,
 * so that whatever else the machine does hits all of them alike. Medians are compared, and their ratio
 * is held against a floor. A run of everything writes `bench/results/DATE.json` and `.md`.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCase } from './harness/child.mjs';
import { describeMachine } from './harness/machine.mjs';
import { available } from './harness/peers.mjs';
import { compareEngines, judge, median, printVariant, writeReport } from './harness/report.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const everything = readdirSync(new URL('scenarios/', import.meta.url))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
  .sort();
/** Not a file: heddle's two engines against each other in all of them. */
const ENGINE = 'engine';

if (options.list) {
  for (const name of [...everything, ENGINE]) console.log(name);
  process.exit();
}

const enginesOnly = positionals.includes(ENGINE);
const names = positionals.length === 0 || enginesOnly ? everything : positionals;
const unknown = names.filter((name) => !everything.includes(name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are: ${[...everything, ENGINE].join(', ')}`);
  process.exit(2);
}
const rounds = Number(options.rounds);

/** The cases of a scenario that this machine can run: [name, environment]. */
function casesOf(scenario) {
  const cases = [
    ['native', { HEDDLE_ENGINE: 'native' }],
    ['fallback', { HEDDLE_ENGINE: 'fallback' }],
  ];
  if (!enginesOnly) {
    for (const [name, peer] of Object.entries(scenario.peers ?? {})) {
      if (peer.needs === undefined || available(peer.needs)) cases.push([name, {}]);
      else console.log(`  (${name} is left out: no ${peer.needs} here)`);
    }
  }
  return options.only === undefined ? cases : cases.filter(([name]) => options.only.includes(name));
}

async function runVariant(scenarioName, scenario, variant) {
  const cases = casesOf(scenario).filter(([name]) => scenario.peers?.[name]?.skip?.(variant) !== true);
  const samples = new Map(cases.map(([name]) => [name, []]));
  const failures = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const [name, env] of cases) {
      if (failures.has(name)) continue;
      try {
        samples.get(name).push(await runCase(scenarioName, variant.name, name, { ...env, ...scenario.env }));
      } catch (error) {
        failures.set(name, error.message);
      }
    }
  }
  const results = {};
  for (const [name, values] of samples) {
    results[name] = failures.has(name)
      ? { failed: failures.get(name) }
      : { median: median(values), low: Math.min(...values), high: Math.max(...values), samples: values };
  }
  return { variant: variant.name, results, verdicts: judge(scenario, variant, results) };
}

const machine = await describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}\n`);
const report = [];
for (const name of names) {
  const { default: scenario } = await import(`./scenarios/${name}.mjs`);
  console.log(`${name}: ${scenario.title} [${scenario.unit}]`);
  const variants = [];
  for (const variant of scenario.variants ?? [{ name: '' }]) {
    const outcome = await runVariant(name, scenario, variant);
    printVariant(scenario, outcome);
    variants.push(outcome);
  }
  report.push({ scenario: name, title: scenario.title, work: scenario.work, unit: scenario.unit, variants });
}
const engines = compareEngines(report);
if (names.length > 1) {
  console.log('\nengine: native against fallback, the nearest ones');
  for (const { where, ratio, holds } of engines.slice(0, 8)) {
    console.log(`  ${ratio.toFixed(2).padStart(8)} × ${where}${holds ? '' : '   BELOW 0.95'}`);
  }
}
if (options.write || positionals.length === 0) {
  for (const file of writeReport(machine, rounds, report, engines)) console.log(`wrote ${file}`);
}
const verdicts = report.flatMap(({ variants }) => variants.flatMap((variant) => variant.verdicts));
const below = verdicts.filter(({ holds }) => !holds);
console.log(`\n${verdicts.length - below.length} floors hold, ${below.length} do not`);
