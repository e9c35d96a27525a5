/** A payload of a gigabyte goes through a Queue, and its memory is given back. */
import { execFile } from 'node:child_process';
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { engine } from 'heddle';
import { describe, expect, it } from 'vitest';

const GIGABYTE = 2 ** 30;
/** The item as it is made, queued and taken, and room for those who test beside. */
const NEEDED = 6 * GIGABYTE;
/** What the collector and the allocator may keep. */
const SLACK = GIGABYTE / 4;

interface Resident {
  readonly before: number;
  readonly rounds: readonly { queued: number; after: number }[];
}

describe.runIf(freemem() > NEEDED)('An item of a gigabyte', () => {
  it('comes out of a Queue as it went in, and leaves its memory to others', { timeout: 120_000 }, async () => {
    const program = fileURLToPath(new URL('fixtures/payload.mjs', import.meta.url));
    // The native engine gives it back to the system, the fallback uses it again.
    const times = engine.name === 'native' ? 1 : 2;
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, String(times)]);
    const { before, rounds } = JSON.parse(stdout) as Resident;
    const [first, second] = rounds;
    expect(first!.queued - before).toBeGreaterThan(GIGABYTE - SLACK);
    if (second === undefined) expect(first!.after - before).toBeLessThan(SLACK);
    else expect(second.after - first!.after).toBeLessThan(SLACK);
  });
});
