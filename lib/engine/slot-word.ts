/** The slots of the control segment, one for each isolate. */
import { SLOTS_START, WORDS_PER_SLOT } from '../memory/layout.js';

/** Index of a word of a slot. */
export function slotWord(slot: number, word: number): number {
  return SLOTS_START + slot * WORDS_PER_SLOT + word;
}
