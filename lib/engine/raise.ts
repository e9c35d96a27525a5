/** Brings a word that only grows to a value at least. */
export function raise(words: Int32Array, word: number, value: number): void {
  for (;;) {
    const seen = Atomics.load(words, word);
    if (seen >= value || Atomics.compareExchange(words, word, seen, value) === seen) return;
  }
}
