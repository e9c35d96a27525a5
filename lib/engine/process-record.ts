/** The record of this process in the control segment: what its isolates have in common. */
import { PROCESSES_START, WORDS_PER_PROCESS } from '../memory/layout.js';
import { engine } from './select.js';

/** Index of a word of a process record; of this process's own unless said otherwise. */
export function processWord(word: number, record: number = engine.process): number {
  return PROCESSES_START + record * WORDS_PER_PROCESS + word;
}
