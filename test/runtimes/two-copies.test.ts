/** A program with two copies of heddle, as when two of its packages want different versions. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYOUT_HASH } from '#dist/memory/layout-hash.js';
import { Copy, fixtures, type Outcome, runProgram } from './confined.js';

const copies: Copy[] = [];
afterAll(() => {
  for (const copy of copies) copy.remove();
});

/** Has a copy believe that the memory of its version is laid out in another way: no addon fits it, either. */
function relayout({ path }: Copy): void {
  let changed = 0;
  for (const name of readdirSync(join(path, 'dist'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue;
    const file = join(path, 'dist', name);
    const text = readFileSync(file, 'utf8');
    const other = text.replaceAll(`0x${LAYOUT_HASH.toString(16)}`, '12345').replaceAll(String(LAYOUT_HASH), '12345');
    if (other === text) continue;
    writeFileSync(file, other);
    changed++;
  }
  if (changed === 0) throw new Error('the layout hash was not found');
}

describe.each(['the same version', 'different versions'])('two copies of %s', (which) => {
  let outcome: Outcome;
  beforeAll(async () => {
    const [first, second] = [new Copy(), new Copy()];
    copies.push(first, second);
    if (which === 'different versions') relayout(second);
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
