/** map, combine, cumsum: an array from one or two, element by element. */
import { requireOptions, show } from '../engine/arguments.js';
import { CombineOperation, Kernel, MapOperation } from '../memory/layout.js';
import { isFloat, type NumberArray, requireElement } from '../shared/type-code.js';
import type { Call } from './call.js';
import { type KernelOptions, runAsync, runSync } from './execute.js';
import { canCombine, canMap, combineSteps, cumsumSteps, mapSteps } from './fallback/elementwise.js';
import {
  type ArrayIn,
  arrayOf,
  classOf,
  type ElementIn,
  floatingClass,
  type Numbers,
  type ReadableNumbers,
  requireLength,
  requireSameType,
  resultArray,
  type SumsOf,
  sumsClass,
} from './operands.js';

const maps = {
  negate: MapOperation.NEGATE,
  abs: MapOperation.ABS,
  sign: MapOperation.SIGN,
  square: MapOperation.SQUARE,
  sqrt: MapOperation.SQRT,
  reciprocal: MapOperation.RECIPROCAL,
  floor: MapOperation.FLOOR,
  ceil: MapOperation.CEIL,
  trunc: MapOperation.TRUNC,
  round: MapOperation.ROUND,
  not: MapOperation.NOT,
  clamp: MapOperation.CLAMP,
} as const;

const combines = {
  add: CombineOperation.ADD,
  subtract: CombineOperation.SUBTRACT,
  multiply: CombineOperation.MULTIPLY,
  divide: CombineOperation.DIVIDE,
  min: CombineOperation.MIN,
  max: CombineOperation.MAX,
  and: CombineOperation.AND,
  or: CombineOperation.OR,
  xor: CombineOperation.XOR,
} as const;

/** What `map` does to each element. */
export type MapName = keyof typeof maps;
/** What `combine` does with each pair. */
export type CombineName = keyof typeof combines;

/** Whether results that are not integers by nature go to another type than that of the elements. */
type FloatingOf<N> = ArrayIn<N> extends Float32Array ? Float32Array : Float64Array;
/** What `map` makes of `N`. */
export type MapResult<N, O extends MapName> = O extends 'sqrt' | 'reciprocal' ? FloatingOf<N> : ArrayIn<N>;
/** What `combine` makes of `N`. */
export type CombineResult<N, O extends CombineName> = O extends 'divide' ? FloatingOf<N> : ArrayIn<N>;

/** Where results go. */
export interface IntoOptions {
  /**
   * An array for the results, of their type and length, instead of a new one; it may be the very array that is
   * read. The call then returns its typed array.
   */
  into?: Numbers | undefined;
}

/** Options of `map`. */
export interface MapOptions<E = number | bigint> extends IntoOptions {
  /** Bounds of `'clamp'`: what is less becomes `low`, what is greater `high`; NaN stays. */
  low?: E | undefined;
  high?: E | undefined;
}

function operationOf<T extends object>(operations: T, name: unknown): T[keyof T] {
  if (typeof name === 'string' && Object.hasOwn(operations, name)) return operations[name as keyof T];
  throw new TypeError(`operation must be one of ${Object.keys(operations).join(', ')}, got ${show(name)}`);
}

function unfit(name: string, a: NumberArray): TypeError {
  return new TypeError(`a ${classOf(a).name} has no operation '${name}'`);
}

/** An array of one element, or two, of `a`'s type: TypeError or RangeError unless it can hold them. */
function constants(a: NumberArray, values: Record<string, unknown>): NumberArray {
  const array = new (classOf(a))(Object.keys(values).length);
  Object.entries(values).forEach(([name, value], i) => {
    requireElement(name, value, a);
    array[i] = value as never;
    if (!isFloat(a) && array[i] !== value) {
      throw new RangeError(`${name} must be an element of a ${classOf(a).name}, got ${show(value)}`);
    }
  });
  return array;
}

/** The call behind the function of that name. */
export function mapCall<N extends Numbers, O extends MapName>(
  array: N,
  operation: O,
  options?: MapOptions<ElementIn<N>>,
): Call<MapResult<N, O>> {
  const a = arrayOf('array', array);
  const code = operationOf(maps, operation);
  requireOptions('options', options);
  if (!canMap(a, code)) throw unfit(operation, a);
  const floating = code === MapOperation.SQRT || code === MapOperation.RECIPROCAL;
  const cls = floating ? floatingClass(a) : classOf(a);
  let bounds: NumberArray | undefined;
  if (code === MapOperation.CLAMP) {
    bounds = constants(a, { low: options?.low, high: options?.high });
    const [low, high] = bounds as unknown as [number, number];
    if (!(low <= high)) throw new RangeError(`low must be at most high, got ${show(low)} and ${show(high)}`);
  }
  const out = resultArray(options?.into, cls, a.length, 'as many as array', [a], true);
  return {
    kernel: Kernel.MAP,
    a,
    b: bounds,
    out,
    parameters: [code],
    cost: a.length * 1,
    steps: (control) => mapSteps(a, code, bounds, out, control),
    result: () => out as MapResult<N, O>,
  };
}

