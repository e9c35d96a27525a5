/** heddle beside other realms: what contexts of node:vm have made, and workers of workers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtures, type Outcome, runProgram } from './confined.js';

describe('a context of node:vm', () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runProgram(`${fixtures}realms.mjs`);
  });

  it('makes values that travel as those of the program do', () => {
    expect(outcome.code, outcome.output).toBe(0);
    expect(outcome.said('values')).toBe('true');
  });

  it('makes functions that travel', () => {
    expect(outcome.said('function')).toBe('2');
  });

  it('can import heddle', () => expect(outcome.said('import')).toBe('true'));
});

it('a worker of a worker has threads, processes and executors, and ends', async () => {
  const { code, output, said } = await runProgram(`${fixtures}nested.mjs`);
  expect(code, output).toBe(0);
  for (const depth of [0, 1, 2]) expect(said(`depth ${depth}`)).toBe(`${process.env.HEDDLE_ENGINE} 13 true`);
});
