/** The TypeScript in the README, the pages of docs/ and the doc comments runs as it stands and prints what it promises. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from 'heddle';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder } from '../workshop.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Program {
  readonly name: string;
  readonly text: string;
}

function programsOf(file: string): Program[] {
  const source = readFileSync(join(root, file), 'utf8');
  const text = file.endsWith('.ts') ? source.replace(/^ *\* ?/gm, '') : source;
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)];
  return blocks.map((block, index) => ({ name: `${file}, block ${index + 1}`, text: block[1] as string }));
}

function filesBelow(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);
}

/** What a program promises to print: `console.log(…); // this`. */
function promisesOf(text: string): string[] {
  return [...text.matchAll(/console\.log\(.*\);?\s*\/\/ (.*)$/gm)].map((match) => match[1] as string);
}

const withoutSpaces = (text: string): string => text.replace(/\s+/g, '');

let folder: string;
beforeAll(() => {
  folder = makeFolder('examples-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run({ name, text }: Program): { status: number | null; stdout: string; stderr: string } {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const file = join(folder, `${name.replace(/\W+/g, '-')}.mjs`);
  writeFileSync(file, outputText);
  return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
}

/** Programs that start processes need memory that processes share, unless what they share can be used by proxy. */
function runsHere({ text }: Program): boolean {
  const { processProxies, processSharedMemory } = engine.supports;
  if (processSharedMemory || !/\b(?:new|extends) (?:Process|ProcessPoolExecutor|Pool)\b/.test(text)) return true;
  return processProxies && !/\b(?:Value|SharedArray|ShareableList)\b/.test(text);
}

const pages = ['README.md', ...filesBelow('docs', '.md')].flatMap(programsOf).filter(runsHere);
const comments = filesBelow('lib', '.ts').flatMap(programsOf).filter(runsHere);

describe.each([
  ['pages', pages],
  ['doc comments', comments],
])('the code of the %s', (_kind, programs) => {
  test.each(programs)('$name runs and prints what it promises', (program) => {
    const { status, stdout, stderr } = run(program);
    expect(status, stderr).toBe(0);
    for (const promise of promisesOf(program.text)) expect(withoutSpaces(stdout)).toContain(withoutSpaces(promise));
  });

  test('is there, promises included', () => {
    expect(programs.some(({ text }) => promisesOf(text).length > 0)).toBe(true);
  });
});
