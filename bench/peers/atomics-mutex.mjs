/** The mutex one writes in plain JavaScript: 0 free, 1 held, 2 held and somebody may sleep. */
export class AtomicsMutex {
  #words;
  #index;

  constructor(words, index = 0) {
    this.#words = words;
    this.#index = index;
  }

  acquire() {
    if (Atomics.compareExchange(this.#words, this.#index, 0, 1) === 0) return;
    while (Atomics.exchange(this.#words, this.#index, 2) !== 0) Atomics.wait(this.#words, this.#index, 2);
  }

  release() {
    if (Atomics.exchange(this.#words, this.#index, 0) === 2) Atomics.notify(this.#words, this.#index, 1);
  }
}
