/** matmul: the product of two matrices. */
import { requireInteger, requireOptions, show } from '../engine/arguments.js';
import { Kernel } from '../memory/layout.js';
import type { Call } from './call.js';
import { type KernelOptions, runAsync, runSync } from './execute.js';
import { matmulSteps } from './fallback/elementwise.js';
import {
  arrayOf,
  isWide,
  type Numbers,
  type ReadableNumbers,
  requireLength,
  requireSameType,
  resultArray,
  type SumsOf,
  sumsClass,
} from './operands.js';

/** Shape of the matrices, and where the product goes. */
export interface MatmulOptions {
  /** Rows of `a`, and of the product. */
  rows: number;
  /** Columns of `a`, and rows of `b`. */
  inner: number;
  /** Columns of `b`, and of the product. */
  columns: number;
  /** An array for the product, of its type, with `rows * columns` elements, instead of a new one. */
  into?: Numbers | undefined;
}

const MOST = 0x7fffffff;

/** The call behind the function of that name. */
export function matmulCall<N extends ReadableNumbers>(left: N, right: N, options: MatmulOptions): Call<SumsOf<N>> {
  const a = arrayOf('a', left, true);
  const b = arrayOf('b', right, true);
  requireSameType('b', b, 'a', a);
  if (options === undefined) throw new TypeError(`options must say rows, inner and columns, got ${show(options)}`);
  requireOptions('options', options);
  const { rows, inner, columns } = options;
  for (const [name, value] of Object.entries({ rows, inner, columns })) requireInteger(name, value, 0, MOST);
  requireLength('a', a, rows * inner, `${rows} rows of ${inner}`);
  requireLength('b', b, inner * columns, `${inner} rows of ${columns}`);
  requireInteger('rows * columns', rows * columns, 0, MOST);
  const out = resultArray(options.into, sumsClass(a), rows * columns, `${rows} rows of ${columns}`, [a, b], false);
  return {
    kernel: Kernel.MATMUL,
    a,
    b,
    out,
    parameters: [rows, inner, columns],
    cost: rows * inner * columns * (isWide(a) ? 1 : 0.2) + a.length + b.length,
    steps: (control) => matmulSteps(a, b, out, rows, inner, columns, control),
    result: () => out as SumsOf<N>,
  };
}

/**
 * Resolves with the product of two matrices, each an array of its rows one after the other. 64-bit integers wrap
 * around; all others are multiplied and added in doubles, each sum in the order of `a`'s columns, to a
 * `Float64Array`, or for `Float32Array`s to one.
 *
 * @throws RangeError where lengths and shape do not agree.
 * @example
 * ```ts
 * import { matmul } from 'heddle/parallel';
 * const a = new Float64Array([1, 2, 3, 4]);  // 1 2
 * const b = new Float64Array([0, 1, 1, 0]);  // 3 4
 * console.log((await matmul(a, b, { rows: 2, inner: 2, columns: 2 })).join(' ')); // 2 1 4 3
 * ```
 */
export function matmul<N extends ReadableNumbers>(
  a: N,
  b: N,
  options: MatmulOptions & KernelOptions,
): Promise<SumsOf<N>> {
  return runAsync(matmulCall(a, b, options), options);
}

/** The same, blocking the calling thread, which takes part. */
export function matmulSync<N extends ReadableNumbers>(a: N, b: N, options: MatmulOptions): SumsOf<N> {
  return runSync(matmulCall(a, b, options));
}
