/**
 * Keys of priority queues: byte strings whose order, byte by byte, is the order of what they encode
 * (`native/core/priority_key.h` has the grammar, `lib/queues/priority-key.ts` writes them). Where two
 * keys have elements of different classes they cannot be compared.
 */
const ARRAY_END = 0x01;
const NUMBER = 0x10;
const DATE = 0x18;
const ARRAY = 0x30;
/** From the class byte of a number or date to the byte that says how long its tie-break is. */
const TIE_BREAK = 9;

/** What `compareKeys` returns: bits 0–1 the order plus 1, bit 2 set when the keys are not comparable. */
export const KeyOrder = { BEFORE: 0, EQUAL: 1, AFTER: 2, ORDER: 3, INCOMPARABLE: 4 } as const;

/** Compares a[from, from + length) and b[otherFrom, otherFrom + otherLength). */
export function compareKeys(
  a: Uint8Array,
  from: number,
  length: number,
  b: Uint8Array,
  otherFrom: number,
  otherLength: number,
): number {
  const common = Math.min(length, otherLength);
  let difference = 0;
  while (difference < common && a[from + difference] === b[otherFrom + difference]) difference++;
  if (difference === common) {
    if (length === otherLength) return KeyOrder.EQUAL;
    return length < otherLength ? KeyOrder.BEFORE : KeyOrder.AFTER;
  }
  const left = a[from + difference] as number;
  const right = b[otherFrom + difference] as number;
  const order = left < right ? KeyOrder.BEFORE : KeyOrder.AFTER;
  // All before is equal, so either key tells what the position means.
  const comparable = left === ARRAY_END || right === ARRAY_END || !isClassByte(a, from, length, difference);
  return comparable ? order : order | KeyOrder.INCOMPARABLE;
}

/** Whether the byte at `position` of a key says the class of an element. */
function isClassByte(key: Uint8Array, from: number, length: number, position: number): boolean {
  let at = 0;
  while (at < position) {
    const kind = key[from + at];
    at = kind === ARRAY || kind === ARRAY_END ? at + 1 : afterElement(key, from, length, at);
  }
  return at === position;
}

/** Where the element after the number, date or string at `at` begins, or the end of the key. */
function afterElement(key: Uint8Array, from: number, length: number, at: number): number {
  const kind = key[from + at];
  if (kind === NUMBER || kind === DATE) {
    if (at + TIE_BREAK >= length) return length;
    return at + TIE_BREAK + 1 + (key[from + at + TIE_BREAK] as number);
  }
  for (let next = at + 1; next + 1 < length; next++) {
    if (key[from + next] !== 0) continue;
    if (key[from + next + 1] === 0) return next + 2;
    next++;
  }
  return length;
}
