/**
 * Sums, extremes and dot products in TypeScript. Sums of floating-point numbers have the order that
 * native/core/kernels/reduce.cc describes: lanes, then blocks, added pairwise. Sums of integers are exact.
 */
import { SUM_BLOCK } from '../../memory/layout.js';
import type { NumberArray } from '../../shared/type-code.js';
import { BLOCK, inBlocks } from '../call.js';
import type { Control } from '../control.js';
import { isWide } from '../operands.js';

type Reals = Exclude<NumberArray, BigInt64Array | BigUint64Array>;
type Bigs = BigInt64Array | BigUint64Array;

/** SUM_LANES sums of every eighth element, added pairwise. */
function sumBlock(a: Reals, begin: number, end: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let i = begin;
  for (; i + 8 <= end; i += 8) {
    s0 += a[i] as number;
    s1 += a[i + 1] as number;
    s2 += a[i + 2] as number;
    s3 += a[i + 3] as number;
    s4 += a[i + 4] as number;
    s5 += a[i + 5] as number;
    s6 += a[i + 6] as number;
    s7 += a[i + 7] as number;
  }
  if (i < end) s0 += a[i++] as number;
  if (i < end) s1 += a[i++] as number;
  if (i < end) s2 += a[i++] as number;
  if (i < end) s3 += a[i++] as number;
  if (i < end) s4 += a[i++] as number;
  if (i < end) s5 += a[i++] as number;
  if (i < end) s6 += a[i] as number;
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}

/** The same of products. */
function dotBlock(a: Reals, b: Reals, begin: number, end: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  const product = (i: number): number => (a[i] as number) * (b[i] as number);
  let i = begin;
  for (; i + 8 <= end; i += 8) {
    s0 += product(i);
    s1 += product(i + 1);
    s2 += product(i + 2);
    s3 += product(i + 3);
    s4 += product(i + 4);
    s5 += product(i + 5);
    s6 += product(i + 6);
    s7 += product(i + 7);
  }
  if (i < end) s0 += product(i++);
  if (i < end) s1 += product(i++);
  if (i < end) s2 += product(i++);
  if (i < end) s3 += product(i++);
  if (i < end) s4 += product(i++);
  if (i < end) s5 += product(i++);
  if (i < end) s6 += product(i);
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}

/** Adds neighbours, until one is left. */
function sumPairwise(sums: Float64Array): number {
  let count = sums.length;
  if (count === 0) return 0;
  for (; count > 1; count = (count + 1) >> 1) {
    for (let i = 0; i < count >> 1; i++) sums[i] = (sums[2 * i] as number) + (sums[2 * i + 1] as number);
    if (count % 2 === 1) sums[count >> 1] = sums[count - 1] as number;
  }
  return sums[0] as number;
}

function* sumBlocks(
  control: Control,
  length: number,
  block: (begin: number, end: number) => number,
): Generator<void, void, void> {
  const sums = new Float64Array(Math.ceil(length / SUM_BLOCK));
  yield* inBlocks(control, length, (begin, end) => {
    for (; begin < end; begin += SUM_BLOCK) sums[begin / SUM_BLOCK] = block(begin, Math.min(begin + SUM_BLOCK, end));
  });
  control.setNumber(0, sumPairwise(sums));
}

function* sumExactly(
  control: Control,
  length: number,
  block: (begin: number, end: number) => bigint,
): Generator<void, void, void> {
  let total = 0n;
  yield* inBlocks(control, length, (begin, end) => {
    for (; begin < end; begin += SUM_BLOCK) total += block(begin, Math.min(begin + SUM_BLOCK, end));
  });
  control.exact = total;
}

/** A block of so few integers of 32 bits or less adds up exactly in a double. */
function sumIntegers(a: Reals, begin: number, end: number): bigint {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += a[i] as number;
  return BigInt(sum);
}

/** Halves of 64-bit integers, by views: faster than bigints by far. */
function bigSum(a: Bigs): (begin: number, end: number) => bigint {
  const lower = new Uint32Array(a.buffer, a.byteOffset, 2 * a.length);
  const upper = a instanceof BigInt64Array ? new Int32Array(a.buffer, a.byteOffset, 2 * a.length) : lower;
  return (begin, end) => {
    let low = 0;
    let high = 0;
    for (let i = 2 * begin; i < 2 * end; i += 2) {
      low += lower[i] as number;
      high += upper[i + 1] as number;
    }
    return (BigInt(high) << 32n) + BigInt(low);
  };
}

function isReal(a: NumberArray): a is Float32Array | Float64Array {
  return a instanceof Float64Array || a instanceof Float32Array;
}

export function sumSteps(a: NumberArray, control: Control): Generator<void, void, void> {
  if (isReal(a)) return sumBlocks(control, a.length, (begin, end) => sumBlock(a, begin, end));
  if (isWide(a)) return sumExactly(control, a.length, bigSum(a));
  return sumExactly(control, a.length, (begin, end) => sumIntegers(a, begin, end));
}

export function dotSteps(a: NumberArray, b: NumberArray, control: Control): Generator<void, void, void> {
  if (!isWide(a)) return sumBlocks(control, a.length, (begin, end) => dotBlock(a, b as Reals, begin, end));
  return sumExactly(control, a.length, (begin, end) => {
    let sum = 0n;
    for (let i = begin; i < end; i++) sum += (a[i] as bigint) * (b[i] as bigint);
    return sum;
  });
}

export function* extremeSteps(a: NumberArray, max: boolean, control: Control): Generator<void, void, void> {
  if (isWide(a)) {
    let extreme = a[0] as bigint;
    yield* inBlocks(control, a.length, (begin, end) => {
      for (let i = begin; i < end; i++) {
        const element = a[i] as bigint;
        if (max ? element > extreme : element < extreme) extreme = element;
      }
    });
    control.setBigint(0, extreme);
    return;
  }
  let extreme = a[0] as number;
  yield* inBlocks(
    control,
    a.length,
    (begin, end) => {
      // NaN if there is one, and -0 is less than 0.
      if (max) for (let i = begin; i < end; i++) extreme = Math.max(extreme, a[i] as number);
      else for (let i = begin; i < end; i++) extreme = Math.min(extreme, a[i] as number);
    },
    BLOCK,
  );
  control.setNumber(0, extreme);
}
