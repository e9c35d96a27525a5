/** How figures of benchmarks are held against their floors. */
import { describe, expect, test } from 'vitest';

interface Verdict {
  readonly against?: string;
  readonly ratio?: number;
  readonly holds: boolean;
  readonly reached: boolean;
}
type Judge = (scenario: object, variant: object, results: Record<string, object>) => Verdict[];

const file = new URL('../../bench/harness/report.mjs', import.meta.url).href;
const { judge } = (await import(file)) as { judge: Judge };

const results = {
  native: { median: 10 },
  slow: { median: 80 },
  quick: { median: 20 },
  broken: { failed: 'exit 1' },
};
const peers = ['broken', 'slow', 'quick'];

function verdicts(unit: string, ...floors: object[]): Verdict[] {
  return judge({ unit }, { floors }, results);
}

describe('judge', () => {
  test('compares times with the quickest of several peers', () => {
    expect(verdicts('ns', { against: peers, floor: 2, goal: 3 })).toMatchObject([
      { against: 'quick', ratio: 2, holds: true, reached: false },
    ]);
  });

  test('compares throughputs with the greatest of several peers', () => {
    expect(verdicts('op/s', { against: peers, floor: 0.2 })).toMatchObject([
      { against: 'slow', ratio: 0.125, holds: false },
    ]);
  });

  test('says nothing of peers that did not run', () => {
    expect(verdicts('ns', { against: ['broken'], floor: 1 }, { against: 'nobody', floor: 1 })).toEqual([]);
  });

  test('holds figures against bounds from above and from below', () => {
    expect(verdicts('%', { atMost: 10, goal: 9 }, { atMost: 9 })).toMatchObject([
      { holds: true, reached: false },
      { holds: false },
    ]);
    expect(verdicts('×', { atLeast: 10, goal: 11 }, { atLeast: 11 })).toMatchObject([
      { holds: true, reached: false },
      { holds: false },
    ]);
  });

  test('says nothing of a case of ours that failed', () => {
    expect(judge({ unit: 'ns' }, { floors: [{ atMost: 1 }] }, { native: { failed: 'exit 1' } })).toEqual([]);
  });
});
