/**
 * One end of a pipe: what it receives and what it sends, each a queue, of which the other end has the
 * same two the other way round.
 *
 * The end is an object with a count of those who hold it, as every shared object: threads with a wrapper,
 * messages under way. Invariant: its queues are open exactly while that count is not 0. The engine shuts
 * them down with the last reference, however that went: closed, collected, or swept after the death of its
 * thread. So the other end, whose queues they are too, receives what is left and then the end of it, and
 * is refused what it still sends. `close()` gives up the reference of this thread, as closing a file
 * descriptor does, and those who wait with this wrapper.
 */
import { engine } from '../engine/select.js';
import { registerTravel, reviveShared, SharedObject } from '../engine/shared-object.js';
import { block, deadlineOf, promise, type SyncWaitOptions, settleOwnGrants, type WaitOptions } from '../engine/wait.js';
import { wordOf } from '../engine/word-of.js';
import { wordsAt } from '../engine/words-at.js';
import {
  BrokenPipeError,
  ConnectionClosedError,
  EOFError,
  QueueEmptyError,
  QueueFullError,
  QueueShutDownError,
  TimeoutError,
} from '../errors.js';
import { Cell, Kind, Outcome, Queue as QueueWord, WaiterMode, PipeEnd as Word } from '../memory/layout.js';
import { itemsIn } from '../queues/counts.js';
import type { Queue } from '../queues/queue.js';
import type { Transport } from './transport.js';

/** Gives the end its reference to a queue. */
function attach(word: number, queue: Queue | undefined): void {
  if (queue === undefined) return;
  engine.retain(queue._handle);
  wordsAt(word)[word] = queue._handle;
  queue._remember();
}

/** The queue that an end of elsewhere refers to. */
function attached(word: number): Queue | undefined {
  const handle = wordsAt(word)[word] as number;
  if (handle === 0) return undefined;
  // The end keeps it there; this reference is for the wrapper.
  engine.retain(handle);
  return reviveShared('Queue', handle, undefined) as Queue;
}

export class PipeEnd extends SharedObject implements Transport {
  readonly blocking = true;
  readonly #incoming: Queue | undefined;
  readonly #outgoing: Queue | undefined;
  /** Aborted by `close()`. */
  #closing: AbortController | undefined;
  #closed = false;

  constructor(incoming?: Queue, outgoing?: Queue) {
    super(Kind.PIPE_END);
    const inWord = this._handle + Word.INCOMING;
    const outWord = this._handle + Word.OUTGOING;
    if (!this.adopted) {
      attach(inWord, incoming);
      attach(outWord, outgoing);
    }
    this.#incoming = this.adopted ? attached(inWord) : incoming;
    this.#outgoing = this.adopted ? attached(outWord) : outgoing;
  }

  get readable(): boolean {
    return this.#incoming !== undefined;
  }

  get writable(): boolean {
    return this.#outgoing !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async send(item: unknown, options: WaitOptions | undefined): Promise<void> {
    try {
      await (this.#outgoing as Queue).put(item, this.#untilClosed(options));
    } catch (error) {
      throw this.#sendError(error, options);
    }
  }

  sendSync(item: unknown, options: SyncWaitOptions | undefined): void {
    try {
      (this.#outgoing as Queue).putSync(item, options);
    } catch (error) {
      throw this.#sendError(error, options);
    }
  }

  sendBytes(bytes: Uint8Array, options: WaitOptions | undefined): Promise<void> {
    return this.send(bytes, options);
  }

  async recv(options: WaitOptions | undefined): Promise<unknown> {
    try {
      return await (this.#incoming as Queue).get(this.#untilClosed(options));
    } catch (error) {
      throw this.#receiveError(error, options);
    }
  }

  recvSync(options: SyncWaitOptions | undefined): unknown {
    try {
      return (this.#incoming as Queue).getSync(options);
    } catch (error) {
      throw this.#receiveError(error, options);
    }
  }

  async recvBytes(maxLength: number, options: WaitOptions | undefined): Promise<Uint8Array | undefined> {
    const bytes = bytesOf(await this.recv(options));
    return bytes.length > maxLength ? undefined : bytes;
  }

  isReady(): boolean {
    const queue = (this.#incoming as Queue)._handle;
    return itemsIn(queue) > 0 || (wordOf(queue, Cell.STATE) & QueueWord.SHUT_DOWN) !== 0;
  }

  ready(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.isReady()) return Promise.resolve(true);
    if (timeout === 0) return Promise.resolve(false);
    const queue = (this.#incoming as Queue)._handle;
    const until = this.#untilClosed({ signal }).signal;
    const settle = (outcome: number): boolean => isThere(queue, outcome);
    return promise(engine.queueAwaitItem(queue, WaiterMode.LOOP, timeout), timeout, until, settle, this);
  }

  readySync(timeout: number): boolean {
    if (this.isReady()) return true;
    if (timeout === 0) return false;
    const queue = (this.#incoming as Queue)._handle;
    const deadline = deadlineOf(timeout);
    return isThere(queue, block(engine.queueAwaitItem(queue, WaiterMode.THREAD, timeout), deadline));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // First those who wait with this wrapper: a message that they would be given is another holder's.
    this.#closing?.abort(closedWhileWaiting());
    this.releaseHandle();
    settleOwnGrants();
  }

  /** The options with a signal that `close()` aborts too. */
  #untilClosed(options: WaitOptions | undefined): WaitOptions {
    this.#closing ??= new AbortController();
    const closing = this.#closing.signal;
    const own = options?.signal;
    // What is no signal is refused by whom it is handed to.
    const signal = own instanceof AbortSignal ? AbortSignal.any([own, closing]) : (own ?? closing);
    return { timeout: options?.timeout, signal };
  }

  #sendError(error: unknown, options: SyncWaitOptions | undefined): unknown {
    if (error instanceof QueueFullError) {
      return new TimeoutError(
        `nothing could be sent for ${options?.timeout} ms: the other end has not received ${this.#outgoing?.maxSize} messages`,
      );
    }
    if (!(error instanceof QueueShutDownError)) return error;
    return this.#closed ? closedWhileWaiting() : new BrokenPipeError('the other end of the connection is closed');
  }

  #receiveError(error: unknown, options: SyncWaitOptions | undefined): unknown {
    if (error instanceof QueueEmptyError) return new TimeoutError(`nothing was received for ${options?.timeout} ms`);
    if (!(error instanceof QueueShutDownError)) return error;
    if (this.#closed) return closedWhileWaiting();
    return new EOFError('the other end of the connection is closed, and nothing is left to receive');
  }
}

/** A wait for an item that is not to be taken has come to an end: whether there is one, or never will be. */
function isThere(queue: number, outcome: number): boolean {
  if (outcome === Outcome.GRANTED) {
    engine.queueUnreserve(queue, 1);
    settleOwnGrants();
  }
  return outcome !== Outcome.TIMED_OUT;
}

/** A message that `sendBytes` sent. */
export function bytesOf(message: unknown): Uint8Array {
  if (message instanceof Uint8Array) {
    return Object.getPrototypeOf(message) === Uint8Array.prototype
      ? message
      : new Uint8Array(message.buffer, message.byteOffset, message.length);
  }
  throw new TypeError('the message was sent with send() and is no bytes: receive it with recv()');
}

export function closedWhileWaiting(): ConnectionClosedError {
  return new ConnectionClosedError('the connection was closed while the call waited');
}

registerTravel(PipeEnd, { tag: 'PipeEnd', revive: () => new PipeEnd() });
