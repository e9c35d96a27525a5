/** The words of a slot that say which thread runs in its isolate. */
import { engine } from '../engine/select.js';
import { slotWord } from '../engine/slot-word.js';
import { Header, NAME_BYTES, SLOT_RECORD_MASK, Slot, SlotState } from '../memory/layout.js';

const words = engine.words;
const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function readSlot(slot: number, word: number): number {
  return Atomics.load(words, slotWord(slot, word));
}

/** A word of this isolate's own slot. */
export function ownWord(word: number): number {
  return readSlot(engine.self, word);
}

export function setOwnWord(word: number, value: number): void {
  Atomics.store(words, slotWord(engine.self, word), value);
}

/** Slots of the isolates of this process that are attached now. */
export function* liveSlots(): Generator<number> {
  const top = Atomics.load(words, Header.SLOTS_TOP);
  for (let slot = 0; slot < top; slot++) {
    const record = (readSlot(slot, Slot.PROCESS) & SLOT_RECORD_MASK) - 1;
    if (readSlot(slot, Slot.STATE) === SlotState.LIVE && record === engine.process) yield slot;
  }
}

/** A thread's name in UTF-8, cut at a character where it is too long for a slot. */
export function encodeName(name: string): Uint8Array {
  // Of Node's pool: for memory of its own, V8 collects garbage first in an isolate that has just got the arena.
  const encoded = Buffer.allocUnsafe(NAME_BYTES);
  return encoded.subarray(0, encoder.encodeInto(name, encoded).written);
}

export function decodeName(encoded: Uint8Array): string {
  // A copy, for decode() refuses shared memory.
  return decoder.decode(encoded.slice());
}

/** Writes a thread's name where every isolate reads it. */
export function writeName(slot: number, name: string): void {
  const length = slotWord(slot, Slot.NAME_LENGTH);
  const encoded = encodeName(name);
  // Length 0 while the bytes change: nobody reads half a name.
  Atomics.store(words, length, 0);
  bytes.set(encoded, slotWord(slot, Slot.NAME) * 4);
  Atomics.store(words, length, encoded.length);
}

/** The name in a slot, or undefined while it is being written. */
export function readName(slot: number): string | undefined {
  const length = slotWord(slot, Slot.NAME_LENGTH);
  const before = Atomics.load(words, length);
  const at = slotWord(slot, Slot.NAME) * 4;
  const name = decodeName(bytes.subarray(at, at + before));
  return before !== 0 && Atomics.load(words, length) === before ? name : undefined;
}
