/**
 * Sorting in TypeScript: the runtime's own sort where it is over soon; else a radix sort of the elements'
 * indices, least significant digit first, which stops for a yield between blocks, is stable, and knows
 * the order of `TypedArray.prototype.sort`.
 */
import type { NumberArray } from '../../shared/type-code.js';
import { BLOCK, inBlocks } from '../call.js';
import type { Control } from '../control.js';

/** The words of each element's key, least significant first: unsigned integers in the order of the elements. */
type Key = Uint32Array[];

const SIGN = 0x80000000;
const BUILT_IN = BLOCK;

function* doubleKey(a: Float64Array, flip: number, control: Control): Generator<void, Key, void> {
  const words = new Uint32Array(a.buffer, a.byteOffset, 2 * a.length);
  const low = new Uint32Array(a.length);
  const high = new Uint32Array(a.length);
  yield* inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      let l = words[2 * i] as number;
      let h = words[2 * i + 1] as number;
      const magnitude = h & 0x7fffffff;
      if (magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && l !== 0)) {
        // Every NaN is the same, and after all numbers.
        h = 0xfff80000;
        l = 0;
      } else if ((h & SIGN) !== 0) {
        h = ~h;
        l = ~l;
      } else {
        h ^= SIGN;
      }
      low[i] = l ^ flip;
      high[i] = h ^ flip;
    }
  });
  return [low, high];
}

function* floatKey(a: Float32Array, flip: number, control: Control): Generator<void, Key, void> {
  const words = new Uint32Array(a.buffer, a.byteOffset, a.length);
  const key = new Uint32Array(a.length);
  yield* inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      let w = words[i] as number;
      if ((w & 0x7fffffff) > 0x7f800000) w = 0xffc00000;
      else w = (w & SIGN) !== 0 ? ~w : w ^ SIGN;
      key[i] = w ^ flip;
    }
  });
  return [key];
}

function* bigKey(a: BigInt64Array | BigUint64Array, flip: number, control: Control): Generator<void, Key, void> {
  const words = new Uint32Array(a.buffer, a.byteOffset, 2 * a.length);
  const sign = a instanceof BigInt64Array ? SIGN : 0;
  const low = new Uint32Array(a.length);
  const high = new Uint32Array(a.length);
  yield* inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      low[i] = (words[2 * i] as number) ^ flip;
      high[i] = (words[2 * i + 1] as number) ^ sign ^ flip;
    }
  });
  return [low, high];
}

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

function* integerKey(a: Integers, flip: number, control: Control): Generator<void, Key, void> {
  const sign = a instanceof Int8Array || a instanceof Int16Array || a instanceof Int32Array ? SIGN : 0;
  const key = new Uint32Array(a.length);
  yield* inBlocks(control, a.length, (begin, end) => {
    for (let i = begin; i < end; i++) key[i] = (a[i] as number) ^ sign ^ flip;
  });
  return [key];
}

function keyOf(a: NumberArray, flip: number, control: Control): Generator<void, Key, void> {
  if (a instanceof Float64Array) return doubleKey(a, flip, control);
  if (a instanceof Float32Array) return floatKey(a, flip, control);
  if (a instanceof BigInt64Array || a instanceof BigUint64Array) return bigKey(a, flip, control);
  return integerKey(a, flip, control);
}

/** One stable pass: `from` in the order of one digit, to `to`. False, and nothing moved, when all have the same. */
function* pass(
  words: Uint32Array,
  shift: number,
  bits: number,
  from: Uint32Array,
  to: Uint32Array,
  control: Control,
): Generator<void, boolean, void> {
  const mask = 2 ** bits - 1;
  const places = new Uint32Array(mask + 1);
  yield* inBlocks(control, words.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const digit = ((words[i] as number) >>> shift) & mask;
      places[digit] = (places[digit] as number) + 1;
    }
  });
  if (places[((words[0] as number) >>> shift) & mask] === words.length) return false;
  let place = 0;
  for (let digit = 0; digit <= mask; digit++) {
    const count = places[digit] as number;
    places[digit] = place;
    place += count;
  }
  yield* inBlocks(control, words.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const index = from[i] as number;
      const digit = ((words[index] as number) >>> shift) & mask;
      const next = places[digit] as number;
      to[next] = index;
      places[digit] = next + 1;
    }
  });
  return true;
}

/** The indices of the elements in order, equal ones in the order of their indices. */
export function* order(a: NumberArray, descending: boolean, control: Control): Generator<void, Uint32Array, void> {
  const { length } = a;
  let indices = new Uint32Array(length);
  for (let i = 0; i < length; i++) indices[i] = i;
  if (length < 2) return indices;
  let other = new Uint32Array(length);
  const bits = length < BLOCK ? 8 : 16;
  for (const words of yield* keyOf(a, descending ? -1 : 0, control)) {
    for (let shift = 0; shift < 32; shift += bits) {
      if (yield* pass(words, shift, bits, indices, other, control)) [indices, other] = [other, indices];
    }
  }
  return indices;
}

/** `out[i] = a[indices[i]]` */
export function* gather(
  a: NumberArray,
  indices: Uint32Array,
  out: NumberArray,
  control: Control,
): Generator<void, void, void> {
  yield* inBlocks(control, out.length, (begin, end) => {
    for (let i = begin; i < end; i++) out[i] = a[indices[i] as number] as never;
  });
}

/** In place. */
export function* sortSteps(a: NumberArray, descending: boolean, control: Control): Generator<void, void, void> {
  if (a.length <= BUILT_IN) {
    a.sort();
    // Equal elements cannot be told apart, so turning the order round is sorting by it.
    if (descending) a.reverse();
    return;
  }
  const indices = yield* order(a, descending, control);
  yield* gather(a.slice(), indices, a, control);
}

/** Sorts `values` and moves the different ones to its start, `counts` beside them; result 0 is how many they are. */
export function* uniqueSteps(
  a: NumberArray,
  values: NumberArray,
  counts: Uint32Array,
  control: Control,
): Generator<void, void, void> {
  values.set(a as never);
  // 0 for -0.
  if (values instanceof Float64Array || values instanceof Float32Array) {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + 0;
  }
  yield* sortSteps(values, false, control);
  let found = 0;
  let start = 0;
  const endGroup = (end: number): void => {
    values[found] = values[start] as never;
    counts[found++] = end - start;
    start = end;
  };
  yield* inBlocks(control, values.length, (begin, end) => {
    for (let i = Math.max(1, begin); i < end; i++) {
      const value = values[i];
      const last = values[i - 1];
      if (value !== last && !(Number.isNaN(value) && Number.isNaN(last))) endGroup(i);
    }
  });
  if (values.length > 0) endGroup(values.length);
  control.setNumber(0, found);
}
