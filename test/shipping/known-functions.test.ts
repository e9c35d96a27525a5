/** A function that executors are given again and again is defined once, and is a number as long as it stays the same. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('known-functions.mjs');
});

describe('a function has one number', () => {
  it.each(['exported', 'global', 'selfContained', 'constants'])(
    'and is not looked at again when nothing of it can change: %s',
    (name) => expect(report.value(name)).toEqual([[0, 0, 0], true]),
  );
  it.each(['mutable', 'assigned'])('while what it captures is the same: %s', (name) =>
    expect(report.value(name)).toEqual([[0, 0, 0], false]),
  );
  it('in common with those that are written at the same place and capture nothing', () =>
    expect(report.value('alike')).toEqual([0, 0, 0]));
});

describe('a function has another number', () => {
  it('when it captures something else, or has other properties', () => {
    expect(report.value('closures')).toEqual([0, 1, 2]);
    expect(report.value('alikeButForState')).toEqual([0, 1, 2]);
  });
  it('when what it captures has changed', () => {
    expect(report.value('changing')).toEqual([0, 0, 1, 1, 2]);
    expect(report.value('counting')).toEqual([0, 1, 2]);
  });
});

it('its definition holds the shared objects that it captures', () =>
  expect(report.value('references')).toEqual([1, 1]));
it('a function that cannot travel is refused', () => expect(report.error('refused').message).toContain('native code'));
