/** Random numbers of every type, with the strange ones among them, and comparing arrays bit for bit. */
import { expect } from 'vitest';

/** mulberry32. HEDDLE_SEED repeats one run. */
export function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const classes = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
];
export type AnyArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;
export type AnyClass = (typeof classes)[number];

export function isFloating(cls: AnyClass): boolean {
  return cls === Float32Array || cls === Float64Array;
}
export function isBig(cls: AnyClass): boolean {
  return cls === BigInt64Array || cls === BigUint64Array;
}

const strange = [
  Number.NaN,
  -0,
  0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0.5,
  -0.5,
  1e300,
  5e-324,
  2 ** 53,
];

/** Kinds of contents. */
export const contents = ['bits', 'few', 'usual', 'strange', 'sorted'] as const;

/** `length` elements over a buffer of its own, or shared memory. */
export function fill(
  cls: AnyClass,
  length: number,
  content: (typeof contents)[number],
  random: () => number,
  shared = false,
): AnyArray {
  const bytes = length * cls.BYTES_PER_ELEMENT;
  const array = new cls((shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)) as ArrayBuffer) as AnyArray;
  const words = new Uint8Array(array.buffer as ArrayBuffer);
  const put = (i: number, value: number): void => {
    array[i] = (isBig(cls) ? BigInt(Math.trunc(Number.isFinite(value) ? value : 0)) : value) as never;
  };
  for (let i = 0; i < length; i++) {
    if (content === 'few') put(i, Math.floor(random() * 5) - 2);
    if (content === 'usual') put(i, isFloating(cls) ? random() * 2 - 1 : (random() - 0.3) * 1e5);
    if (content === 'strange')
      put(i, random() < 0.5 ? strange[Math.floor(random() * strange.length)]! : random() - 0.5);
    if (content === 'sorted') put(i, i - length / 2);
  }
  if (content === 'bits') for (let i = 0; i < bytes; i++) words[i] = random() * 256;
  return array;
}

/** The bits of an array, every NaN as one: what they are beside NaN no program can see, and engines do as they like. */
export function bitsOf(array: AnyArray): Uint8Array {
  const copy = array.slice();
  if (copy instanceof Float64Array || copy instanceof Float32Array) {
    for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) copy[i] = Number.NaN;
  }
  return new Uint8Array(copy.buffer as ArrayBuffer);
}

/** Results are the same: arrays bit for bit, numbers as `Object.is` has it. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (ArrayBuffer.isView(expected)) {
    expect((actual as AnyArray).constructor, what).toBe(expected.constructor);
    expect((actual as AnyArray).length, what).toBe((expected as AnyArray).length);
    if (Buffer.compare(bitsOf(actual as AnyArray), bitsOf(expected as AnyArray)) === 0) return;
    const at = (expected as Float64Array).findIndex((value, i) => !Object.is(value, (actual as Float64Array)[i]));
    expect((actual as AnyArray)[at], `${what}, element ${at}`).toBe((expected as AnyArray)[at]);
    throw new Error(`${what}: bits differ`);
  }
  if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected)) {
      expectSame((actual as Record<string, unknown>)[key], value, `${what}, ${key}`);
    }
    return;
  }
  expect(Object.is(actual, expected), `${what}: ${String(actual)} is not ${String(expected)}`).toBe(true);
}
