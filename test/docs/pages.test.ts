/** The TypeScript in the README and the pages of docs/ runs as it stands, and prints what its comments say. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const programs = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => {
    const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)];
    return blocks.map((block, index) => ({ name: `${page}, block ${index + 1}`, text: block[1] as string }));
  });

/** Output that a block names: `console.log(…);   // this`. A comment with a quote or a comma after a word is prose. */
function promised(text: string): string | undefined {
  const values = [...text.matchAll(/^console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((match) => match[1] as string);
  return values.every((value) => /^[\d. ]+$/.test(value)) && values.length > 0 ? `${values.join('\n')}\n` : undefined;
}

describe('the code of the pages', () => {
  let folder: string;
  beforeAll(() => {
    // Inside the package, so that it finds itself by name.
    folder = mkdtempSync(join(root, 'dist/pages-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(programs)('$name runs', ({ name, text }) => {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const file = join(folder, `${name.replace(/\W+/g, '-')}.mjs`);
    writeFileSync(file, outputText);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const expected = promised(text);
    if (expected !== undefined) expect(stdout).toBe(expected);
  });

  test('at least one of them says what it prints', () => {
    expect(programs.some(({ text }) => promised(text) !== undefined)).toBe(true);
  });
});
