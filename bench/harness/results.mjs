/** The results of a day, one file for all runs: `results/DATE.json`, and `.md` to read. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareEngines, markdown } from './report.mjs';

const folder = fileURLToPath(new URL('../results/', import.meta.url));

function stemOf(machine) {
  return machine.date.slice(0, 10);
}

/** What runs before this one have left in the file of the day, by scenario. */
export function earlierResults(machine) {
  const file = `${folder}${stemOf(machine)}.json`;
  if (!existsSync(file)) return new Map();
  return new Map(JSON.parse(readFileSync(file, 'utf8')).report.map((entry) => [entry.scenario, entry]));
}

/** Puts the report beside the earlier results, in place of those of its own scenarios; returns the files' names. */
export function writeResults(machine, earlier, report) {
  const entries = new Map([...earlier, ...report.map((entry) => [entry.scenario, entry])]);
  const all = [...entries.values()].sort((a, b) => (a.scenario < b.scenario ? -1 : 1));
  const engines = compareEngines(all);
  const stem = stemOf(machine);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${stem}.json`, `${JSON.stringify({ machine, report: all, engines }, undefined, 1)}\n`);
  writeFileSync(`${folder}${stem}.md`, markdown(machine, all, engines));
  return [`bench/results/${stem}.json`, `bench/results/${stem}.md`];
}
