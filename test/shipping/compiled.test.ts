/**
 * A program in TypeScript, run by Node.js itself and by a loader, compiled and bundled: functions of
 * it do the same in another thread.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript
import { nodeBinary } from '../../scripts/node-lines.mjs';
import { makeFolder } from '../workshop.js';
import { app, withEsbuild, withRolldown, withTypeScript } from './compiled.js';

let directory: string;
beforeAll(() => {
  directory = makeFolder('compiled-');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function results(node: string, ...command: string[]): Promise<Record<string, unknown>> {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  const { stdout, stderr } = await promisify(execFile)(node, command, { env, timeout: 60_000, killSignal: 'SIGKILL' });
  expect(stderr.replaceAll(/^.*(?:ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

/**
 * What the program prints.
 *
 * @param unit 10 where the module of an exported function is imported anew, 100 where it travels as source with
 * a copy of the variable.
 * @param names Names of functions and classes, which bundlers change.
 */
function expected(unit: number, names: { function?: unknown; class?: unknown; emitter?: unknown } = {}): unknown {
  const { emitter = 'target, a function that captures emitter,' } = names;
  return {
    values: [1, 3, 2],
    imports: ['a/b', 'y', 'function'],
    ownImports: ['Number', ['x', 'x'], names.function ?? 'exported'],
    exported: [2 * unit, 'b', [2, 2], unit],
    guarded: 2 * unit,
    instance: [9, names.class ?? 'Square of 9', true],
    classes: [names.class ?? expect.stringMatching(/^_?Circle of 3$/), 1],
    recursion: [true, true],
    generator: [0, 2, 4],
    method: 7,
    shared: 0,
    dynamic: 1,
    emitter: expect.stringMatching(
      new RegExp(`FunctionNotShippableError: .*captures ${String(emitter)}.*EventEmitter.*make it where it is used`),
    ),
    total: 1,
  };
}
const small = {
  function: expect.any(String),
  class: expect.stringMatching(/ of [39]$/),
  emitter: String.raw`\S+, a function that captures \S+,`,
};

const main = join(app, 'main.ts');
const tsx = join(createRequire(import.meta.url).resolve('tsx/package.json'), '../dist/cli.mjs');

describe('a TypeScript program', () => {
  it.each(['22', '24', '26'])('run by Node.js %s', { timeout: 180_000 }, async (line) => {
    expect(await results(nodeBinary(line) as string, main)).toEqual(expected(10));
  });

  it.each(['20', '24'])('run by tsx on Node.js %s', { timeout: 180_000 }, async (line) => {
    expect(await results(nodeBinary(line) as string, tsx, main)).toEqual(expected(100));
  });

  it.each([
    ['CommonJS', ts.ModuleKind.CommonJS, ts.ScriptTarget.ES2022],
    ['CommonJS for old engines', ts.ModuleKind.CommonJS, ts.ScriptTarget.ES2017],
    ['ES modules', ts.ModuleKind.ESNext, ts.ScriptTarget.ES2022],
  ])('compiled to %s', { timeout: 60_000 }, async (_, module, target) => {
    expect(await results(process.execPath, withTypeScript(directory, module, target))).toEqual(expected(10));
  });
});

describe('a bundle', () => {
  for (const [name, make] of [
    ['esbuild', withEsbuild],
    ['rolldown', withRolldown],
  ] as const) {
    for (const format of ['esm', 'cjs'] as const) {
      it(`of ${name}, ${format}`, { timeout: 60_000 }, async () => {
        expect(await results(process.execPath, await make(directory, format, false))).toEqual(expected(100));
      });
      it(`of ${name}, ${format}, minified`, { timeout: 60_000 }, async () => {
        expect(await results(process.execPath, await make(directory, format, true))).toEqual(expected(100, small));
      });
    }
  }
});
