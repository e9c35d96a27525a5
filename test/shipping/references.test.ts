/** Functions that travel as the name of an export, a global, or a builtin. */
import { beforeAll, describe, expect, it } from 'vitest';
import { pathOf, type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('references.mjs');
});

describe('a function that a module exports', () => {
  it('is imported by the thread', () => expect(report.value('declaration')).toEqual([4, 8, expect.any(Number)]));
  it.each([
    ['an arrow function', 'arrow', 5],
    ['under another name', 'renamed', 8],
    ['from CommonJS', 'commonjsProperty', [8, true]],
    ['as the whole of a CommonJS module', 'commonjsWhole', 300],
  ])('travels %s', (_, name, value) => expect(report.value(name)).toEqual(value));
  it('is evaluated once, with its module, however many of its functions arrive', () =>
    expect(report.value('once')).toBe(1));
  it('shares the variables of its module', () => expect(report.value('ownVariables')).toBe(true));
  it('travels as source when the export is assigned anew', () => expect(report.value('reassigned')).toBe('second'));
  it('travels as source when it is only what an exported call returned', () =>
    expect(report.value('resultOfCall')).toBe(21));
  it('travels as source from the module that the program was started with, which is not run again', () => {
    expect(report.value('entry')).toEqual(['function', 1]);
    expect(report.value('entryRuns')).toBeUndefined();
  });
});

describe('a function that its module does not export', () => {
  it('reaches the exports of its module, as they are in the thread', () =>
    expect(report.value('notExported')).toEqual([false, 'function']));
  it('has require, __filename and __dirname of its CommonJS module', () =>
    expect(report.value('commonjsHidden')).toEqual([
      8,
      300,
      pathOf('commonjs-module.cjs'),
      pathOf('.').replace(/[/\\]$/, ''),
    ]));
});

describe('classes and builtins', () => {
  it('an exported class is the same class for all', () => expect(report.value('staticMethod')).toEqual([4, 'Shape']));
  it.each([
    ['Math.max', 'math', 9],
    ['JSON.parse', 'parse', [1]],
    ['parseInt', 'globalFunction', 12],
    ['path.join', 'builtinFunction', 'a/b'],
    ['util.inspect', 'internalFunction', '{ a: 1 }'],
  ])('%s travels by name', (_, name, value) => expect(report.value(name)).toEqual(value));
  it('native code without a name is refused', () => {
    const { name, message } = report.error('native');
    expect(name).toBe('FunctionNotShippableError');
    expect(message).toContain('native code');
  });
});
