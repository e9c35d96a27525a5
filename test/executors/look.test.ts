import { describe, expect, it } from 'vitest';
import { lookUntil } from '#dist/executors/look.js';

describe('looking', () => {
  it('ends with what it looks for', () => {
    let looks = 0;
    expect(lookUntil(performance.now() + 60_000, () => ++looks === 1000)).toBe(true);
    expect(looks).toBe(1000);
  });

  it('ends when its time has passed', () => {
    const end = performance.now() + 1;
    expect(lookUntil(end, () => false)).toBe(false);
    expect(performance.now()).toBeGreaterThanOrEqual(end);
  });

  it('does not begin after its end', () => {
    expect(lookUntil(performance.now() - 1, () => true)).toBe(false);
  });
});
