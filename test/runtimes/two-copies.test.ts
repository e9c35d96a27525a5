/** A program with two copies of heddle, as when two of its packages want different versions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Copy, fixtures, type Outcome, runProgram } from './confined.js';

const copies: Copy[] = [];
afterAll(() => {
  for (const copy of copies) copy.remove();
});

describe.each(['the same version', 'different versions'])('two copies of %s', (which) => {
  let outcome: Outcome;
  beforeAll(async () => {
    const [first, second] = [new Copy(), new Copy()];
    copies.push(first, second);
    if (which === 'different versions') second.relayout();
    const engine = which === 'different versions' ? 'auto' : process.env.HEDDLE_ENGINE;
    outcome = await runProgram(`${fixtures}two-copies.mjs`, {
      args: [first.path, second.path],
      ...(engine === undefined ? {} : { engine }),
    });
  });

  it('work both, each with threads and processes of its own', () => {
    expect(outcome.code, outcome.output).toBe(0);
    if (which === 'different versions') expect(outcome.said('engines')).toMatch(/ fallback$/);
    else expect(outcome.said('engines')).toBe(`${process.env.HEDDLE_ENGINE} ${process.env.HEDDLE_ENGINE}`);
    expect([outcome.said('first'), outcome.said('second')]).toEqual(['200 42', '200 42']);
  });

  it.each(['first', 'second'])('refuse objects of the other: the %s', (name) => {
    const stranger = /a Lock of another copy of heddle.*let both sides load one copy of the package/;
    expect(outcome.said(`${name} as argument`)).toMatch(stranger);
    expect(outcome.said(`${name} on a queue`)).toMatch(stranger);
    expect(outcome.said(`${name} captured`)).toMatch(stranger);
    expect(outcome.said(`${name} as a condition's`)).toMatch(/^TypeError lock must be a Lock or an RLock/);
  });
});
