/** Words of the control segment, wherever they are. */
import { engine } from './select.js';

const near = engine.words;
/** A constant to the optimising compiler, as `near` is: of a word that is near, `wordsAt` costs one comparison. */
const NEAR = near.length;

/**
 * The array that has the word at `index`: `Atomics.load(wordsAt(index), index)`. Objects and rings may be near the start
 * of the segment or not; its header, the processes and the slots are, so that `engine.words` has them.
 */
export function wordsAt(index: number): Int32Array {
  return index < NEAR ? near : engine.allWords();
}
