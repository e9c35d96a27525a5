/**
 * Every way to compute a kernel comes to the same result, bit for bit: in TypeScript at once or in turns,
 * natively by one thread, natively by several.
 *
 * HEDDLE_SEED repeats one run; the seed is part of every failure's message.
 */
import { describe, expect, test } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { CombineOperation, MapOperation } from '#dist/memory/layout.js';
import type { Call } from '#dist/parallel/call.js';
import { combineCall, cumsumCall, mapCall } from '#dist/parallel/elementwise.js';
import { inTurns, runAlone, runPooled, runScripted } from '#dist/parallel/execute.js';
import { canCombine, canMap } from '#dist/parallel/fallback/elementwise.js';
import { histogramPlan } from '#dist/parallel/histogram.js';
import { matmulCall } from '#dist/parallel/matmul.js';
import { dotCall, extremeCall, meanCall, sumCall } from '#dist/parallel/reductions.js';
import { argsortCall, sortCall, topKCall, uniqueCall } from '#dist/parallel/sorting.js';
import {
  type AnyArray,
  type AnyClass,
  classes,
  contents,
  expectSame,
  fill,
  isBig,
  isFloating,
  randomNumbers,
} from './random.js';

const seed = Number(process.env.HEDDLE_SEED ?? Date.now() % 1_000_000);
const random = randomNumbers(seed);

/** Lengths around every border: empty, tiny, blocks of sums, blocks of loops, and several of those. */
const lengths = [0, 1, 7, 8, 9, 40, 41, 1000, 8191, 8192, 8193, 65_535, 65_536, 65_537, 140_000 + (seed % 1000)];
/** Up to here with contents of each kind, above with one of them by chance. */
const SMALL = 1000;

// biome-ignore lint/suspicious/noExplicitAny: calls of any result
type Make = (...arrays: AnyArray[]) => Call<any>;

/** Runs a call in every way, each time on fresh copies of its arrays. */
async function compare(what: string, make: Make, arrays: AnyArray[]): Promise<void> {
  const fresh = (): Call<unknown> => make(...arrays.map((array) => array.slice() as AnyArray));
  const expected = runScripted(fresh());
  const { kernels } = engine;
  if (kernels === undefined) {
    expectSame(await inTurns(fresh()), expected, `${what} in turns`);
    return;
  }
  expectSame(runAlone(kernels, fresh()), expected, `${what} by one thread`);
  expectSame(runPooled(kernels, fresh()), expected, `${what} by several threads`);
}

function kernelsFor(cls: AnyClass): Record<string, [Make, number]> {
  const bound = (value: number): number => (isBig(cls) ? BigInt(value) : value) as number;
  const sample = new cls(1) as AnyArray;
  const edges = [-1000, -1, -0.25, 0, 0.125, 1, 2, 50_000];
  const all: Record<string, [Make, number]> = {
    sort: [(a) => sortCall(a), 1],
    'sort descending': [(a) => sortCall(a, { descending: true }), 1],
    argsort: [(a) => argsortCall(a), 1],
    'argsort descending': [(a) => argsortCall(a, { descending: true }), 1],
    'topK of few': [(a) => topKCall(a, Math.min(a.length, 10)), 1],
    'topK of many': [(a) => topKCall(a, a.length >> 1, { smallest: true }), 1],
    unique: [(a) => uniqueCall(a), 1],
    sum: [(a) => sumCall(a), 1],
    mean: [(a) => meanCall(a), 1],
    min: [(a) => extremeCall(a, false), 1],
    max: [(a) => extremeCall(a, true), 1],
    dot: [(a, b) => dotCall(a, b!), 2],
    cumsum: [(a) => cumsumCall(a), 1],
    'cumsum in place': [(a) => cumsumCall(a, isBig(cls) || isFloating(cls) ? { into: a } : undefined), 1],
    'histogram of even bins': [(a) => histogramPlan(a, { bins: 37, range: [-1, 77.7] }).count(0, 0), 1],
    'histogram of given bins': [(a) => histogramPlan(a, { bins: edges }).count(0, 0), 1],
    'map clamp': [(a) => mapCall(a as Float64Array, 'clamp', { low: bound(1), high: bound(2) }), 1],
    'combine with one': [(a) => combineCall(a as Float64Array, bound(3), 'multiply', { into: a }), 1],
  };
  for (const [name, code] of Object.entries(MapOperation)) {
    if (name === 'CLAMP' || !canMap(sample, code)) continue;
    all[`map ${name}`] = [(a) => mapCall(a, name.toLowerCase() as 'abs'), 1];
  }
  for (const [name, code] of Object.entries(CombineOperation)) {
    if (!canCombine(sample, code)) continue;
    all[`combine ${name}`] = [(a, b) => combineCall(a, b!, name.toLowerCase() as 'add'), 2];
  }
  return all;
}

describe.each(classes.map((cls) => [cls.name, cls] as const))('%s', (_name, cls) => {
  const needsSome = new Set(['mean', 'min', 'max']);

  test.each(Object.entries(kernelsFor(cls)))('%s', { timeout: 120_000 }, async (name, [make, operands]) => {
    for (const length of lengths) {
      if (length === 0 && needsSome.has(name)) continue;
      for (const content of length > SMALL ? [contents[Math.floor(random() * contents.length)]!] : contents) {
        const arrays = Array.from({ length: operands }, () => fill(cls, length, content, random));
        await compare(`${name} of ${length} ${content} (HEDDLE_SEED=${seed})`, make, arrays);
      }
    }
  });

  test('matmul', async () => {
    const shapes = [
      [0, 3, 2],
      [1, 1, 1],
      [3, 0, 4],
      [4, 8, 8],
      [5, 7, 9],
      [65, 300, 33],
      [130, 17, 270],
    ] as const;
    for (const [rows, inner, columns] of shapes) {
      for (const content of contents) {
        const a = fill(cls, rows * inner, content, random);
        const b = fill(cls, inner * columns, content, random);
        const what = `matmul ${rows} × ${inner} × ${columns} ${content} (HEDDLE_SEED=${seed})`;
        await compare(what, (x, y) => matmulCall(x, y!, { rows, inner, columns }), [a, b]);
      }
    }
  });
});

test('a sum does not depend on how many threads there are, nor on when', { timeout: 60_000 }, async () => {
  const array = fill(Float64Array, 1_000_003, 'usual', random);
  const sums = new Set<unknown>();
  for (let round = 0; round < 10; round++) sums.add(engine.kernels && runPooled(engine.kernels, sumCall(array)));
  sums.add(runScripted(sumCall(array)));
  sums.delete(undefined);
  expect(sums.size).toBe(1);
});
