/** Shared objects that a function captures are the same objects in the other thread. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runFile, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('shared.mjs');
});

describe('a shared object', () => {
  it('in a captured variable is the same on both sides', () => expect(report.value('sameLock')).toEqual([true, false]));
  it('inside a captured object too', () => expect(report.value('inObject')).toBe('hello'));
  it('in a property of a captured instance too', () =>
    expect(report.value('inInstance')).toEqual([false, 'from the worker']));
  it('made by the function is of the same class as one that came with it', () =>
    expect(report.value('made')).toEqual([true, true, true, false]));
});

describe('a shared object that a module keeps in a variable', () => {
  it.each([
    ['importedQueue', 'to the same queue'],
    ['importedNamespace', 'to the same queue'],
    ['importedState', 'to the same queue'],
    ['exportedFunction', 'by an exported function'],
    ['importedFunction', 'for an imported function'],
    ['throughHelper', 'through a helper'],
    ['moduleLock', [true, true]],
  ])('stays the same object: %s', (name, value) => expect(report.value(name)).toEqual(value));
});

describe('references', () => {
  it('are held while a shipped function is under way, and never leak', async () => {
    const { stdout } = await runFile('references-count.mjs');
    expect(JSON.parse(stdout)).toEqual({
      whileShipped: 2,
      afterDiscard: 1,
      afterReceive: 1,
      refused: true,
      afterRefusal: 1,
    });
  });
});
