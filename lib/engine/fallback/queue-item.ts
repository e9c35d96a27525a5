/**
 * Items of queues. An entry is 8 words of a queue's body:
 *
 *   0  lane, how a string is written, whether the payload is in a block
 *   1  length of the payload in bytes
 *   2… the payload if it has at most 24 bytes and no handles
 *   2  number of handles  3  unit of the block, which holds the handles, then the payload
 *
 * An item is staged by the isolate before the queue's guard is taken, its block filled, so that
 * under the guard only the entry is written.
 */
import { ItemLane } from '../../memory/layout.js';
import type { EncodedItem } from '../engine.js';
import { dropReference } from './cells.js';
import { UNIT_BYTES } from './heap.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';

export const WORDS_PER_ENTRY = 8;
const INLINE_BYTES = 24;
const TAG_SHIFT = 8;
const Tag = { LATIN1: 0, UTF16: 1 } as const;
const BLOCK = 1 << 16;
const WIDE = /[\u0100-\uffff]/;

/** One item between an isolate and a queue, going in or coming out. */
export class StagedItem {
  head = 0;
  length = 0;
  handles = 0;
  /** Unit of its block, 0 for none. */
  unit = 0;
  readonly inline = new Int32Array(INLINE_BYTES / 4);
  readonly inlineBytes = Buffer.from(this.inline.buffer);
  readonly inlineNumber = new Float64Array(this.inline.buffer);
}

/** Stages an item to be put; false when there is no memory for its block. */
export function stage(isolate: Isolate, item: EncodedItem): boolean {
  const staged = isolate.item;
  staged.handles = item.handles.length;
  staged.unit = 0;
  staged.head = item.lane;
  switch (item.lane) {
    case ItemLane.NUMBER:
      staged.length = 8;
      break;
    case ItemLane.STRING: {
      const wide = isWide(item.string);
      if (wide) staged.head |= Tag.UTF16 << TAG_SHIFT;
      staged.length = wide ? item.string.length * 2 : item.string.length;
      break;
    }
    default:
      staged.length = item.length;
      break;
  }
  if (staged.handles !== 0 || staged.length > INLINE_BYTES) return stageBlock(isolate, staged, item);
  write(staged.inlineBytes, 0, staged, item);
  return true;
}

function stageBlock(isolate: Isolate, staged: StagedItem, item: EncodedItem): boolean {
  const { heap } = isolate;
  const handleBytes = staged.handles * 4;
  const unit = heap.allocate(handleBytes + staged.length, isolate.base + Journal.PAYLOAD);
  if (unit === 0) return false;
  staged.head |= BLOCK;
  staged.unit = unit;
  const at = unit * UNIT_BYTES;
  for (let i = 0; i < staged.handles; i++) heap.words[at / 4 + i] = item.handles[i] as number;
  write(heap.bytes, at + handleBytes, staged, item);
  return true;
}

/** True when a string has units beyond Latin-1. */
function isWide(string: string): boolean {
  if (string.length > INLINE_BYTES) return WIDE.test(string);
  for (let i = 0; i < string.length; i++) {
    if (string.charCodeAt(i) > 255) return true;
  }
  return false;
}

function write(bytes: Buffer, at: number, staged: StagedItem, item: EncodedItem): void {
  switch (staged.head & 0xff) {
    case ItemLane.NUMBER:
      if (bytes === staged.inlineBytes) staged.inlineNumber[0] = item.number;
      else bytes.writeDoubleLE(item.number, at);
      break;
    case ItemLane.STRING:
      writeString(bytes, at, staged, item.string);
      break;
    default:
      if (staged.length <= INLINE_BYTES) {
        for (let i = 0; i < staged.length; i++) bytes[at + i] = item.bytes[i] as number;
      } else {
        bytes.set(item.length === item.bytes.length ? item.bytes : item.bytes.subarray(0, item.length), at);
      }
      break;
  }
}

function writeString(bytes: Buffer, at: number, staged: StagedItem, string: string): void {
  if (((staged.head >> TAG_SHIFT) & 0xff) === Tag.UTF16) {
    // Units as they are: a lone surrogate stays one.
    bytes.write(string, at, staged.length, 'utf16le');
  } else if (staged.length <= INLINE_BYTES) {
    for (let i = 0; i < string.length; i++) bytes[at + i] = string.charCodeAt(i);
  } else {
    bytes.write(string, at, staged.length, 'latin1');
  }
}

