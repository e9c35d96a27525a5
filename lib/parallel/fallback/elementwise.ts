/** Operations element by element, running sums, histograms and matrix products in TypeScript. */
import { CombineOperation as Combine, MapOperation as MapOp, SUM_BLOCK } from '../../memory/layout.js';
import type { NumberArray } from '../../shared/type-code.js';
import { inBlocks } from '../call.js';
import type { Control } from '../control.js';
import { isWide } from '../operands.js';

type Unary<T> = (x: T) => T;
type Binary<T> = (x: T, y: T) => T;
/** A table with an entry for each code of an operation that a kind of number has. */
type Table<F> = { readonly [operation: number]: F };

const realMaps: Table<Unary<number>> = {
  [MapOp.NEGATE]: (x) => -x,
  [MapOp.ABS]: Math.abs,
  [MapOp.SIGN]: Math.sign,
  [MapOp.SQUARE]: (x) => x * x,
  [MapOp.SQRT]: Math.sqrt,
  [MapOp.RECIPROCAL]: (x) => 1 / x,
  [MapOp.FLOOR]: Math.floor,
  [MapOp.CEIL]: Math.ceil,
  [MapOp.TRUNC]: Math.trunc,
  [MapOp.ROUND]: Math.round,
};
/** What they come to is cut to the element's width as it is stored. */
const integerMaps: Table<Unary<number>> = {
  ...realMaps,
  [MapOp.SQUARE]: (x) => Math.imul(x, x),
  [MapOp.NOT]: (x) => ~x,
};
const same: Unary<bigint> = (x) => x;
const bigMaps: Table<Unary<bigint>> = {
  [MapOp.NEGATE]: (x) => -x,
  [MapOp.ABS]: (x) => (x < 0n ? -x : x),
  [MapOp.SIGN]: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  [MapOp.SQUARE]: (x) => x * x,
  [MapOp.NOT]: (x) => ~x,
  [MapOp.FLOOR]: same,
  [MapOp.CEIL]: same,
  [MapOp.TRUNC]: same,
  [MapOp.ROUND]: same,
};

const realCombines: Table<Binary<number>> = {
  [Combine.ADD]: (x, y) => x + y,
  [Combine.SUBTRACT]: (x, y) => x - y,
  [Combine.MULTIPLY]: (x, y) => x * y,
  [Combine.DIVIDE]: (x, y) => x / y,
  [Combine.MIN]: Math.min,
  [Combine.MAX]: Math.max,
};
const integerCombines: Table<Binary<number>> = {
  ...realCombines,
  [Combine.MULTIPLY]: Math.imul,
  [Combine.AND]: (x, y) => x & y,
  [Combine.OR]: (x, y) => x | y,
  [Combine.XOR]: (x, y) => x ^ y,
};
const bigCombines: Table<Binary<bigint>> = {
  [Combine.ADD]: (x, y) => x + y,
  [Combine.SUBTRACT]: (x, y) => x - y,
  [Combine.MULTIPLY]: (x, y) => x * y,
  [Combine.MIN]: (x, y) => (x < y ? x : y),
  [Combine.MAX]: (x, y) => (x > y ? x : y),
  [Combine.AND]: (x, y) => x & y,
  [Combine.OR]: (x, y) => x | y,
  [Combine.XOR]: (x, y) => x ^ y,
};

function tableFor<F, G>(a: NumberArray, reals: Table<F>, integers: Table<F>, bigs: Table<G>): Table<F | G> {
  if (isWide(a)) return bigs;
  return a instanceof Float64Array || a instanceof Float32Array ? reals : integers;
}

/** Whether elements of this kind have the operation of MAP. */
export function canMap(a: NumberArray, operation: number): boolean {
  return operation === MapOp.CLAMP || operation in tableFor(a, realMaps, integerMaps, bigMaps);
}

export function canCombine(a: NumberArray, operation: number): boolean {
  return operation in tableFor(a, realCombines, integerCombines, bigCombines);
}

