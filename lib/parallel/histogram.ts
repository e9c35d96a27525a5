/** histogram: how many elements are in which bin. */
import { requireInteger, requireOptions, show } from '../engine/arguments.js';
import { Kernel } from '../memory/layout.js';
import type { NumberArray } from '../shared/type-code.js';
import type { Call } from './call.js';
import { type KernelOptions, runAsync, runSync } from './execute.js';
import { histogramSteps } from './fallback/elementwise.js';
import { arrayOf, type ReadableNumbers } from './operands.js';
import { extremeCall } from './reductions.js';

/** Options of `histogram`. */
export interface HistogramOptions {
  /** How many bins of one width, at least 1; or their edges, ascending, one more than there are bins. Default: 10. */
  bins?: number | ArrayLike<number> | undefined;
  /** From where to where the bins reach; elements outside are not counted. Default: from the least element to the greatest. */
  range?: readonly [low: number, high: number] | undefined;
}

/** What `histogram` finds. */
export interface Histogram {
  /** How many elements are in each bin. */
  readonly counts: Uint32Array;
  /** Bin `i` is from `edges[i]`, included, to `edges[i + 1]`, excluded but for the last bin. */
  readonly edges: Float64Array;
}

const DEFAULT_BINS = 10;
const MOST_BINS = 1 << 24;

interface Bins {
  readonly edges: Float64Array;
  /** Bins per unit when all have one width, else 0. */
  readonly perUnit: number;
}

function requireAscending(edges: Float64Array): void {
  for (let i = 1; i < edges.length; i++) {
    if (
      !((edges[i - 1] as number) < (edges[i] as number) && Number.isFinite((edges[i] as number) - (edges[0] as number)))
    ) {
      throw new RangeError(
        `bins must have finite edges, each greater than the one before, got ${edges[i - 1]} and ${edges[i]}; with fewer bins, or a range that suits the numbers, they would`,
      );
    }
  }
}

function evenBins(count: number, low: number, high: number): Bins {
  // As NumPy has it: a range of one point is widened.
  if (low === high) return evenBins(count, low - 0.5, high + 0.5);
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => low + (i / count) * (high - low));
  edges[count] = high;
  requireAscending(edges);
  return { edges, perUnit: count / (high - low) };
}

function givenBins(bins: ArrayLike<number>): Bins {
  const edges = Float64Array.from(bins);
  if (edges.length < 2) throw new RangeError(`bins must have at least two edges, got ${show(bins)}`);
  requireAscending(edges);
  return { edges, perUnit: 0 };
}

function rangeOf(range: unknown): readonly [number, number] {
  if (!Array.isArray(range) || range.length !== 2 || !range.every((bound) => typeof bound === 'number')) {
    throw new TypeError(`range must be two numbers, the least and the greatest, got ${show(range)}`);
  }
  const [low, high] = range as [number, number];
  if (!(low <= high) || !Number.isFinite(high - low)) {
    throw new RangeError(`range must be finite, the lower number first, got ${show(range)}`);
  }
  return [low, high];
}

function countCall(a: NumberArray, { edges, perUnit }: Bins): Call<Histogram> {
  const counts = new Uint32Array(edges.length - 1);
  return {
    kernel: Kernel.HISTOGRAM,
    a,
    b: edges,
    out: counts,
    parameters: [perUnit],
    cost: a.length * (perUnit === 0 ? 20 : 3),
    steps: (control) => histogramSteps(a, edges, perUnit, counts, control),
    result: () => ({ counts, edges }),
  };
}

/** The call, once the range of the elements is known, if it is needed: then `extremes` finds it. */
export function histogramPlan(
  array: ReadableNumbers,
  options?: HistogramOptions,
): {
  extremes: [Call<number | bigint>, Call<number | bigint>] | undefined;
  count(low: number, high: number): Call<Histogram>;
} {
  const a = arrayOf('array', array, true);
  requireOptions('options', options);
  const bins = options?.bins ?? DEFAULT_BINS;
  if (typeof bins !== 'number') {
    if (typeof bins !== 'object') throw new TypeError(`bins must be a number, or edges, got ${show(bins)}`);
    if (options?.range !== undefined) throw new TypeError('range must not be given beside edges, which say it');
    const given = givenBins(bins);
    return { extremes: undefined, count: () => countCall(a, given) };
  }
  requireInteger('bins', bins, 1, MOST_BINS);
  if (options?.range !== undefined || a.length === 0) {
    // As NumPy has it, for nothing at all.
    const [low, high] = options?.range === undefined ? [0, 1] : rangeOf(options.range);
    const even = evenBins(bins, low, high);
    return { extremes: undefined, count: () => countCall(a, even) };
  }
  return {
    extremes: [extremeCall(a, false), extremeCall(a, true)],
    count(low, high) {
      if (!Number.isFinite(high - low)) {
        throw new RangeError(
          `a histogram from ${low} to ${high} has no bins: give the range to count, outside of which NaN and Infinity are`,
        );
      }
      return countCall(a, evenBins(bins, low, high));
    },
  };
}

/**
 * Resolves with how many elements are in which bin, and the edges of the bins. What is outside of all, NaN
 * included, is not counted. 64-bit integers are taken as the nearest doubles. NumPy: `histogram`.
 *
 * @throws RangeError where there is no range: when it is not given, and the elements are not all finite.
 * @example
 * ```ts
 * import { histogram } from 'heddle/parallel';
 * const { counts, edges } = await histogram(new Float64Array([1, 2, 2, 5]), { bins: 4 });
 * console.log(counts.join(' '), 'between', edges.join(' ')); // 1 2 0 1 between 1 2 3 4 5
 * ```
 */
export async function histogram(
  array: ReadableNumbers,
  options?: HistogramOptions & KernelOptions,
): Promise<Histogram> {
  const { extremes, count } = histogramPlan(array, options);
  if (extremes === undefined) return runAsync(count(0, 0), options);
  const [low, high] = await Promise.all(extremes.map((call) => runAsync(call, { signal: options?.signal })));
  return runAsync(count(Number(low), Number(high)), options);
}

/** The same, blocking the calling thread, which takes part. */
export function histogramSync(array: ReadableNumbers, options?: HistogramOptions): Histogram {
  const { extremes, count } = histogramPlan(array, options);
  if (extremes === undefined) return runSync(count(0, 0));
  const [low, high] = extremes.map((call) => Number(runSync(call))) as [number, number];
  return runSync(count(low, high));
}