/** Writes the staged item to an entry that nobody reads yet. */
export function storeEntry(words: Int32Array, entry: number, staged: StagedItem): void {
  words[entry] = staged.head;
  words[entry + 1] = staged.length;
  if ((staged.head & BLOCK) !== 0) {
    words[entry + 2] = staged.handles;
    words[entry + 3] = staged.unit;
    return;
  }
  const { inline } = staged;
  words[entry + 2] = inline[0] as number;
  words[entry + 3] = inline[1] as number;
  if (staged.length <= 8) return;
  words[entry + 4] = inline[2] as number;
  words[entry + 5] = inline[3] as number;
  words[entry + 6] = inline[4] as number;
  words[entry + 7] = inline[5] as number;
}

/** Reads an entry into the staged item. */
export function loadEntry(words: Int32Array, entry: number, staged: StagedItem): void {
  const head = words[entry] as number;
  staged.head = head;
  staged.length = words[entry + 1] as number;
  if ((head & BLOCK) !== 0) {
    staged.handles = words[entry + 2] as number;
    staged.unit = words[entry + 3] as number;
    return;
  }
  staged.unit = 0;
  staged.handles = 0;
  const { inline } = staged;
  inline[0] = words[entry + 2] as number;
  inline[1] = words[entry + 3] as number;
  if (staged.length <= 8) return;
  inline[2] = words[entry + 4] as number;
  inline[3] = words[entry + 5] as number;
  inline[4] = words[entry + 6] as number;
  inline[5] = words[entry + 7] as number;
}

/** Whether `accept` does of each object in an entry. */
export function everyObject(isolate: Isolate, entry: number, accept: (handle: number) => boolean): boolean {
  const { heap } = isolate;
  if (((heap.words[entry] as number) & BLOCK) === 0) return true;
  const handles = heap.words[entry + 2] as number;
  const unit = heap.words[entry + 3] as number;
  heap.reach(unit, handles * 4);
  const start = (unit * UNIT_BYTES) / 4;
  for (let i = 0; i < handles; i++) if (!accept(heap.words[start + i] as number)) return false;
  return true;
}

/** Turns the staged item, taken from a queue, into what `queueTake` returns; frees its block. */
export function unstage(isolate: Isolate): number | string | Uint8Array | undefined {
  const staged = isolate.item;
  const { out } = isolate;
  const { unit } = staged;
  const lane = staged.head & 0xff;
  out[0] = lane;
  out[1] = staged.length;
  if (unit === 0) {
    if (lane === ItemLane.NUMBER) return staged.inlineNumber[0] as number;
    return read(isolate, staged.inlineBytes, 0, staged);
  }
  const { heap } = isolate;
  const at = unit * UNIT_BYTES;
  heap.reach(unit, staged.handles * 4 + staged.length);
  const value = read(isolate, heap.bytes, at + staged.handles * 4, staged);
  heap.free(unit, isolate.base + Journal.PAYLOAD);
  return value;
}

function read(
  isolate: Isolate,
  bytes: Buffer,
  at: number,
  staged: StagedItem,
): number | string | Uint8Array | undefined {
  const { length } = staged;
  switch (staged.head & 0xff) {
    case ItemLane.NUMBER:
      return bytes.readDoubleLE(at);
    case ItemLane.STRING:
      return bytes.toString(((staged.head >> TAG_SHIFT) & 0xff) === Tag.UTF16 ? 'utf16le' : 'latin1', at, at + length);
    default:
      if (length > isolate.scratch.length) {
        const own = new Uint8Array(length);
        own.set(bytes.subarray(at, at + length));
        return own;
      }
      if (length <= INLINE_BYTES) {
        for (let i = 0; i < length; i++) isolate.scratch[i] = bytes[at + i] as number;
      } else {
        bytes.copy(isolate.scratch, 0, at, at + length);
      }
      return undefined;
  }
}

/**
 * Frees what an entry holds that is dropped in the name of the isolate whose journal begins at `base`.
 * Can be repeated from wherever it stopped.
 */
export function dropEntry(isolate: Isolate, base: number, entry: number): void {
  const { heap, journals, words } = isolate;
  if (((heap.words[entry] as number) & BLOCK) === 0) return;
  const handles = heap.words[entry + 2] as number;
  const unit = heap.words[entry + 3] as number;
  heap.reach(unit, handles * 4);
  const heapWords = heap.words;
  for (let at = (unit * UNIT_BYTES) / 4, left = handles; left > 0; at++, left--) {
    const handle = heapWords[at] as number;
    if (handle !== 0) dropReference(words, journals, base, handle, heapWords, at, 0, 0, 0);
  }
  // One run: the block is the journal's and not the entry's.
  heapWords[entry] = 0;
  journals[base + Journal.PAYLOAD] = unit;
  heap.free(unit, base + Journal.PAYLOAD);
}