export function mapSteps(
  a: NumberArray,
  operation: number,
  bounds: NumberArray | undefined,
  out: NumberArray,
  control: Control,
): Generator<void, void, void> {
  let fn = tableFor(a, realMaps, integerMaps, bigMaps)[operation] as Unary<unknown>;
  if (operation === MapOp.CLAMP) {
    const [low, high] = bounds as unknown as [number, number];
    fn = (x) => ((x as number) < low ? low : (x as number) > high ? high : x);
  }
  return inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) out[i] = fn(a[i]) as never;
  });
}

/** `b` of one element, with `scalar`, stands for as many as `a` has. */
export function combineSteps(
  a: NumberArray,
  b: NumberArray,
  operation: number,
  scalar: boolean,
  out: NumberArray,
  control: Control,
): Generator<void, void, void> {
  const fn = tableFor(a, realCombines, integerCombines, bigCombines)[operation] as Binary<unknown>;
  const other = b[0];
  return inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) out[i] = fn(a[i], scalar ? other : b[i]) as never;
  });
}

/** Each block has its own running sum, to which the sum of the blocks before is added. */
export function* cumsumSteps(a: NumberArray, out: NumberArray, control: Control): Generator<void, void, void> {
  if (isWide(a)) {
    let sum = 0n;
    yield* inBlocks(control, a.length, (begin, end) => {
      for (let i = begin; i < end; i++) {
        sum = BigInt.asIntN(64, sum + (a[i] as bigint));
        out[i] = sum;
      }
    });
    return;
  }
  let carry = 0;
  yield* inBlocks(control, a.length, (begin, end) => {
    for (; begin < end; begin += SUM_BLOCK) {
      const stop = Math.min(begin + SUM_BLOCK, end);
      let sum = 0;
      for (let i = begin; i < stop; i++) {
        sum += a[i] as number;
        out[i] = carry + sum;
      }
      carry += sum;
    }
  });
}

/** `perUnit`: see `native/core/kernels/histogram.cc`. */
export function histogramSteps(
  a: NumberArray,
  edges: Float64Array,
  perUnit: number,
  counts: Uint32Array,
  control: Control,
): Generator<void, void, void> {
  const bins = counts.length;
  const low = edges[0] as number;
  const high = edges[bins] as number;
  const evenly = (value: number): number => {
    let bin = Math.min(Math.trunc((value - low) * perUnit), bins - 1);
    while (bin > 0 && value < (edges[bin] as number)) bin--;
    while (bin + 1 < bins && value >= (edges[bin + 1] as number)) bin++;
    return bin;
  };
  const searched = (value: number): number => {
    let from = 0;
    let to = bins - 1;
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if ((edges[middle] as number) <= value) from = middle;
      else to = middle - 1;
    }
    return from;
  };
  const binOf = perUnit === 0 ? searched : evenly;
  return inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const value = Number(a[i]);
      if (!(value >= low && value <= high)) continue;
      const bin = binOf(value);
      counts[bin] = (counts[bin] as number) + 1;
    }
  });
}

/** Each element is added up in the order of a's columns. */
export function* matmulSteps(
  a: NumberArray,
  b: NumberArray,
  out: NumberArray,
  rows: number,
  inner: number,
  columns: number,
  control: Control,
): Generator<void, void, void> {
  // 64-bit integers wrap around as they are stored.
  const sums = isWide(a) ? new BigUint64Array(columns) : new Float64Array(columns);
  control.expect(rows);
  for (let row = 0; row < rows; row++) {
    sums.fill((isWide(a) ? 0n : 0) as never);
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k] as number;
      for (let column = 0; column < columns; column++) {
        (sums as Float64Array)[column] = (sums[column] as number) + factor * (b[k * columns + column] as number);
      }
    }
    out.set(sums as never, row * columns);
    yield;
  }
}
