/**
 * How a blocked thread sees that an isolate it has made has died, which only its event loop would be told: a pair of
 * ports, one of which the isolate holds from its birth and nobody ever uses. With the isolate it closes, and so the
 * other one does; and a closed port can be told from an open one, since it cannot be transferred.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** Longest time (ms) between two looks of a thread that blocks. */
const LONGEST_BETWEEN_LOOKS = 10_000;

/** For `block`: looks at lifelines, the more rarely the longer the wait lasts. */
export function moreAndMoreRarely(look: () => void): () => void {
  const since = performance.now();
  let next = since;
  return () => {
    const now = performance.now();
    if (now < next) return;
    look();
    next = now + Math.min((now - since) / 4, LONGEST_BETWEEN_LOOKS);
  };
}

export class Lifeline {
  #port: MessagePort;
  #broken = false;
  /** For the isolate to hold; to be transferred to it. */
  readonly end: MessagePort;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.end = port2;
  }

  /**
   * True once the isolate has ended; needs no event loop. An isolate that ends so early that it never came to hold its
   * end is not noticed. What a look leaves behind, some 2.5 kB, is cleared away by the event loop: look rarely.
   */
  isBroken(): boolean {
    if (this.#broken) return true;
    // That the other port has closed comes as a message does.
    receiveMessageOnPort(this.#port);
    try {
      this.#port = structuredClone(this.#port, { transfer: [this.#port] });
    } catch (error) {
      if ((error as Error).name !== 'DataCloneError') throw error;
      this.#broken = true;
    }
    return this.#broken;
  }
}
