/** Pipe: two connections that lead to each other. Python: `multiprocessing.Pipe`. */
import { requireBoolean, requireInteger, requireOptions } from '../engine/arguments.js';
import { MOST_ITEMS } from '../queues/base-queue.js';
import { Queue } from '../queues/queue.js';
import { Connection } from './connection.js';
import { PipeEnd } from './pipe-end.js';

/** Options of `Pipe`. */
export interface PipeOptions {
  /** Whether both ends send and receive. Default: true; false: the first receives, the second sends. */
  duplex?: boolean | undefined;
  /** How many messages of each direction may wait to be received before a send waits. Default: 1024. */
  maxSize?: number | undefined;
}

/** Small messages by the thousand find room, as they do in the pipe of an operating system. */
const MESSAGES = 1024;

/**
 * Makes two connections that lead to each other: what one sends the other receives. Both, and what they send, may be
 * passed to other threads and processes.
 *
 * A send waits while `maxSize` messages, of any length each, have not been received. Python's pipes hold 64 KiB.
 *
 * Python: `multiprocessing.Pipe(duplex=True)`.
 *
 * @example
 * ```ts
 * import { Pipe } from 'heddle/multiprocessing';
 *
 * const [receiver, sender] = Pipe<number>({ duplex: false });
 * await sender.send(1);
 * await sender.send(2);
 * sender.close();
 * for await (const number of receiver) console.log(number);
 * ```
 */
export function Pipe<T = unknown>(options?: PipeOptions): [Connection<T>, Connection<T>] {
  requireOptions('options', options);
  const duplex = options?.duplex ?? true;
  requireBoolean('duplex', duplex);
  const maxSize = options?.maxSize ?? MESSAGES;
  requireInteger('maxSize', maxSize, 1, MOST_ITEMS);
  const forth = new Queue({ maxSize });
  const back = duplex ? new Queue({ maxSize }) : undefined;
  return [Connection._over<T>(new PipeEnd(forth, back)), Connection._over<T>(new PipeEnd(back, forth))];
}
