/** Turns samples into medians, ratios and verdicts, and those into text. */

/** Units in which more is better. */
const MORE_IS_BETTER = new Set(['op/s']);

/** A length of time in words. */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many times as good `ours` is as `theirs`: throughput over throughput, or their time over ours. */
function ratioOf(unit, ours, theirs) {
  return MORE_IS_BETTER.has(unit) ? ours / theirs : theirs / ours;
}

/** The peer that did best, of those that ran. */
function bestOf(unit, names, results) {
  let best;
  for (const name of names) {
    if (results[name]?.median === undefined) continue;
    if (best === undefined || ratioOf(unit, results[name].median, results[best].median) > 1) best = name;
  }
  return best;
}

/**
 * Holds a variant against its floors. A floor is `{ against, floor, goal }`, both ratios as in ratioOf, where
 * `against` names one peer, or several of which the best counts; or `{ atMost, goal }` or `{ atLeast, goal }`,
 * figures in the scenario's unit.
 */
export function judge(scenario, variant, results) {
  const verdicts = [];
  const ours = results.native?.median;
  if (ours === undefined) return verdicts;
  for (const rule of variant.floors ?? scenario.floors ?? []) {
    if (rule.against === undefined) {
      const meets = (bound) => (rule.atLeast === undefined ? ours <= bound : ours >= bound);
      const bound = rule.atLeast ?? rule.atMost;
      verdicts.push({ ...rule, figure: ours, holds: meets(bound), reached: meets(rule.goal ?? bound) });
      continue;
    }
    const against = Array.isArray(rule.against) ? bestOf(scenario.unit, rule.against, results) : rule.against;
    const theirs = results[against]?.median;
    if (theirs === undefined) continue;
    const ratio = ratioOf(scenario.unit, ours, theirs);
    verdicts.push({ ...rule, against, ratio, holds: ratio >= rule.floor, reached: ratio >= (rule.goal ?? rule.floor) });
  }
  return verdicts;
}

/** Units whose figures say how fast an engine is. */
const COMPARED = new Set(['ns', 'op/s']);

/** Native as a multiple of fallback in each scenario, worst first. */
export function compareEngines(report) {
  const rows = [];
  for (const { scenario, unit, variants } of report) {
    for (const { variant, results } of variants) {
      const native = results.native?.median;
      const fallback = results.fallback?.median;
      if (native === undefined || fallback === undefined || !COMPARED.has(unit)) continue;
      const ratio = ratioOf(unit, native, fallback);
      rows.push({ where: `${scenario} ${variant}`.trim(), ratio, holds: ratio >= 0.95 });
    }
  }
  return rows.sort((a, b) => a.ratio - b.ratio);
}

function figure(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Two digits, and never an exponent. */
function plain(ratio) {
  return ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0);
}

function verdictText({ against, floor, goal, atMost, atLeast, ratio, figure: value, holds, reached }) {
  const mark = reached ? 'goal reached' : holds ? 'floor holds' : 'BELOW FLOOR';
  if (against === undefined) {
    const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    return `${figure(value)} (${bound}, goal ${goal ?? atLeast ?? atMost}): ${mark}`;
  }
  return `${ratio.toFixed(2)} × ${against} (floor ${plain(floor)}, goal ${plain(goal ?? floor)}): ${mark}`;
}

export function printVariant(scenario, { variant, results, verdicts }) {
  if (variant !== '') console.log(`  ${variant}`);
  for (const [name, result] of Object.entries(results)) {
    if (result.failed !== undefined) console.log(`    ${name.padEnd(28)} FAILED: ${result.failed}`);
    if (result.median !== undefined) {
      const range = `${figure(result.low)} – ${figure(result.high)}`;
      console.log(`    ${name.padEnd(28)} ${figure(result.median).padStart(9)} ${scenario.unit}   (${range})`);
    }
  }
  for (const verdict of verdicts) console.log(`      → ${verdictText(verdict)}`);
}

/** The results of a day as a page. */
export function markdown(machine, report, engines) {
  const took = report.reduce((sum, entry) => sum + entry.took, 0);
  const tools = Object.entries(machine.peers).map(([name, version]) => `${name}: ${version}`);
  const lines = [
    `# Benchmarks of ${machine.date.slice(0, 10)}`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}; Node ${machine.node} (V8 ${machine.v8});`,
    `heddle ${machine.heddle}; ${tools.join('; ')}. All of it took ${duration(took)}.`,
    '',
    'Medians (lowest – highest), every case in a process of its own, the cases in turn. A ratio says how many times as',
    'good the native engine is: its throughput over theirs, or their time over its.',
  ];
  for (const { scenario, title, work, unit, commit, rounds, leftOut, variants } of report) {
    const measured = `Commit ${commit}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`;
    lines.push('', `## ${scenario}`, '', `${title}. ${work} ${measured}`);
    for (const [name, why] of Object.entries(leftOut)) lines.push('', `${name} is left out: ${why}.`);
    for (const { variant, results, verdicts } of variants) {
      lines.push('', `| ${variant || 'case'} | ${unit} | range |`, '|---|---:|---|');
      for (const [name, result] of Object.entries(results)) {
        const { failed, median: middle, low, high } = result;
        const figures = middle === undefined ? 'failed' : figure(middle);
        const notes = middle === undefined ? [] : [`${figure(low)} – ${figure(high)}`];
        if (failed !== undefined) notes.push(`failed: ${failed.split('\n', 1)[0].replaceAll('|', '\\|')}`);
        const cells = `${figures} | ${notes.join('; ')}`;
        lines.push(`| ${name} | ${cells} |`);
      }
      if (verdicts.length > 0) lines.push('');
      for (const verdict of verdicts) lines.push(`- ${verdictText(verdict)}`);
    }
  }
  lines.push('', '## engine', '', 'Native against fallback.', '', '| scenario | ratio |', '|---|---:|');
  for (const { where, ratio, holds } of engines)
    lines.push(`| ${where} | ${ratio.toFixed(2)}${holds ? '' : ' (below 0.95)'} |`);
  return `${lines.join('\n')}\n`;
}
