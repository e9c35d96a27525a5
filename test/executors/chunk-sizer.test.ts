import { describe, expect, it } from 'vitest';
import { ChunkSizer } from '#dist/executors/chunk-sizer.js';

/** The size after so many chunks of items that take `ms` each. */
function settle(sizer: ChunkSizer, ms: number, chunks = 20): number {
  for (let i = 0; i < chunks; i++) sizer.took(sizer.size * ms, sizer.size);
  return sizer.size;
}

describe('ChunkSizer', () => {
  it('starts with one item, and grows step by step', () => {
    const sizer = new ChunkSizer(undefined, undefined, 2);
    const sizes = [1, 2, 3, 4].map(() => {
      const { size } = sizer;
      sizer.took(0, size);
      return size;
    });
    expect(sizes).toEqual([1, 4, 16, 64]);
    expect(settle(sizer, 0)).toBe(4096);
  });

  it('comes to chunks of about a millisecond', () => {
    const sizer = new ChunkSizer(undefined, undefined, 2);
    expect(settle(sizer, 0.125)).toBe(8);
    expect(settle(sizer, 0.5)).toBe(2);
    expect(settle(sizer, 100)).toBe(1);
    expect(settle(sizer, 0.25)).toBe(4);
  });

  it('leaves each worker two chunks of the buffer', () => {
    expect(settle(new ChunkSizer(undefined, 80, 4), 0)).toBe(10);
    expect(settle(new ChunkSizer(undefined, 1, 4), 0)).toBe(1);
  });

  it('keeps to a size that is given', () => {
    expect(settle(new ChunkSizer(7, undefined, 2), 0)).toBe(7);
    expect(settle(new ChunkSizer(7, undefined, 2), 1000)).toBe(7);
  });
});
