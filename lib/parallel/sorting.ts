/** sort, argsort, topK, unique: the order of numbers, which is that of `TypedArray.prototype.sort`. */
import { requireBoolean, requireInteger, requireOptions } from '../engine/arguments.js';
import { Kernel } from '../memory/layout.js';
import type { NumberArray } from '../shared/type-code.js';
import type { Call } from './call.js';
import { type KernelOptions, runAsync, runSync } from './execute.js';
import { gather, order, sortSteps, uniqueSteps } from './fallback/sort.js';
import { type ArrayIn, arrayOf, classOf, type ReadableNumbers } from './operands.js';

/** Options of a sort. */
export interface SortOptions {
  /** From the greatest to the least: NaN first, then Infinity. Default: false. */
  descending?: boolean | undefined;
}

/** Options of `topK`. */
export interface TopKOptions {
  /** The least instead of the greatest. Default: false. */
  smallest?: boolean | undefined;
}

/** What `topK` finds. */
export interface TopK<A extends NumberArray> {
  /** The best first. */
  readonly values: A;
  /** Where in the array each of them is. */
  readonly indices: Uint32Array;
}

/** What `unique` finds. */
export interface Unique<A extends NumberArray> {
  /** The different elements, ascending. */
  readonly values: A;
  /** How often each of them occurs. */
  readonly counts: Uint32Array;
}

function flag(name: string, options: object | undefined, value: boolean | undefined): boolean {
  requireOptions('options', options);
  if (value === undefined) return false;
  requireBoolean(name, value);
  return value;
}

/** The call behind the function of that name. */
export function sortCall<N extends ReadableNumbers>(array: N, options?: SortOptions): Call<N> {
  const a = arrayOf('array', array, true);
  const descending = flag('descending', options, options?.descending);
  return {
    kernel: Kernel.SORT,
    a,
    parameters: [Number(descending)],
    cost: a.length * (a.BYTES_PER_ELEMENT <= 2 ? 1.5 : 12),
    steps: (control) => sortSteps(a, descending, control),
    result: () => array,
  };
}

/** The call behind the function of that name. */
export function argsortCall(array: ReadableNumbers, options?: SortOptions): Call<Uint32Array> {
  const a = arrayOf('array', array, true);
  const descending = flag('descending', options, options?.descending);
  const out = new Uint32Array(a.length);
  return {
    kernel: Kernel.ARGSORT,
    a,
    out,
    parameters: [Number(descending)],
    cost: a.length * 25,
    *steps(control) {
      out.set(yield* order(a, descending, control));
    },
    result: () => out,
  };
}

/** The call behind the function of that name. */
export function topKCall<N extends ReadableNumbers>(
  array: N,
  k: number,
  options?: TopKOptions,
): Call<TopK<ArrayIn<N>>> {
  const a = arrayOf('array', array, true);
  requireInteger('k', k, 0, a.length);
  const smallest = flag('smallest', options, options?.smallest);
  const values = new (classOf(a))(k);
  const indices = new Uint32Array(k);
  return {
    kernel: Kernel.TOP_K,
    a,
    out: values,
    out2: indices,
    parameters: [Number(!smallest)],
    cost: a.length * (k > a.length / 32 ? 25 : 1.5),
    *steps(control) {
      const all = yield* order(a, !smallest, control);
      indices.set(all.subarray(0, k));
      yield* gather(a, indices, values, control);
    },
    result: () => ({ values: values as ArrayIn<N>, indices }),
  };
}

/** The call behind the function of that name. */
export function uniqueCall<N extends ReadableNumbers>(array: N): Call<Unique<ArrayIn<N>>> {
  const a = arrayOf('array', array, true);
  const values = new (classOf(a))(a.length);
  const counts = new Uint32Array(a.length);
  return {
    kernel: Kernel.UNIQUE,
    a,
    out: values,
    out2: counts,
    parameters: [],
    cost: a.length * 15,
    steps: (control) => uniqueSteps(a, values, counts, control),
    result(control) {
      const found = control.number(0);
      return { values: values.slice(0, found) as ArrayIn<N>, counts: counts.slice(0, found) };
    },
  };
}

/**
 * Sorts `array` in place and resolves with it. The order is that of `TypedArray.prototype.sort`: -0 before
 * 0, NaN last; descending, the reverse.
 *
 * While the promise is pending, nobody may write to the array, or transfer or resize its buffer.
 *
 * @throws TypeError unless `array` holds numbers in memory that stays: no resizable or detached `ArrayBuffer`.
 * @example
 * ```ts
 * import { sort } from 'heddle/parallel';
 * const numbers = await sort(new Float64Array([3, NaN, -0, 0, -1]));
 * console.log(numbers.join(' ')); // -1 0 0 3 NaN
 * ```
 */
export function sort<N extends ReadableNumbers>(array: N, options?: SortOptions & KernelOptions): Promise<N> {
  return runAsync(sortCall(array, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function sortSync<N extends ReadableNumbers>(array: N, options?: SortOptions): N {
  return runSync(sortCall(array, options));
}

/**
 * Resolves with the indices that would sort `array`: element `indices[0]` is the first. Equal elements keep
 * the order of their indices, descending too. NumPy: `argsort(kind='stable')`.
 *
 * @example
 * ```ts
 * import { argsort } from 'heddle/parallel';
 * const prices = new Float32Array([30, 10, 20]);
 * console.log((await argsort(prices)).join(' ')); // 1 2 0
 * ```
 */
export function argsort(array: ReadableNumbers, options?: SortOptions & KernelOptions): Promise<Uint32Array> {
  return runAsync(argsortCall(array, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function argsortSync(array: ReadableNumbers, options?: SortOptions): Uint32Array {
  return runSync(argsortCall(array, options));
}

/**
 * Resolves with the `k` greatest elements, or the least, and where they are: the beginning of what a sort
 * would give, without sorting all. Of equal elements the one with the lower index comes first. Python:
 * `heapq.nlargest`, `heapq.nsmallest`.
 *
 * @throws RangeError unless `k` is from 0 to the length of the array.
 * @example
 * ```ts
 * import { topK } from 'heddle/parallel';
 * const { values, indices } = await topK(new Int32Array([5, 9, 1, 9]), 2);
 * console.log(values.join(' '), 'at', indices.join(' ')); // 9 9 at 1 3
 * ```
 */
export function topK<N extends ReadableNumbers>(
  array: N,
  k: number,
  options?: TopKOptions & KernelOptions,
): Promise<TopK<ArrayIn<N>>> {
  return runAsync(topKCall(array, k, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function topKSync<N extends ReadableNumbers>(array: N, k: number, options?: TopKOptions): TopK<ArrayIn<N>> {
  return runSync(topKCall(array, k, options));
}

/**
 * Resolves with the different elements, ascending, and how often each occurs. As in a `Set`, NaN equals NaN,
 * and -0 is 0. NumPy: `unique(return_counts=True)`; Python: `collections.Counter`.
 *
 * @example
 * ```ts
 * import { unique } from 'heddle/parallel';
 * const { values, counts } = await unique(new Uint16Array([404, 200, 200]));
 * console.log(values.join(' '), 'occur', counts.join(' ')); // 200 404 occur 2 1
 * ```
 */
export function unique<N extends ReadableNumbers>(array: N, options?: KernelOptions): Promise<Unique<ArrayIn<N>>> {
  return runAsync(uniqueCall(array), options);
}

/** The same, blocking the calling thread, which takes part. */
export function uniqueSync<N extends ReadableNumbers>(array: N): Unique<ArrayIn<N>> {
  return runSync(uniqueCall(array));
}
