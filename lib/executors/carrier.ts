/**
 * The port between a worker and the isolate that made it, by which memory goes from one to the other without being
 * copied. What is posted has a number, of the entry that it belongs to; whoever has seen in the entry that
 * something has been posted takes it, at once and without its event loop.
 *
 * Each side posts first and says so in the entry afterwards, so what is asked for is there. It is taken in
 * another order than it was posted where tasks are nested: what is met on the way is kept.
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';

/** The number, and what belongs to it. */
type Load = readonly [number, ...object[]];

export class Carrier {
  readonly #port: MessagePort;
  readonly #met = new Map<number, object[]>();

  constructor(port: MessagePort) {
    this.#port = port;
    // It keeps nothing alive: whoever waits for what it brings does.
    port.unref();
  }

  /**
   * @param leaving What leaves this isolate: `items`, and more that is of no use to the other side.
   * @throws DataCloneError, with nothing posted or taken, for what cannot be moved, or is in `leaving` twice.
   */
  post(number: number, items: readonly object[], leaving: readonly object[] = items): void {
    const load: Load = [number, ...items];
    this.#port.postMessage(load, leaving as Transferable[]);
  }

  /** What was posted under a number; nothing when the other side has died with it. */
  take(number: number): object[] {
    const kept = this.#met.size === 0 ? undefined : this.#met.get(number);
    if (kept !== undefined) {
      this.#met.delete(number);
      return kept;
    }
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: Load } | undefined;
      if (received === undefined) return [];
      const [found, ...items] = received.message;
      if (found === number) return items;
      this.#met.set(found, items);
    }
  }

  close(): void {
    this.#port.close();
  }
}
