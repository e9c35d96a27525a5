/**
 * A bounded queue between one thread that puts and one that takes, both blocking, as one builds it on a
 * MessagePort: receiveMessageOnPort, and Atomics.wait where there is nothing or no place.
 */
import { receiveMessageOnPort } from 'node:worker_threads';

const SENT = 0;
const TAKEN = 1;

export class BoundedPort {
  #port;
  #words;
  #places;
  #count = 0;

  /** @param words Two, of shared memory, zero at first. */
  constructor(port, words, places) {
    this.#port = port;
    this.#words = words;
    this.#places = places;
  }

  put(item) {
    const words = this.#words;
    for (let taken = Atomics.load(words, TAKEN); this.#count - taken === this.#places; ) {
      Atomics.wait(words, TAKEN, taken);
      taken = Atomics.load(words, TAKEN);
    }
    this.#port.postMessage(item);
    Atomics.store(words, SENT, ++this.#count);
    Atomics.notify(words, SENT);
  }

  get() {
    const words = this.#words;
    while (Atomics.load(words, SENT) === this.#count) Atomics.wait(words, SENT, this.#count);
    const { message } = receiveMessageOnPort(this.#port);
    Atomics.store(words, TAKEN, ++this.#count);
    Atomics.notify(words, TAKEN);
    return message;
  }
}