/** The call behind the function of that name. */
export function combineCall<N extends Numbers, O extends CombineName>(
  array: N,
  other: N | ElementIn<N>,
  operation: O,
  options?: IntoOptions,
): Call<CombineResult<N, O>> {
  const a = arrayOf('array', array);
  const scalar = typeof other === 'number' || typeof other === 'bigint';
  const b = scalar ? constants(a, { other }) : arrayOf('other', other);
  if (!scalar) {
    requireSameType('other', b, 'array', a);
    requireLength('other', b, a.length, 'as many as array');
  }
  const code = operationOf(combines, operation);
  requireOptions('options', options);
  if (!canCombine(a, code)) throw unfit(operation, a);
  const cls = code === CombineOperation.DIVIDE ? floatingClass(a) : classOf(a);
  const out = resultArray(options?.into, cls, a.length, 'as many as array', [a, b], true);
  return {
    kernel: Kernel.COMBINE,
    a,
    b,
    out,
    parameters: [code, Number(scalar)],
    cost: a.length * 1.2,
    steps: (control) => combineSteps(a, b, code, scalar, out, control),
    result: () => out as CombineResult<N, O>,
  };
}

/** The call behind the function of that name. */
export function cumsumCall<N extends ReadableNumbers>(array: N, options?: IntoOptions): Call<SumsOf<N>> {
  const a = arrayOf('array', array, true);
  requireOptions('options', options);
  const out = resultArray(options?.into, sumsClass(a), a.length, 'as many as array', [a], true);
  return {
    kernel: Kernel.CUMSUM,
    a,
    out,
    parameters: [],
    cost: a.length * 2,
    steps: (control) => cumsumSteps(a, out, control),
    result: () => out as SumsOf<N>,
  };
}

/**
 * Resolves with `operation` of each element. Integers wrap around, as when they are stored into a typed array;
 * `sqrt` and `reciprocal` of integers are a `Float64Array`. 64-bit integers have neither of those, and only
 * integers have `not`.
 *
 * @example
 * ```ts
 * import { map } from 'heddle/parallel';
 * console.log((await map(new Int32Array([1, 4, 9]), 'sqrt')).join(' ')); // 1 2 3
 * const samples = new Float32Array([-3, 0.5, 7]);
 * await map(samples, 'clamp', { low: -1, high: 1, into: samples });
 * console.log(samples.join(' ')); // -1 0.5 1
 * ```
 */
export function map<N extends Numbers, O extends MapName>(
  array: N,
  operation: O,
  options?: MapOptions<ElementIn<N>> & KernelOptions,
): Promise<MapResult<N, O>> {
  return runAsync(mapCall(array, operation, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function mapSync<N extends Numbers, O extends MapName>(
  array: N,
  operation: O,
  options?: MapOptions<ElementIn<N>>,
): MapResult<N, O> {
  return runSync(mapCall(array, operation, options));
}

/**
 * Resolves with `operation` of each element and its counterpart in `other`, an array of the same type and length,
 * or with one number for all. Integers wrap around; `divide` of integers is a `Float64Array`, and 64-bit ones do
 * not have it. `min` and `max` are those of `Math`. Only integers have `and`, `or`, `xor`.
 *
 * @example
 * ```ts
 * import { combine } from 'heddle/parallel';
 * const net = new Float64Array([10, 20]);
 * const gross = await combine(net, 1.5, 'multiply');
 * console.log((await combine(gross, net, 'subtract')).join(' ')); // 5 10
 * ```
 */
export function combine<N extends Numbers, O extends CombineName>(
  array: N,
  other: N | ElementIn<N>,
  operation: O,
  options?: IntoOptions & KernelOptions,
): Promise<CombineResult<N, O>> {
  return runAsync(combineCall(array, other, operation, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function combineSync<N extends Numbers, O extends CombineName>(
  array: N,
  other: N | ElementIn<N>,
  operation: O,
  options?: IntoOptions,
): CombineResult<N, O> {
  return runSync(combineCall(array, other, operation, options));
}

/**
 * Resolves with the running sums: element `i` is the sum of elements 0 to `i`. 64-bit integers wrap around; all others
 * are added in doubles, in an order that is fixed, to a `Float64Array`, or for a `Float32Array` to one. Python:
 * `itertools.accumulate`.
 *
 * @example
 * ```ts
 * import { cumsum } from 'heddle/parallel';
 * console.log((await cumsum(new Uint8Array([200, 100, 50]))).join(' ')); // 200 300 350
 * ```
 */
export function cumsum<N extends ReadableNumbers>(array: N, options?: IntoOptions & KernelOptions): Promise<SumsOf<N>> {
  return runAsync(cumsumCall(array, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function cumsumSync<N extends ReadableNumbers>(array: N, options?: IntoOptions): SumsOf<N> {
  return runSync(cumsumCall(array, options));
}
