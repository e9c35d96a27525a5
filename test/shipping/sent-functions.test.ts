/** A function that is sent again and again is defined once and is a number from then on. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('sent-functions.mjs');
});

describe('a function has a number', () => {
  it.each(['exported', 'global', 'selfContained'])('at once when nothing of it depends on here: %s', (name) =>
    expect(report.value(name)).toEqual([1, 1, 1]),
  );
  it('in common with those that are written at the same place and capture nothing', () =>
    expect(report.value('alike')).toEqual([1, 1, 1]));
  it('from the second time when it captures something', () => expect(report.value('constants')).toEqual([0, 1, 1]));
  it('never when it is made for one time', () => expect(report.value('closures')).toEqual([0, 0, 0]));
  it('anew when what it captures has changed', () =>
    expect(report.value('mutable')).toEqual([[0, 0, 1, 0, 2, 2], 1, 2]));
  it('also when it captures variables that are assigned to', () => expect(report.value('assigned')).toEqual([0, 0, 1]));
  it('not while what it captures changes each time', () => expect(report.value('changing')).toEqual([0, 0]));
  it('no more when what it captures changes for ever', () => expect(report.value('flipping')).toBe(8));
});

describe('a definition', () => {
  it('makes the function as often as it is asked for, and holds no references of its own', () =>
    expect(report.value('definitions')).toEqual([true, 1, 0]));
  it('of an unknown number is an error', () => expect(report.error('unknown').message).toMatch(/no function .* 1/));
  it('is gone when the sender is closed', () => expect(report.error('closed').name).toBe('RangeError'));
});

it('a function that cannot travel is refused', () => expect(report.error('refused').message).toContain('native code'));
