/** Type codes of shared numbers, as Python's `array` and `ctypes` have them, and the typed arrays they stand for. */
import { show } from '../engine/arguments.js';

/** Codes of numbers. */
export type NumberCode = 'b' | 'B' | 'h' | 'H' | 'i' | 'I' | 'f' | 'd';
/** Codes of 64-bit integers, which are bigints in JavaScript. */
export type BigIntCode = 'l' | 'L' | 'q' | 'Q';
/**
 * `b` `B` 8-bit, `h` `H` 16-bit, `i` `I` 32-bit, `l` `L` `q` `Q` 64-bit integers, a capital for unsigned;
 * `f` `d` floats of 32 and 64 bits. The widths are those of Python on Linux, everywhere.
 */
export type TypeCode = NumberCode | BigIntCode;

/** The typed array that holds elements of a code. */
export interface ArrayOf {
  b: Int8Array;
  B: Uint8Array;
  h: Int16Array;
  H: Uint16Array;
  i: Int32Array;
  I: Uint32Array;
  l: BigInt64Array;
  L: BigUint64Array;
  q: BigInt64Array;
  Q: BigUint64Array;
  f: Float32Array;
  d: Float64Array;
}
export type NumberArray = ArrayOf[TypeCode];
/** What an array's elements are. */
export type ElementOf<A extends NumberArray> = A extends BigInt64Array | BigUint64Array ? bigint : number;

export interface NumberArrayConstructor<A extends NumberArray = NumberArray> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
}

const constructors: { readonly [C in TypeCode]: NumberArrayConstructor<ArrayOf[C]> } = {
  b: Int8Array,
  B: Uint8Array,
  h: Int16Array,
  H: Uint16Array,
  i: Int32Array,
  I: Uint32Array,
  l: BigInt64Array,
  L: BigUint64Array,
  q: BigInt64Array,
  Q: BigUint64Array,
  f: Float32Array,
  d: Float64Array,
};
const CODES = Object.keys(constructors).join(' ');

/** The class of arrays of a code, as a character. */
export function arrayClassOf(code: number): NumberArrayConstructor {
  return constructors[String.fromCharCode(code) as TypeCode];
}

/** The code of `type` as a character: TypeError unless it is one. */
export function codeOf(type: unknown): number {
  if (typeof type !== 'string' || !Object.hasOwn(constructors, type)) {
    throw new TypeError(`type must be one of ${CODES}, got ${show(type)}`);
  }
  return type.charCodeAt(0);
}

/** The same for a code or the constructor of a typed array. */
export function codeOrClassOf(type: unknown): number {
  if (typeof type !== 'function') return codeOf(type);
  for (const code of Object.keys(constructors) as TypeCode[]) {
    // q, not l, for a BigInt64Array: the name that is 64 bits in C too.
    if (constructors[code] === type && code !== 'l' && code !== 'L') return code.charCodeAt(0);
  }
  throw new TypeError(
    `type must be one of ${CODES}, or the constructor of a typed array of such numbers, got ${show(type)}`,
  );
}

/** TypeError unless `value` can be an element: a bigint for 64-bit integers, an integer for others, any number for floats. */
export function requireElement(name: string, value: unknown, array: NumberArray): void {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    if (typeof value !== 'bigint')
      throw new TypeError(`${name} must be a bigint, as 64-bit integers are, got ${show(value)}`);
  } else if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, got ${show(value)}`);
  } else if (!Number.isInteger(value) && !isFloat(array)) {
    throw new TypeError(`${name} must be an integer, got ${value}`);
  }
}

export function isFloat(array: NumberArray): array is Float32Array | Float64Array {
  return array instanceof Float32Array || array instanceof Float64Array;
}
