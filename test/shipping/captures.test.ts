/** What a function sees in another thread: its arguments, and copies of what it captures. */
import { EOL } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { pathOf, type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('captures.mjs');
});

describe('a function sent to another thread', () => {
  it('gets its arguments', () => expect(report.value('arguments')).toBe(3));
  it('sees the values of captured variables', () => expect(report.value('values')).toEqual([3, ['a'], 0, null, 'var']));
  it('sees named, default and namespace imports', () =>
    expect(report.value('importedBindings')).toEqual(['function', 'a/b', EOL, false]));
  it('really runs in another thread', () => expect(report.value('mainIsMain')).toEqual([true]));
  it('takes captured functions along, also such as call each other', () =>
    expect(report.value('mutualRecursion')).toEqual([false, true]));
  it('may call itself', () => expect(report.value('selfRecursion')).toBe(120));
  it('sees variables of all the functions around it', () =>
    expect(report.value('nestedScopes')).toEqual([1, 2, 3, 4, 3]));
  it('sees the value that a loop variable has in its turn', () =>
    expect(report.value('loopVariable')).toEqual([0, 1, 2]));
  it('prefers its own variables to captured ones of the same name', () =>
    expect(report.value('shadowing')).toEqual(['inner', 1, 'block']));
  it('evaluates default values of parameters', () => expect(report.value('defaults')).toEqual([3, 200]));
  it('sees globals', () => expect(report.value('globals')).toEqual(['function', 'function', 'number', 'function']));
  it('keeps its name, and so do those it takes along', () =>
    expect(report.value('names')).toEqual(['even', 'factorial', 'Account', 'chosen', 'double']));
});

describe('captured variables', () => {
  it('are copies: assigning to one changes nothing here', () => expect(report.value('snapshot')).toEqual([11, 10]));
  it('have the values of the moment of sending', () => expect(report.value('laterValue')).toEqual([100, 200, 200]));
  it('are shared by the functions that travel together', () =>
    expect(report.value('sharedVariable')).toEqual([20, 20]));
  it('of a closure are shared by the functions of that closure', () => expect(report.value('closureState')).toBe(2));
  it('take every form of assignment', () =>
    expect(report.value('destructuring')).toEqual([{ count: 7 }, 9, '9', 'number']));
  it('may hold functions that are assigned anew', () => expect(report.value('reassignedFunction')).toBe(201));
  it('are called without a this', () => expect(report.value('calledWithoutThis')).toEqual([true, true]));
  it('keep the class of an instance, and stay one object', () =>
    expect(report.value('instances')).toEqual([8, true, true, 51]));
  it('may hold objects with functions inside', () => expect(report.value('functionsInObjects')).toEqual([8, 42]));
  it('include the own properties of a function', () => expect(report.value('ownProperties')).toBe('own property'));
  it('include what was put on the prototype of a function', () => expect(report.value('prototypes')).toBe(8));
  it('that are imported follow the module', () => expect(report.value('liveImport')).toEqual(['before', 'after']));
});

describe('every kind of function travels:', () => {
  it.each([
    ['asyncFunction', 201],
    ['generator', [1, 3]],
    ['asyncGenerator', [3]],
    ['method', 4],
    ['asyncMethod', 5],
    ['computedMethod', 6],
    ['computedFromVariable', 4],
    ['stringMethod', 5],
    ['staticMethod', 6],
    ['thisOfModule', true],
    ['bound', [1, 2, 3]],
  ])('%s', (name, value) => expect(report.value(name)).toEqual(value));

  it('one that arrived travels on with its present state', () => {
    const there = [5 + 1, 3, 'readFileSync', 200, pathOf('captures.mjs')];
    expect(report.value('sentOn')).toEqual([
      [1, 7, ...there.slice(1)],
      [1, ...there],
    ]);
  });
});

describe('the module around a function', () => {
  it('gives it import.meta', () =>
    expect(report.value('importMeta')).toEqual([
      'captures.mjs',
      pathOf('captures.mjs'),
      pathOf('.').replace(/[/\\]$/, ''),
    ]));
  it('gives it import.meta.resolve', () => expect(report.value('importMetaResolve')).toBe('module.mjs'));
  it('is where import() starts from', () => {
    expect(report.value('dynamicImport')).toEqual([1, 2, expect.any(Number)]);
    expect(report.value('dynamicImportOfBuiltin')).toBe(0);
  });
  it('is named when import() finds nothing', () => {
    expect(report.error('dynamicImportOfNothing').message).toMatch(
      /Cannot find module '\.\/nothing\.mjs' imported from .*captures\.mjs/,
    );
  });
  it('is what stack traces show, with its lines', async () => {
    const { stack } = report.error('errorPlace');
    const place = /captures\.mjs:(\d+):/.exec(stack);
    const { readFileSync } = await import('node:fs');
    const line = readFileSync(pathOf('captures.mjs'), 'utf8').split('\n')[Number(place?.[1]) - 1];
    expect(line).toContain('throw new Error(`on line');
  });
});
