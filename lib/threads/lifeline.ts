/**
 * How a blocked thread sees that an isolate it has made has died, which only its event loop would be told: a pair of
 * ports, one of which the isolate holds from its birth and nobody ever uses. With the isolate it closes, and so the
 * other one does; and a closed port can be told from an open one, since it cannot be transferred.
 */
import { MessageChannel, type MessagePort, type ResourceLimits, receiveMessageOnPort } from 'node:worker_threads';
import { WorkerLostError } from '../errors.js';

/** Longest time (ms) between two looks at a lifeline. */
const LONGEST_BETWEEN_LOOKS = 10_000;

/**
 * Under memory limits that are too tight for Node.js itself an isolate dies before it holds its lifeline. One with limits
 * that has given no sign of life so long (ms) after its birth is given up by who is blocked.
 */
export const patience = { ms: 30_000 };

export class Lifeline {
  #port: MessagePort;
  #broken = false;
  /** When the first look since the last turn of the event loop was, and when the next one may be. */
  #since = 0;
  #next = 0;
  readonly #patienceEnds: number;
  /** For the isolate to hold; to be transferred to it. */
  readonly end: MessagePort;

  /** @param limits Those of the isolate. */
  constructor(limits?: ResourceLimits) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.end = port2;
    this.#patienceEnds = limits === undefined ? Number.POSITIVE_INFINITY : performance.now() + patience.ms;
  }

  /**
   * True once the isolate has ended; needs no event loop. An isolate that ends so early that it never came to hold its
   * end is not noticed: see `isOverdue`. What a look leaves behind, some 2.5 kB, is cleared away by the event loop: so it looks the more
   * rarely the longer that has not turned, and may notice the end as much later.
   */
  isBroken(): boolean {
    const now = performance.now();
    if (this.#broken || now < this.#next) return this.#broken;
    if (this.#since === 0) {
      this.#since = now;
      setImmediate(this.#turned).unref();
    }
    this.#next = now + Math.min((now - this.#since) / 4, LONGEST_BETWEEN_LOOKS);
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

  readonly #turned = (): void => {
    this.#since = 0;
    this.#next = 0;
  };

  /** True when an isolate that has not come to work yet should have long ago. */
  get isOverdue(): boolean {
    return performance.now() > this.#patienceEnds;
  }
}

/** Why an isolate that is overdue is given up. */
export function noSignOfLife(whose: string): WorkerLostError {
  return new WorkerLostError(
    `${whose} gave no sign of life within ${patience.ms} ms and was ended; raise resourceLimits: Node.js itself may not fit in`,
  );
}
