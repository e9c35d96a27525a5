/** How a function comes to count as brisk: by what its tasks take as a rule, not by the one that was interrupted. */
import { expect, it } from 'vitest';
import { Pace } from '#dist/executors/pace.js';

const MICROSECOND = 0.001;

function paceOf(tasks: readonly number[]): Pace {
  const pace = new Pace();
  for (const ms of tasks) pace.took(ms);
  return pace;
}

const many = (ms: number, count = 100) => new Array<number>(count).fill(ms);

it('is not brisk before it is known', () => {
  expect(new Pace().isBrisk).toBe(false);
  expect(paceOf(many(MICROSECOND / 2, 3)).isBrisk).toBe(false);
});

it.each([
  [0.3, true],
  [1, true],
  [5, false],
  [1000, false],
])('with tasks of %d µs: %s', (microseconds, brisk) => {
  expect(paceOf(many(microseconds * MICROSECOND)).isBrisk).toBe(brisk);
});

it('stays brisk when one is interrupted for a moment', () => {
  expect(paceOf([...many(0.3 * MICROSECOND), 50 * MICROSECOND]).isBrisk).toBe(true);
});

it('is brisk no longer as soon as one takes long', () => {
  const pace = paceOf([...many(0.3 * MICROSECOND), 1]);
  expect(pace.isBrisk).toBe(false);
  for (const ms of many(0.3 * MICROSECOND)) pace.took(ms);
  expect(pace.isBrisk).toBe(true);
});

it('is not brisk when one of three takes long', () => {
  const pace = new Pace();
  for (let i = 0; i < 300; i++) {
    pace.took(i % 3 === 0 ? 1 : 0.3 * MICROSECOND);
    expect(pace.isBrisk).toBe(false);
  }
});
