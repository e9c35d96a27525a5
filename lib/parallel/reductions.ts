/** sum, mean, min, max, dot: one number from all. */
import { Kernel } from '../memory/layout.js';
import type { Call } from './call.js';
import type { Control } from './control.js';
import { type KernelOptions, runAsync, runSync } from './execute.js';
import { dotSteps, extremeSteps, sumSteps } from './fallback/reduce.js';
import { arrayOf, type ElementIn, isWide, type ReadableNumbers, requireLength, requireSameType } from './operands.js';

/** The call behind the function of that name. */
export function sumCall<N extends ReadableNumbers>(array: N): Call<ElementIn<N>> {
  const a = arrayOf('array', array, true);
  const isFloat = a instanceof Float64Array || a instanceof Float32Array;
  const result = (control: Control): number | bigint => {
    if (isFloat) return control.number(0);
    return isWide(a) ? control.exact : Number(control.exact);
  };
  return {
    kernel: Kernel.SUM,
    a,
    parameters: [],
    cost: a.length * 0.4,
    steps: (control) => sumSteps(a, control),
    result: (control) => result(control) as ElementIn<N>,
  };
}

/** The call behind the function of that name. */
export function meanCall(array: ReadableNumbers): Call<number> {
  const sum: Call<number | bigint> = sumCall(array);
  requireSome('mean', sum.a.length);
  return { ...sum, result: (control) => Number(sum.result(control)) / sum.a.length };
}

/** The call behind the function of that name. */
export function extremeCall<N extends ReadableNumbers>(array: N, max: boolean): Call<ElementIn<N>> {
  const a = arrayOf('array', array, true);
  requireSome(max ? 'max' : 'min', a.length);
  const result = (control: Control): number | bigint =>
    isWide(a) ? control.bigint(0, a instanceof BigUint64Array) : control.number(0);
  return {
    kernel: max ? Kernel.MAX : Kernel.MIN,
    a,
    parameters: [],
    cost: a.length * 0.5,
    steps: (control) => extremeSteps(a, max, control),
    result: (control) => result(control) as ElementIn<N>,
  };
}

/** The call behind the function of that name. */
export function dotCall<N extends ReadableNumbers>(array: N, other: N): Call<ElementIn<N>> {
  const a = arrayOf('array', array, true);
  const b = arrayOf('other', other, true);
  requireSameType('other', b, 'array', a);
  requireLength('other', b, a.length, 'as many as array');
  return {
    kernel: Kernel.DOT,
    a,
    b,
    parameters: [],
    cost: a.length * (isWide(a) ? 4 : 0.7),
    steps: (control) => dotSteps(a, b, control),
    result: (control) => (isWide(a) ? control.exact : control.number(0)) as ElementIn<N>,
  };
}

function requireSome(what: string, length: number): void {
  if (length === 0) throw new RangeError(`an empty array has no ${what}`);
}

/**
 * Resolves with the sum of the elements, 0 for none. Sums of integers are exact, and bigint for 64-bit ones; a
 * number beyond 2^53 is the nearest that there is. Floating-point numbers are added in doubles and in a
 * fixed order, in lanes and blocks: always the same result, and closer to the exact one than adding them in
 * turn.
 *
 * @example
 * ```ts
 * import { sum } from 'heddle/parallel';
 * console.log(await sum(new Int8Array([100, 100, 100]))); // 300
 * console.log(await sum(new BigInt64Array([2n ** 63n - 1n, 1n]))); // 9223372036854775808n
 * ```
 */
export function sum<N extends ReadableNumbers>(array: N, options?: KernelOptions): Promise<ElementIn<N>> {
  return runAsync(sumCall(array), options);
}

/** The same, blocking the calling thread, which takes part. */
export function sumSync<N extends ReadableNumbers>(array: N): ElementIn<N> {
  return runSync(sumCall(array));
}

/**
 * Resolves with the mean: the `sum` as a number, divided by how many there are. Python: `statistics.fmean`.
 *
 * @throws RangeError for an empty array.
 */
export function mean(array: ReadableNumbers, options?: KernelOptions): Promise<number> {
  return runAsync(meanCall(array), options);
}

/** The same, blocking the calling thread, which takes part. */
export function meanSync(array: ReadableNumbers): number {
  return runSync(meanCall(array));
}

/**
 * Resolves with the least element. As `Math.min` has it: NaN if there is one, and -0 is less than 0.
 *
 * @throws RangeError for an empty array. Python: ValueError.
 */
export function min<N extends ReadableNumbers>(array: N, options?: KernelOptions): Promise<ElementIn<N>> {
  return runAsync(extremeCall(array, false), options);
}

/** The same, blocking the calling thread, which takes part. */
export function minSync<N extends ReadableNumbers>(array: N): ElementIn<N> {
  return runSync(extremeCall(array, false));
}

/**
 * Resolves with the greatest element. As `Math.max` has it: NaN if there is one, and -0 is less than 0.
 *
 * @throws RangeError for an empty array. Python: ValueError.
 */
export function max<N extends ReadableNumbers>(array: N, options?: KernelOptions): Promise<ElementIn<N>> {
  return runAsync(extremeCall(array, true), options);
}

/** The same, blocking the calling thread, which takes part. */
export function maxSync<N extends ReadableNumbers>(array: N): ElementIn<N> {
  return runSync(extremeCall(array, true));
}

/**
 * Resolves with the sum of the products of two arrays of one type and length. 64-bit integers come to an exact
 * bigint; all others are multiplied in doubles and added in the order of `sum`. Python: `math.sumprod`.
 *
 * @example
 * ```ts
 * import { dot } from 'heddle/parallel';
 * console.log(await dot(new Float32Array([1, 2, 3]), new Float32Array([4, 5, 6]))); // 32
 * ```
 */
export function dot<N extends ReadableNumbers>(array: N, other: N, options?: KernelOptions): Promise<ElementIn<N>> {
  return runAsync(dotCall(array, other), options);
}

/** The same, blocking the calling thread, which takes part. */
export function dotSync<N extends ReadableNumbers>(array: N, other: N): ElementIn<N> {
  return runSync(dotCall(array, other));
}
