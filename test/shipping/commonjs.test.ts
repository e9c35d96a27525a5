/** Functions of CommonJS modules, written so or compiled to it. */
import { EOL, type } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { pathOf, type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('commonjs.cjs');
});

describe('a function of a CommonJS module', () => {
  it('finds what its module required, whole and in parts', () =>
    expect(report.value('requires')).toEqual(['a/b', 'function', 200, [6, true], 2]));
  it('takes its variables and classes along', () => expect(report.value('variables')).toEqual([2, 7, 8]));
  it('has require, __filename and __dirname', () =>
    expect(report.value('wrapper')).toEqual([100, pathOf('commonjs.cjs'), pathOf('.').replace(/[/\\]$/, '')]));
  it('sees the values of exports that it names', () => expect(report.value('exports')).toBe('of exports'));
  it('is refused when it uses the module object', () => expect(report.error('module').message).toContain('`module`'));
  it('is refused when it uses the this of the module', () =>
    expect(report.error('thisOfModule').message).toContain('`this`'));
  it('stays sloppy or strict as it was', () =>
    expect([report.value('sloppy'), report.value('strict')]).toEqual([true, true]));
  it('resolves import() from its module', () => expect(report.value('dynamicImport')).toBe(2));
});

describe('imports as compilers write them', () => {
  it('of TypeScript', () => expect(report.value('typescript')).toEqual(['a/b', EOL, type()]));
  it('of esbuild', () => expect(report.value('esbuild')).toEqual(['1', '2']));
});
