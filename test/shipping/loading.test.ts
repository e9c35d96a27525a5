/** Modules that functions need, and what the inspector costs a program. */
import { describe, expect, it } from 'vitest';
import { runFile, runFixture } from './program.js';

describe('modules that a function needs', () => {
  it('may have top-level await', async () => {
    const report = await runFixture('late.mjs');
    expect(report.value('reference')).toBe('awaited');
    expect(report.value('binding')).toBe('awaited');
  });

  it('are waited for once', async () => {
    const report = await runFixture('late.mjs');
    expect(report.value('waitsOnce')).toEqual([true, true, true]);
    expect(report.value('builtinsNeverWait')).toBe(true);
    expect(report.value('sameModule')).toBe(true);
  });

  it('must not start threads as they are imported by a thread', async () => {
    const report = await runFixture('spawning.mjs');
    const { message } = report.error('refused');
    expect(message).toMatch(/Thread\.start\(\) at the top level of .*spawns\.mjs/);
    expect(message).toContain('isMainThread');
  });
});

describe('the inspector', () => {
  it('does not keep the program alive, and says nothing', async () => {
    expect(await runFile('quiet.mjs')).toEqual({ stdout: 'done\n', stderr: '' });
  });

  it('leaves a debugger alone', async () => {
    const { stdout, stderr } = await runFile('quiet.mjs', ['--inspect=0']);
    expect(stdout).toBe('done\n');
    expect(stderr).not.toContain('Waiting for the debugger');
  });
});
