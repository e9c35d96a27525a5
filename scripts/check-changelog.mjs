/**
 * Checks CHANGELOG.md before a release: that its newest version is that of package.json, has a date and says something.
 *
 *   npm run check:changelog                   between releases: the newest may be unreleased
 *   npm run check:changelog -- v1.2.3         before a release: the tag names it, and it has a date
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HEADING = /^## (\d+\.\d+\.\d+\S*) \((unreleased|\d{4}-\d{2}-\d{2})\)$/;

/** What is wrong, in words; `tag`: undefined between releases. */
export function problemsOf(changelog, version, tag) {
  const lines = changelog.split('\n');
  const headings = lines.flatMap((line, index) => (line.startsWith('## ') ? [{ line, index }] : []));
  const problems = headings
    .filter(({ line }) => !HEADING.test(line))
    .map(({ line }) => `the heading '${line}' is none of the form '## 1.2.3 (2026-01-31)'`);
  if (headings.length === 0) return ['there is no version in it'];
  if (problems.length > 0) return problems;
  const [newest, next] = headings;
  const [, named, date] = HEADING.exec(newest.line);
  const entries = lines.slice(newest.index + 1, next?.index).filter((line) => line.startsWith('- '));
  if (named !== version) problems.push(`its newest version is ${named}, that of package.json ${version}`);
  if (entries.length === 0) problems.push(`nothing is said of ${named}`);
  for (const { line } of headings.slice(1)) {
    if (HEADING.exec(line)[2] === 'unreleased') problems.push(`'${line}' is not the newest, and has no date`);
  }
  if (tag === undefined) return problems;
  if (tag !== `v${version}`) problems.push(`the tag is ${tag}, not v${version}`);
  if (date === 'unreleased') problems.push(`${named} has no date`);
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  const { version } = JSON.parse(file('package.json'));
  const problems = problemsOf(file('CHANGELOG.md'), version, process.argv[2]);
  for (const problem of problems) console.error(`CHANGELOG.md: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`changelog: ${version} is the newest version in it`);
}
