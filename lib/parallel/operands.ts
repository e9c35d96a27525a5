/** The arrays that kernels take: checks them, and finds the memory behind them. */
import { show } from '../engine/arguments.js';
import { SharedArray } from '../shared/shared-array.js';
import type { ElementOf, NumberArray } from '../shared/type-code.js';

/** A typed array, or a `SharedArray`, which stands for its `array`. */
export type Numbers = NumberArray | SharedArray;
/** The same for kernels that only read; a `Uint8ClampedArray` is read as a `Uint8Array`. */
export type ReadableNumbers = Numbers | Uint8ClampedArray;

/** The typed array of `N`. */
export type ArrayIn<N> =
  N extends SharedArray<infer A> ? A : N extends Uint8ClampedArray ? Uint8Array : N extends NumberArray ? N : never;
/** What the elements of `N` are: bigint for 64-bit integers, else number. */
export type ElementIn<N> = ElementOf<ArrayIn<N>>;
/** What sums of `N`, element by element, are kept in. */
export type SumsOf<N> =
  ArrayIn<N> extends BigInt64Array
    ? BigInt64Array
    : ArrayIn<N> extends BigUint64Array
      ? BigUint64Array
      : ArrayIn<N> extends Float32Array
        ? Float32Array
        : Float64Array;

export interface NumberArrayClass<A extends NumberArray = NumberArray> {
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
}

const classes: readonly NumberArrayClass[] = [
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  BigInt64Array,
  BigUint64Array,
];

/** More elements than any array of Node has had so far; indices and counts are 32 bits wide. */
const MOST_ELEMENTS = 0x7fffffff;

/** The class of a typed array, whatever subclass it is of. */
export function classOf(array: NumberArray): NumberArrayClass {
  const name = (array as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
  return classes.find((candidate) => candidate.name === name) as NumberArrayClass;
}

/** True when the memory of a typed array is gone: moved to another thread, or shrunk away. */
export function isGone(array: NumberArray): boolean {
  if (array.length > 0) return false;
  try {
    // An array out of bounds reads as one at 0; on a detached buffer no view can be made at all.
    new Uint8Array(array.buffer as ArrayBuffer, 0, 0);
    return false;
  } catch {
    return true;
  }
}

function isResizable(buffer: ArrayBufferLike): boolean {
  return !(buffer instanceof SharedArrayBuffer) && (buffer as { resizable?: boolean }).resizable === true;
}

/** The typed array that `value` is, or stands for. TypeError, or RangeError, unless a kernel can work on it. */
export function arrayOf(name: string, value: unknown, clamped = false): NumberArray {
  const array = value instanceof SharedArray ? value.array : value;
  if (clamped && array instanceof Uint8ClampedArray) {
    return usable(name, new Uint8Array(array.buffer, array.byteOffset, array.length), array);
  }
  if (!ArrayBuffer.isView(array) || classOf(array as NumberArray) === undefined) {
    const remedy =
      array instanceof Uint8ClampedArray
        ? '; results would have to be clamped: pass a Uint8Array over the same buffer, or an array of a wider type'
        : '';
    throw new TypeError(
      `${name} must be a typed array of numbers (${classes.map((cls) => cls.name).join(', ')}) or a SharedArray, got ${show(value)}${remedy}`,
    );
  }
  return usable(name, array as NumberArray, array);
}

function usable(name: string, array: NumberArray, given: ArrayBufferView): NumberArray {
  if (isResizable(given.buffer)) {
    throw new TypeError(
      `${name} must not lie in a resizable ArrayBuffer, whose memory can go away during the work; copy it (${name}.slice()) or use a SharedArrayBuffer`,
    );
  }
  if (isGone(array)) throw new TypeError(`${name} has lost its memory: its ArrayBuffer is detached`);
  if (array.length > MOST_ELEMENTS) {
    throw new RangeError(`${name} must have at most ${MOST_ELEMENTS} elements, got ${array.length}`);
  }
  return array;
}

export function requireSameType(name: string, array: NumberArray, other: string, as: NumberArray): void {
  if (classOf(array) === classOf(as)) return;
  throw new TypeError(
    `${name} must be of the same type as ${other}, ${classOf(as).name}, got a ${classOf(array).name}; convert one: ${classOf(as).name}.from(${name})`,
  );
}

export function requireLength(name: string, array: NumberArray, length: number, why: string): void {
  if (array.length !== length) {
    throw new RangeError(`${name} must have ${length} elements, ${why}, got ${array.length}`);
  }
}

/** True when two arrays have bytes in common. */
function overlap(a: NumberArray, b: NumberArray): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

/**
 * Where results go: `into`, checked, or a new array. `inPlace`: an input may be exactly where the result goes;
 * else, and if they overlap in any other way, it would be overwritten before it is read.
 */
export function resultArray(
  into: unknown,
  cls: NumberArrayClass,
  length: number,
  why: string,
  inputs: readonly NumberArray[],
  inPlace: boolean,
): NumberArray {
  if (into === undefined) return new cls(length);
  const array = arrayOf('into', into);
  if (classOf(array) !== cls) {
    throw new TypeError(`into must be a ${cls.name}, which holds the results, got a ${classOf(array).name}`);
  }
  requireLength('into', array, length, why);
  for (const input of inputs) {
    const same = input.byteOffset === array.byteOffset && input.byteLength === array.byteLength;
    if (overlap(input, array) && !(inPlace && same)) {
      throw new RangeError('into must not overlap an array that is read, except, where allowed, be the very same');
    }
  }
  return array;
}

/** Float64Array, or Float32Array for one: what results have that are computed in doubles. */
export function floatingClass(array: NumberArray): NumberArrayClass {
  return classOf(array) === Float32Array ? Float32Array : Float64Array;
}

export function isWide(array: NumberArray): array is BigInt64Array | BigUint64Array {
  const cls = classOf(array);
  return cls === BigInt64Array || cls === BigUint64Array;
}

/** The class of sums, element by element: 64-bit integers wrap around in their own, others are doubles. */
export function sumsClass(array: NumberArray): NumberArrayClass {
  return isWide(array) ? classOf(array) : floatingClass(array);
}
