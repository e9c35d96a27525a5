/**
 * Atomic operations on a typed array of any numbers. Integers are what `Atomics` is for; floats are
 * changed by compare-and-swap of their bits.
 */
import { isFloat, type NumberArray } from './type-code.js';

/** Operations on elements that have been checked; they return the element as it was before. */
export interface AtomicNumbers<T> {
  load(index: number): T;
  store(index: number, value: T): void;
  add(index: number, value: T): T;
  compareExchange(index: number, from: T, to: T): T;
}

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

class AtomicIntegers implements AtomicNumbers<number> {
  readonly #array: Integers;
  constructor(array: Integers) {
    this.#array = array;
  }
  load(index: number): number {
    return Atomics.load(this.#array, index);
  }
  store(index: number, value: number): void {
    Atomics.store(this.#array, index, value);
  }
  add(index: number, value: number): number {
    return Atomics.add(this.#array, index, value);
  }
  compareExchange(index: number, from: number, to: number): number {
    return Atomics.compareExchange(this.#array, index, from, to);
  }
}

class AtomicBigInts implements AtomicNumbers<bigint> {
  readonly #array: BigInt64Array | BigUint64Array;
  constructor(array: BigInt64Array | BigUint64Array) {
    this.#array = array;
  }
  load(index: number): bigint {
    return Atomics.load(this.#array, index);
  }
  store(index: number, value: bigint): void {
    Atomics.store(this.#array, index, value);
  }
  add(index: number, value: bigint): bigint {
    return Atomics.add(this.#array, index, value);
  }
  compareExchange(index: number, from: bigint, to: bigint): bigint {
    return Atomics.compareExchange(this.#array, index, from, to);
  }
}

/** Equal as `===`, and NaN equals NaN: else nothing could ever be exchanged for it. */
function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

class AtomicFloats implements AtomicNumbers<number> {
  readonly #bits: Int32Array;
  constructor(array: Float32Array) {
    this.#bits = new Int32Array(array.buffer, array.byteOffset, array.length);
  }
  load(index: number): number {
    return toFloat(Atomics.load(this.#bits, index));
  }
  store(index: number, value: number): void {
    Atomics.store(this.#bits, index, fromFloat(value));
  }
  add(index: number, value: number): number {
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const before = toFloat(bits);
      if (Atomics.compareExchange(this.#bits, index, bits, fromFloat(before + value)) === bits) return before;
    }
  }
  compareExchange(index: number, from: number, to: number): number {
    const expected = Math.fround(from);
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const before = toFloat(bits);
      if (!same(before, expected)) return before;
      if (Atomics.compareExchange(this.#bits, index, bits, fromFloat(to)) === bits) return before;
    }
  }
}

function toFloat(bits: number): number {
  floatBits[0] = bits;
  return float[0] as number;
}

function fromFloat(value: number): number {
  float[0] = value;
  return floatBits[0] as number;
}

const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);

class AtomicDoubles implements AtomicNumbers<number> {
  readonly #bits: BigInt64Array;
  constructor(array: Float64Array) {
    this.#bits = new BigInt64Array(array.buffer, array.byteOffset, array.length);
  }
  load(index: number): number {
    return toDouble(Atomics.load(this.#bits, index));
  }
  store(index: number, value: number): void {
    Atomics.store(this.#bits, index, fromDouble(value));
  }
  add(index: number, value: number): number {
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const before = toDouble(bits);
      if (Atomics.compareExchange(this.#bits, index, bits, fromDouble(before + value)) === bits) return before;
    }
  }
  compareExchange(index: number, from: number, to: number): number {
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const before = toDouble(bits);
      if (!same(before, from)) return before;
      if (Atomics.compareExchange(this.#bits, index, bits, fromDouble(to)) === bits) return before;
    }
  }
}

function toDouble(bits: bigint): number {
  doubleBits[0] = bits;
  return double[0] as number;
}

function fromDouble(value: number): bigint {
  double[0] = value;
  return doubleBits[0] as bigint;
}

/** The atomic operations of `array`; the caller knows that T is what its elements are. */
export function atomicNumbers<T extends number | bigint>(array: NumberArray): AtomicNumbers<T> {
  let operations: AtomicNumbers<number> | AtomicNumbers<bigint>;
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) operations = new AtomicBigInts(array);
  else if (!isFloat(array)) operations = new AtomicIntegers(array);
  else operations = array instanceof Float32Array ? new AtomicFloats(array) : new AtomicDoubles(array);
  return operations as unknown as AtomicNumbers<T>;
}
