/** Which variable an identifier means. */
import { describe, expect, it } from 'vitest';
import { Script } from '#dist/shipping/script.js';

function scriptOf(source: string, isModule = true): Script {
  return new Script({ id: '1', url: 'file:///script.js', isModule, startLine: 0, startColumn: 0, source });
}

/** Names that the last function of a script takes from outside, reassigned ones with a star. */
function free(source: string, isModule = true): string[] {
  const { references, sites } = scriptOf(source, isModule).scopes;
  const site = sites.find((candidate) => source.startsWith('/*here*/', candidate.start - '/*here*/'.length));
  if (site === undefined) throw new Error('no function is marked');
  const names = new Set<string>();
  for (const { node, variable } of references) {
    if (node.start < site.start || node.end > site.end) continue;
    const declaredIn = variable?.scope.node;
    if (declaredIn !== undefined && declaredIn.start >= site.start && declaredIn.end <= site.end) continue;
    names.add(variable === undefined ? `?${node.name}` : variable.reassigned ? `${node.name}*` : node.name);
  }
  return [...names].sort();
}

describe('free variables', () => {
  it.each([
    ['parameters are not', 'let a; const f = /*here*/(a, { b, c: [d], ...e }, ...g) => [a, b, d, e, g];', []],
    ['defaults see earlier parameters', 'const c = 1; const f = /*here*/(a, b = a + c) => b;', ['c']],
    [
      'var is of the function, wherever it stands',
      'var v; const f = /*here*/() => { if (1) { for (var v of []); } return v; };',
      [],
    ],
    ['let is of the block', 'let v; const f = /*here*/() => { { let v; v; } return v; };', ['v']],
    [
      'a function declared in a block is of the block',
      'function g() {} const f = /*here*/() => { { function g() {} g(); } };',
      [],
    ],
    ['a function expression knows its own name', 'const f = /*here*/function own() { return own; };', []],
    ['a class knows its own name', 'const f = /*here*/class Own { static own = Own; };', []],
    ['a declared function refers to its variable', '/*here*/function own() { return own; }', ['own']],
    [
      'keys and labels are none',
      'let a, b; const f = /*here*/() => { a: for (;;) { break a; } return { b: 1 }.b; };',
      [],
    ],
    ['computed keys are', 'let a; const f = /*here*/() => ({ [a]: 1, [a]() {} });', ['a']],
    ['shorthand properties are', 'let a; const f = /*here*/() => ({ a });', ['a']],
    ['catch parameters are not', 'let e; const f = /*here*/() => { try {} catch ({ e }) { e; } };', []],
    [
      'switch cases share a block',
      'let a; const f = /*here*/() => { switch (a) { case 1: let b; default: b; } };',
      ['a'],
    ],
    [
      'the head of a loop is a scope',
      'let i; const f = /*here*/() => { for (let i = 0; i < 1; i++); for (const i in {}); return i; };',
      ['i'],
    ],
    ['typeof counts', 'const f = /*here*/() => typeof nothing;', ['?nothing']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ['tags and template parts count', 'let t, x; const f = /*here*/() => t`${x}`;', ['t', 'x']],
    ['optional chains count', 'let a, b; const f = /*here*/() => a?.[b]?.c?.(b);', ['a', 'b']],
    [
      'superclass, static blocks, fields and keys of a class count',
      'let S, k, v, w; const f = /*here*/class extends S { [k] = v; static { var w; w; } static x = w; };',
      ['S', 'k', 'v', 'w'],
    ],
    [
      'imports count',
      "import d, { n as m, o } from 'x'; import * as s from 'y'; const f = /*here*/() => [d, m, o, s];",
      ['d', 'm', 'o', 's'],
    ],
    ['inner functions count', 'let a; const f = /*here*/() => () => function () { return a; };', ['a']],
    ['arguments do not', 'const f = /*here*/function () { return () => arguments; };', []],
    ['a default export does', 'export default /*here*/function () { return g; } function g() {}', ['g']],
  ])('%s', (_, source, expected) => expect(free(source)).toEqual(expected));

  it('are told apart in sloppy scripts too', () =>
    expect(free('var a; let b; var f = /*here*/function (b) { with (b) { a; } return this };', false)).toEqual(['a']));
});

describe('a variable is reassigned', () => {
  it.each([
    ['by =', 'let a = 1; a = 2; const f = /*here*/() => a;', ['a*']],
    ['by ++', 'let a = 1; const f = /*here*/() => a++;', ['a*']],
    ['by +=, from another function', 'let a = 1; (() => { a += 1; })(); const f = /*here*/() => a;', ['a*']],
    [
      'by destructuring',
      'let a, b, c; [a, { b = 1 }, ...c] = []; const f = /*here*/() => [a, b, c];',
      ['a*', 'b*', 'c*'],
    ],
    ['by a loop', 'let a; for (a of []); const f = /*here*/() => a;', ['a*']],
    ['by a second declaration', 'var a = 1; var a = 2; const f = /*here*/() => a;', ['a*']],
    ['not by its initialiser', 'let a = 1, { b } = {}; const f = /*here*/() => [a, b];', ['a', 'b']],
    ['not by the next turn of its own loop', 'for (let i = 0; i < 3; i++) { (/*here*/() => i); }', ['i']],
    ['but by the body of its loop', 'for (let i = 0; i < 3; i++) { i++; (/*here*/() => i); }', ['i*']],
    ['not by another variable of its name', 'let a = 1; { let a; a = 2; } const f = /*here*/() => a;', ['a']],
  ])('%s', (_, source, expected) => expect(free(source)).toEqual(expected));
});

describe('exports', () => {
  const exportsOf = (source: string): string[] => [...scriptOf(source).exportedSites.values()].sort();
  it.each([
    [
      'declarations',
      'export function a() {} export class B {} export const c = () => 1, d = function () {};',
      ['B', 'a', 'c', 'd'],
    ],
    [
      'lists, under other names',
      "function a() {} const b = () => 1; export { a as x, b as 'any name' };",
      ['any name', 'x'],
    ],
    ['defaults', 'export default () => 1;', ['default']],
    ['defaults by name', 'const a = () => 1; export default a;', ['default']],
    ['nothing that is assigned anew', 'export let a = () => 1; a = () => 2;', []],
    ['nothing from elsewhere', "export { a } from 'x'; export * from 'y';", []],
  ])('are found in %s', (_, source, expected) => expect(exportsOf(source)).toEqual(expected));
});

describe('imports', () => {
  const importOf = (source: string, name: string, isModule = true): unknown => {
    const script = scriptOf(source, isModule);
    const variable = script.scopes.top.variables.get(name);
    return variable && script.importOf(variable);
  };
  it.each([
    ["import x from 'm'", true, { specifier: 'm', name: 'default', style: 'import' }],
    ["import * as x from 'm'", true, { specifier: 'm', name: '*', style: 'import' }],
    ["import { y as x } from 'm'", true, { specifier: 'm', name: 'y', style: 'import' }],
    ["const x = await import('m')", true, { specifier: 'm', name: '*', style: 'import' }],
    ["const { y: x } = await import('m')", true, { specifier: 'm', name: 'y', style: 'import' }],
    ["const x = require('m')", false, { specifier: 'm', name: '*', style: 'require' }],
    ["const { x } = require('m')", false, { specifier: 'm', name: 'x', style: 'require' }],
    ["const x = require('m').y", false, { specifier: 'm', name: 'y', style: 'require' }],
    ["const x = __importStar(require('m'))", false, { specifier: 'm', name: '*', style: 'interop' }],
    ["const x = tslib_1.__importDefault(require('m'))", false, { specifier: 'm', name: '*', style: 'interop' }],
    ["const x = _interopRequireDefault(require('m'))", false, { specifier: 'm', name: '*', style: 'interop' }],
    ["var x = __toESM(require('m'), 1)", false, { specifier: 'm', name: '*', style: 'interop' }],
    ["const x = await __vi_import__('m')", true, { specifier: 'm', name: '*', style: 'import' }],
    ["let x = require('m'); x = 1", false, undefined],
    ["const x = other('m')", false, undefined],
    ['const x = require(name)', false, undefined],
  ])('%s', (source, isModule, expected) => expect(importOf(source, 'x', isModule)).toEqual(expected));
});
