/** The native engine's ways to wake an event loop, each on this Node, whichever it would choose itself. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { engine } from '#dist/engine/select.js';

const fixture = fileURLToPath(new URL('fixtures/loop-bell.mjs', import.meta.url));

async function run(watched: boolean): Promise<string[]> {
  const env = { ...process.env, HEDDLE_ENGINE: 'native' };
  const { stdout } = await promisify(execFile)(process.execPath, [fixture, String(watched)], { env });
  return stdout.trim().split('\n');
}

describe.skipIf(engine.name !== 'native')('an event loop with tickets that are ready', () => {
  it('is called, asleep or awake, where it is watched', { timeout: 60_000 }, async () => {
    const lines = await run(true);
    expect(lines).toEqual([
      'heard 300',
      'drained 1',
      'uncaught: from the loop',
      'tick',
      'promise',
      'called again',
      'ended',
    ]);
  });

  it('is called by a threadsafe function where it cannot be watched', { timeout: 60_000 }, async () => {
    const lines = await run(false);
    expect(lines).toEqual(['heard 300', 'drained 1', 'tick', 'promise', 'called again', 'ended']);
  });
});
