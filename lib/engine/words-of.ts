/** Words of an engine's control segment, for who has the engine at hand; of the isolate's own: see `words-at.ts`. */
import type { Engine, Handle } from './engine.js';

/** The array that has the words of a cell, near the start of the segment or not. */
export function wordsOf(engine: Pick<Engine, 'words' | 'allWords'>, handle: Handle): Int32Array {
  const { words } = engine;
  return handle < words.length ? words : engine.allWords();
}
