/**
 * Objects that are dropped leave nothing behind: neither cells of the arena nor memory. A hundred thousand
 * of each kind; a million where CI or HEDDLE_CYCLES says so. Of the kinds whose every cycle makes several objects or
 * waits a quarter: as many cells come and go, and what any one of them left behind would show as clearly.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const CYCLES = Number(process.env.HEDDLE_CYCLES ?? (process.env.CI ? 1_000_000 : 100_000));
/** What V8 and the allocator may keep for themselves. A leak of one cell a cycle would be 64 bytes × 600,000 in CI, or × 150,000. */
const SLACK = 24 * 1024 * 1024;

const run = promisify(execFile);
const program = fileURLToPath(new URL('fixtures/lifetime.mjs', import.meta.url));

const KINDS = [
  'Lock',
  'RLock',
  'Semaphore',
  'BoundedSemaphore',
  'Event',
  'Condition',
  'Barrier',
  'Queue',
  'LifoQueue',
  'PriorityQueue',
  'SimpleQueue',
  'Value',
  'Value with lock',
  'SharedArray',
  'Local',
  'Thread',
  'Timer',
];
/** Several objects, payloads or waits each. */
const COMPOSITE_KINDS = [
  'Queue with items',
  'Queue in itself, shut down at once',
  'Pipe',
  'Pipe with messages',
  'wait',
  'message',
];

const cases = [
  ...KINDS.map((kind) => [kind, CYCLES] as const),
  ...COMPOSITE_KINDS.map((kind) => [kind, CYCLES / 4] as const),
];

it.each(cases)('%s', { timeout: 600_000 }, async (kind, cycles) => {
  const { stdout } = await run(process.execPath, ['--expose-gc', program, kind, String(cycles)]);
  const { before, early, late } = JSON.parse(stdout) as Record<
    'before' | 'early' | 'late',
    { cells: number; rss: number }
  >;
  expect(late.cells).toBe(before.cells);
  expect(late.rss - early.rss).toBeLessThan(SLACK);
});
