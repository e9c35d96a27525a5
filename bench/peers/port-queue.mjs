/** The bounded queue of promises one builds on a MessagePort: each side grants the other credit for what it has taken. */
export class PortQueue {
  #port;
  #items = [];
  #head = 0;
  #getter;
  #putter;
  #credit;
  #taken = 0;
  #batch;

  constructor(port, places) {
    this.#port = port;
    this.#credit = places;
    this.#batch = places / 2;
    port.on('message', (message) => {
      if (message.credit !== undefined) {
        this.#credit += message.credit;
        this.#putter?.();
        this.#putter = undefined;
      } else if (this.#getter !== undefined) {
        const resolve = this.#getter;
        this.#getter = undefined;
        resolve(message.item);
      } else this.#items.push(message.item);
    });
  }

  async put(item) {
    while (this.#credit === 0) {
      await new Promise((resolve) => {
        this.#putter = resolve;
      });
    }
    this.#credit--;
    this.#port.postMessage({ item });
  }

  async get() {
    if (++this.#taken === this.#batch) {
      this.#port.postMessage({ credit: this.#taken });
      this.#taken = 0;
    }
    if (this.#head < this.#items.length) {
      const item = this.#items[this.#head++];
      if (this.#head === this.#items.length) {
        this.#items.length = 0;
        this.#head = 0;
      }
      return item;
    }
    return new Promise((resolve) => {
      this.#getter = resolve;
    });
  }
}
