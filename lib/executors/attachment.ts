/** Which isolate a client or a worker is: its slot in the engine, and in which generation it has that. */
import { engine } from '../engine/select.js';
import { SLOTS_START, Slot, SlotState, WORDS_PER_SLOT } from '../memory/layout.js';

/** Writes slot and generation of this isolate to two words that follow each other. */
export function signUp(words: Int32Array, at: number): void {
  const generation = SLOTS_START + engine.self * WORDS_PER_SLOT + Slot.GENERATION;
  Atomics.store(words, at + 1, Atomics.load(engine.words, generation));
  Atomics.store(words, at, engine.self + 1);
}

/** Whether the isolate that had a slot (plus 1) in a generation is attached still, as far as the engine knows. */
export function isAttached(slotPlusOne: number, generation: number): boolean {
  const at = SLOTS_START + (slotPlusOne - 1) * WORDS_PER_SLOT;
  return (
    Atomics.load(engine.words, at + Slot.STATE) !== SlotState.FREE &&
    Atomics.load(engine.words, at + Slot.GENERATION) === generation
  );
}
