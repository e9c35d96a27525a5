/** The slots of the control segment, one for each isolate. */
import { SLOTS_START, Slot, SlotState, WORDS_PER_SLOT } from '../memory/layout.js';

/** Index of a word of a slot. */
export function slotWord(slot: number, word: number): number {
  return SLOTS_START + slot * WORDS_PER_SLOT + word;
}

/** Whether the isolate that has, or had, a slot in that generation lives. */
export function isLive(words: Int32Array, slot: number, generation: number): boolean {
  return (
    Atomics.load(words, slotWord(slot, Slot.STATE)) === SlotState.LIVE &&
    words[slotWord(slot, Slot.GENERATION)] === generation
  );
}
