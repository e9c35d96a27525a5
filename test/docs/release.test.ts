/** What a release rests on: the check of the changelog, and workflows that call scripts which exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript, as scripts are
import { problemsOf } from '../../scripts/check-changelog.mjs';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
const { scripts, version } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; version: string };

describe('the changelog', () => {
  const written = (...lines: string[]) => ['# Changelog', '', ...lines].join('\n');

  it('is right now', () => expect(problemsOf(read('CHANGELOG.md'), version)).toEqual([]));

  it('of a release has its version, with a date', () => {
    const text = written('## 1.2.3 (2026-01-31)', '', '- News', '', '## 1.2.2 (2026-01-01)', '', '- Old');
    expect(problemsOf(text, '1.2.3', 'v1.2.3')).toEqual([]);
  });

  it.each<[string, string, string | undefined, RegExp]>([
    ['another version', '## 1.2.2 (2026-01-31)\n\n- News', 'v1.2.3', /newest version is 1\.2\.2, .* 1\.2\.3/],
    ['another tag', '## 1.2.3 (2026-01-31)\n\n- News', 'v1.2.4', /the tag is v1\.2\.4/],
    ['no date', '## 1.2.3 (unreleased)\n\n- News', 'v1.2.3', /has no date/],
    [
      'nothing to say',
      '## 1.2.3 (2026-01-31)\n\n## 1.2.2 (2026-01-01)\n\n- Old',
      'v1.2.3',
      /nothing is said of 1\.2\.3/,
    ],
    [
      'an older version without a date',
      '## 1.2.3 (unreleased)\n\n- News\n\n## 1.2.2 (unreleased)',
      undefined,
      /1\.2\.2/,
    ],
    ['another heading', '## Version 1.2.3\n\n- News', undefined, /none of the form/],
    ['no version at all', 'Nothing', undefined, /no version/],
  ])('is found wrong: %s', (_, text, tag, problem) => {
    expect(problemsOf(written(text), '1.2.3', tag).join('\n')).toMatch(problem);
  });
});

describe.each(readdirSync(new URL('.github/workflows/', root)))('the workflow %s', (name) => {
  const text = read(`.github/workflows/${name}`);

  it('calls scripts of package.json, and files that exist', () => {
    const called = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script as string);
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter((script) => scripts[script] === undefined)).toEqual([]);
    for (const [, file] of text.matchAll(/run: (?:node )?(\.ci\/run|scripts\/\S+)/g))
      expect(() => read(file as string)).not.toThrow();
  });

  it('takes no more rights than it names', () => expect(text).toMatch(/^permissions:\n {2}contents: read$/m));
});
