/**
 * Keys of priority queues as bytes that sort as the keys do, so that an engine compares them without
 * knowing what they mean. The format is described in `native/core/priority_key.h`.
 */
import { show } from '../engine/arguments.js';

/**
 * What orders items. Numbers, bigints and booleans compare with each other by value, strings by code
 * points, dates by time, and arrays element by element, as Python compares tuples.
 */
export type PriorityKey = number | bigint | string | boolean | Date | readonly PriorityKey[];

const NUMBER = 0x10;
const DATE = 0x18;
const STRING = 0x20;
const ARRAY = 0x30;
const ARRAY_END = 0x01;

/** Deeper is a cycle, or a mistake. */
const DEEPEST = 100;

let bytes = new Uint8Array(256);
let view = new DataView(bytes.buffer);
let length = 0;

/**
 * The bytes of `key`: a view that the next call overwrites.
 *
 * @param name What the key is called in errors: `item`, `priority(item)`.
 * @throws TypeError for what has no order, RangeError for what is too large.
 */
export function encodeKey(key: PriorityKey, name: string): Uint8Array {
  length = 0;
  writeElement(key, name, 0);
  return bytes.subarray(0, length);
}

function reserve(more: number): void {
  if (length + more <= bytes.length) return;
  const larger = new Uint8Array(Math.max(length + more, 2 * bytes.length));
  larger.set(bytes);
  bytes = larger;
  view = new DataView(larger.buffer);
}

function writeElement(key: unknown, name: string, depth: number): void {
  switch (typeof key) {
    case 'number':
      if (Number.isNaN(key)) throw new TypeError(`${name} is NaN, which has no place in an order`);
      writeNumber(key, 0);
      return;
    case 'boolean':
      writeNumber(key ? 1 : 0, 0);
      return;
    case 'bigint':
      writeBigInt(key, name);
      return;
    case 'string':
      writeString(key);
      return;
  }
  if (Array.isArray(key)) {
    if (depth === DEEPEST) throw new RangeError(`${name} is nested more than ${DEEPEST} levels deep`);
    reserve(1);
    bytes[length++] = ARRAY;
    for (let i = 0; i < key.length; i++) writeElement(key[i], `${name}[${i}]`, depth + 1);
    reserve(1);
    bytes[length++] = ARRAY_END;
    return;
  }
  if (key instanceof Date) {
    const time = key.getTime();
    if (Number.isNaN(time)) throw new TypeError(`${name} is an invalid Date, which has no place in an order`);
    writeNumber(time, 0, DATE);
    return;
  }
  throw new TypeError(
    `${name} cannot be ordered: a priority is a number, bigint, string, boolean, Date, or an array of these, got ${show(key)}; ` +
      'give the queue a priority function for items of other kinds',
  );
}

/** Writes a double, then the number of tie-break bytes that the caller appends. */
function writeNumber(value: number, tieBreak: number, kind = NUMBER): void {
  reserve(10 + tieBreak);
  bytes[length] = kind;
  // + 0: negative zero is zero.
  view.setFloat64(length + 1, value + 0);
  const high = view.getInt32(length + 1);
  if (high < 0) {
    view.setInt32(length + 1, ~high);
    view.setInt32(length + 5, ~view.getInt32(length + 5));
  } else {
    view.setInt32(length + 1, high ^ 0x80000000);
  }
  bytes[length + 9] = tieBreak;
  length += 10;
}

/** Writes the largest double that is not above the integer, and what is missing to it as the tie-break. */
function writeBigInt(value: bigint, name: string): void {
  const floor = doubleBelow(value, name);
  let missing = value - BigInt(floor);
  let size = 0;
  for (let rest = missing; rest > 0n; rest >>= 8n) size++;
  writeNumber(floor, size);
  for (let at = length + size - 1; at >= length; at--) {
    bytes[at] = Number(missing & 0xffn);
    missing >>= 8n;
  }
  length += size;
}

const single = new DataView(new ArrayBuffer(8));

function doubleBelow(value: bigint, name: string): number {
  let nearest = Number(value);
  if (value > LARGEST) nearest = Number.POSITIVE_INFINITY;
  if (!Number.isFinite(nearest) || value < -LARGEST) {
    throw new RangeError(`${name} is an integer of more than 1024 bits, the most that a priority may have`);
  }
  if (BigInt(nearest) <= value) return nearest;
  // The next double down: one less in the bits of a positive double, one more in those of a negative one.
  single.setFloat64(0, nearest);
  single.setBigInt64(0, single.getBigInt64(0) + (nearest > 0 ? -1n : 1n));
  return single.getFloat64(0);
}

const LARGEST = BigInt(Number.MAX_VALUE);

/** Writes UTF-8, whose order is that of the code points, lone surrogates included; zero bytes are escaped. */
function writeString(text: string): void {
  // No code unit takes more than 3 bytes.
  reserve(1 + 3 * text.length + 2);
  bytes[length++] = STRING;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      bytes[length++] = code;
      if (code === 0) bytes[length++] = 0xff;
      continue;
    }
    if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
    } else {
      if (code >= 0xd800 && code < 0xdc00) {
        const low = text.charCodeAt(i + 1);
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i++;
        }
      }
      if (code < 0x10000) {
        bytes[length++] = 0xe0 | (code >> 12);
      } else {
        bytes[length++] = 0xf0 | (code >> 18);
        bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[length++] = 0x80 | (code & 0x3f);
  }
  bytes[length++] = 0;
  bytes[length++] = 0;
}
