import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Histogram } from '#dist/executors/histogram.js';

// Not part of the public types.
const record = (histogram: Histogram, ms: number): void =>
  (histogram as unknown as { record(ms: number): void }).record(ms);

describe('Histogram', () => {
  it('knows nothing at first', () => {
    const { count, min, max, mean } = new Histogram();
    expect([count, min, max, mean, new Histogram().percentile(50)]).toEqual([0, 0, 0, 0, 0]);
  });

  it('counts, and knows the least, the most and the average', () => {
    const histogram = new Histogram();
    for (const ms of [4, 1, 7]) record(histogram, ms);
    expect([histogram.count, histogram.min, histogram.max, histogram.mean]).toEqual([3, 1, 7, 4]);
    expect(inspect(histogram)).toContain('count: 3');
    expect(JSON.parse(JSON.stringify(histogram))).toMatchObject({ count: 3, min: 1, max: 7 });
  });

  it.each([0.001, 0.004, 0.1, 1, 12.5, 1000, 86_400_000, 1e10, 3.5e11])(
    'knows percentiles of %s ms within 1/32',
    (scale) => {
      const histogram = new Histogram();
      for (let i = 1; i <= 1000; i++) record(histogram, (scale * i) / 10);
      for (const percent of [1, 10, 50, 90, 99, 100]) {
        const exact = (scale * percent * 10) / 10;
        const error = Math.abs(histogram.percentile(percent) - exact);
        expect(error).toBeLessThanOrEqual(Math.max(exact / 32, 1 / 8000));
      }
      expect(histogram.percentile(0)).toBeGreaterThanOrEqual(histogram.min);
      expect(histogram.percentile(100)).toBeLessThanOrEqual(histogram.max);
    },
  );

  it('counts what is longer than 2 ** 45 ms as that long', () => {
    const histogram = new Histogram();
    for (const ms of [2 ** 45, 1e14, Number.POSITIVE_INFINITY]) record(histogram, ms);
    const { count, min, max, mean } = histogram;
    expect([count, min, max, mean]).toEqual([3, 2 ** 45, 2 ** 45, 2 ** 45]);
    expect(histogram.percentile(50)).toBe(2 ** 45);
  });

  it('takes what clocks may come up with', () => {
    const histogram = new Histogram();
    for (const ms of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY]) record(histogram, ms);
    expect(histogram.count).toBe(4);
    expect(histogram.min).toBe(0);
    expect(histogram.percentile(50)).toBeLessThan(0.001);
  });

  it.each([-1, 101, Number.NaN, '50'])('has no percentile %s', (percent) => {
    expect(() => new Histogram().percentile(percent as number)).toThrow(RangeError);
  });
});
