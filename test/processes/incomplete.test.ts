/** Processes that are started while files of the package are missing, as they are while it is being built or installed. */
import { rmSync } from 'node:fs';
import { engine } from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Copy, type Outcome, runProgram } from '../runtimes/confined.js';

async function runIncomplete(file: string, damage: string, when: string, how: string): Promise<Outcome> {
  const copy = new Copy();
  onTestFinished(() => rmSync(copy.path, { recursive: true }));
  const outcome = await runProgram(`${copy.path}/fixtures/incomplete.mjs`, { args: [file, damage, when, how] });
  expect(outcome.code, outcome.output).toBe(0);
  return outcome;
}

describe.runIf(engine.supports.processes).each(['awaited', 'blocking'])('a start, %s', (how) => {
  it.each(['first', 'later'])('of a process whose program is missing tells by the exit code (%s)', async (when) => {
    const { said, output } = await runIncomplete('processes/child-entry.js', 'missing', when, how);
    expect([said('first'), said('second')]).toEqual(['exit code 1', 'exit code 1']);
    expect(output).toMatch(/Cannot find module .*child-entry\.js/);
  });

  it.runIf(engine.supports.processProxies).each([
    ['missing', /^ProcessStateError child could not be started: Cannot find module .*broker-entry\.js/],
    ['empty', /^ProcessStateError child could not be started: the thread that sees to processes has ended/],
  ])('fails when the broker cannot run: %s', async (damage, refusal) => {
    const { said } = await runIncomplete('processes/broker-entry.js', damage, 'first', how);
    const expected =
      how === 'blocking' ? /^ProcessStateError child could not be started: .*start\(\) says why/ : refusal;
    expect(said('first')).toMatch(expected);
    expect(said('second')).toMatch(expected);
  });

  it.runIf(engine.supports.processProxies).each([
    ['missing', /Cannot find module .*broker-entry\.js/],
    ['empty', /the thread that sees to processes has ended/],
  ])('ends a child whose own broker cannot run: %s', async (damage, reason) => {
    const { said, output } = await runIncomplete('processes/broker-entry.js', damage, 'later', how);
    expect(['before', 'first', 'second'].map(said)).toEqual(['exit code 0', 'exit code 1', 'exit code 1']);
    expect(output).toMatch(reason);
  });
});
