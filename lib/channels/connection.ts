/** Connection: one end of a pipe, or of a socket. Python: `multiprocessing.connection.Connection`. */
import { registerClass } from '../codec/codec.js';
import { isShared } from '../codec/outgoing-buffers.js';
import { requireInteger, requireOptions, show } from '../engine/arguments.js';
import { checkedTimeout, type SyncWaitOptions, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import {
  BufferTooShortError,
  ConnectionClosedError,
  EOFError,
  InvalidStateError,
  NotSerializableError,
} from '../errors.js';
import { itemsUntil } from '../queues/items-until.js';
import { bytesOf, PipeEnd } from './pipe-end.js';
import type { Transport } from './transport.js';

/** Options of `recvBytes`. */
export interface RecvBytesOptions extends WaitOptions {
  /** The longest message to accept, in bytes. Default: any. A longer one closes the connection. */
  maxLength?: number | undefined;
}

/** Options of `recvBytesSync`. */
export interface RecvBytesSyncOptions extends SyncWaitOptions {
  /** The longest message to accept, in bytes. Default: any. A longer one closes the connection. */
  maxLength?: number | undefined;
}

/** Options of `recvBytesInto`. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /** Where in the buffer the message shall begin, in bytes. Default: 0. */
  offset?: number | undefined;
}

/** Options of `poll`. */
export interface PollOptions extends WaitOptions {
  /** Milliseconds to wait for something to receive. Default: 0, as in Python; Infinity waits for ever. */
  timeout?: number | undefined;
}

const constructing = Symbol('constructing');
/** The connection of an end of a pipe in this thread. */
const connections = new WeakMap<PipeEnd, unknown>();

/**
 * One end of a `Pipe()`, or of a socket (`Client`, `Listener`): sends and receives messages, each of which
 * arrives as it was sent, in order, or not at all.
 *
 * An end of a pipe may be held by several threads: it travels as every shared object does. The other end sees
 * the end of the connection when the last of them has closed it, has let go of it, or is dead.
 *
 * Python: `multiprocessing.connection.Connection`.
 *
 * @example
 * ```ts
 * import { Pipe, Thread } from 'heddle';
 *
 * const [here, there] = Pipe<string>();
 * const thread = new Thread({
 *   target: (connection) => {
 *     connection.sendSync(`${connection.recvSync()}, world`);
 *     connection.close();
 *   },
 *   args: [there],
 * });
 * await thread.start();
 * await here.send('hello');
 * console.log(await here.recv()); // hello, world
 * ```
 */
export class Connection<T = unknown> implements AsyncIterable<T>, Disposable, AsyncDisposable {
  readonly #transport: Transport;

  /** @internal */
  constructor(key: symbol, transport: Transport) {
    if (key !== constructing) throw new TypeError('connections are made by Pipe(), Client() and Listener.accept()');
    this.#transport = transport;
    if (transport instanceof PipeEnd) connections.set(transport, this);
  }

  /** The connection that goes by `transport`. @internal */
  static _over<T>(transport: Transport): Connection<T> {
    const known = transport instanceof PipeEnd ? connections.get(transport) : undefined;
    return (known as Connection<T> | undefined) ?? new Connection<T>(constructing, transport);
  }

  /** @internal */
  get _transport(): Transport {
    return this.#transport;
  }

  /**
   * Sends a message: any value that travels; over a socket, any but shared objects and functions. Resolves when it is
   * on its way; waits while the other end has not received as many as there is room for.
   *
   * @throws NotSerializableError or FunctionNotShippableError, and nothing is sent; BrokenPipeError when the other end
   * is closed; ConnectionClosedError when this one is; TimeoutError; the signal's reason; InvalidStateError when
   * the connection only receives.
   */
  async send(item: T, options?: WaitOptions): Promise<void> {
    return this.#sender().send(item, checked(options));
  }

  /** The same, blocking the calling thread. InvalidStateError over a socket: see `blocking`. */
  sendSync(item: T, options?: SyncWaitOptions): void {
    this.#sender('sendSync').sendSync(item, checkedSync(options));
  }

  /**
   * Receives a message, waiting for one.
   *
   * @throws EOFError when the other end is closed and nothing is left; ConnectionClosedError when this one is, also
   * when it is closed meanwhile; TimeoutError; the signal's reason; InvalidStateError when the connection only sends.
   */
  async recv(options?: WaitOptions): Promise<T> {
    return (await this.#receiver().recv(checked(options))) as T;
  }

  /** The same, blocking the calling thread. InvalidStateError over a socket: see `blocking`. */
  recvSync(options?: SyncWaitOptions): T {
    return this.#receiver('recvSync').recvSync(checkedSync(options)) as T;
  }

  /**
   * Sends bytes as a message; none at all are a message too. A part of a buffer is sent as
   * `sendBytes(buffer.subarray(offset, offset + size))`. Python: `send_bytes(buf, offset, size)`.
   *
   * @throws As `send`.
   */
  async sendBytes(bytes: ArrayBufferView | ArrayBuffer, options?: WaitOptions): Promise<void> {
    return this.#sender().sendBytes(plain('bytes', bytes), checked(options));
  }

  /** The same, blocking the calling thread. */
  sendBytesSync(bytes: ArrayBufferView | ArrayBuffer, options?: SyncWaitOptions): void {
    this.#sender('sendBytesSync').sendSync(plain('bytes', bytes), checkedSync(options));
  }

  /**
   * Receives a message of bytes. Python: `recv_bytes(maxlength)`.
   *
   * @throws As `recv`; ConnectionClosedError when the message is longer than `maxLength`, and the connection is closed
   * then; TypeError when the message was sent with `send()` and is no bytes (over a socket they cannot be told apart).
   */
  async recvBytes(options?: RecvBytesOptions): Promise<Uint8Array> {
    const maxLength = maxLengthOf(options);
    return this.#fitting(await this.#receiver().recvBytes(maxLength, checked(options)), maxLength);
  }

  /** The same, blocking the calling thread. */
  recvBytesSync(options?: RecvBytesSyncOptions): Uint8Array {
    const maxLength = maxLengthOf(options);
    const bytes = bytesOf(this.#receiver('recvBytesSync').recvSync(checkedSync(options)));
    return this.#fitting(bytes.length > maxLength ? undefined : bytes, maxLength);
  }

  /**
   * Receives a message of bytes into a buffer; resolves with its length. Python: `recv_bytes_into(buf, offset)`.
   *
   * @throws As `recvBytes`; BufferTooShortError when it does not fit: its `bytes` are the message.
   */
  async recvBytesInto(buffer: ArrayBufferView | ArrayBuffer, options?: RecvBytesIntoOptions): Promise<number> {
    const room = roomIn(buffer, options);
    return fill(room, (await this.#receiver().recvBytes(Number.POSITIVE_INFINITY, checked(options))) as Uint8Array);
  }

  /** The same, blocking the calling thread. */
  recvBytesIntoSync(
    buffer: ArrayBufferView | ArrayBuffer,
    options?: SyncWaitOptions & Pick<RecvBytesIntoOptions, 'offset'>,
  ): number {
    const room = roomIn(buffer, options);
    return fill(room, bytesOf(this.#receiver('recvBytesIntoSync').recvSync(checkedSync(options))));
  }

  /**
   * Whether there is something to receive, or the other end is closed; waits for it up to `timeout` ms. Where several
   * receive from the same end, another may be quicker all the same. Python: `poll(timeout=0.0)`.
   */
  async poll(options?: PollOptions): Promise<boolean> {
    const transport = this.#receiver();
    return transport.ready(pollTimeout(options), signalOf(options));
  }

  /** The same, blocking the calling thread. */
  pollSync(options?: { timeout?: number | undefined }): boolean {
    return this.#receiver('pollSync').readySync(pollTimeout(options));
  }

  /**
   * Closes the connection in this thread; calls that wait are rejected with ConnectionClosedError. The other end receives
   * what is on its way, and then EOFError, unless another thread holds this end too. Closing twice is no error.
   */
  close(): void {
    this.#transport.close();
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#transport.closed;
  }

  /** Whether it receives. */
  get readable(): boolean {
    return this.#transport.readable;
  }

  /** Whether it sends. */
  get writable(): boolean {
    return this.#transport.writable;
  }

  /**
   * Whether the `Sync` calls work: true for a pipe. A socket is read and written by the event loop of its thread, which
   * does not run while the thread is blocked.
   */
  get blocking(): boolean {
    return this.#transport.blocking;
  }

  /** Receives until the other end is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return itemsUntil(
      () => this.recv(),
      (error) => error instanceof EOFError,
    );
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #open(syncCall: string | undefined): Transport {
    const transport = this.#transport;
    if (transport.closed) throw new ConnectionClosedError('the connection is closed');
    if (syncCall !== undefined && !transport.blocking) {
      const twin = syncCall.slice(0, -'Sync'.length);
      throw new InvalidStateError(
        `${syncCall}() of a connection over a socket: the event loop, which a blocked thread does not run, reads and writes it; await ${twin}() instead`,
      );
    }
    return transport;
  }

  #sender(syncCall?: string): Transport {
    const transport = this.#open(syncCall);
    if (!transport.writable) throw new InvalidStateError('the connection only receives');
    return transport;
  }

  #receiver(syncCall?: string): Transport {
    const transport = this.#open(syncCall);
    if (!transport.readable) throw new InvalidStateError('the connection only sends');
    return transport;
  }

  #fitting(bytes: Uint8Array | undefined, maxLength: number): Uint8Array {
    if (bytes !== undefined) return bytes;
    this.close();
    throw new ConnectionClosedError(
      `a message of more than maxLength, ${maxLength} bytes, arrived; the connection is closed`,
    );
  }
}

/** As a wait with these options would check them. */
function checked(options: WaitOptions | undefined): WaitOptions | undefined {
  if (options === undefined) return undefined;
  timeoutOf(options);
  signalOf(options);
  return options;
}

function checkedSync(options: SyncWaitOptions | undefined): SyncWaitOptions | undefined {
  if (options !== undefined) timeoutOf(options);
  return options;
}

function pollTimeout(options: { timeout?: number | undefined } | undefined): number {
  requireOptions('options', options);
  const timeout = options?.timeout;
  return timeout === undefined ? 0 : checkedTimeout(timeout);
}

function maxLengthOf(options: RecvBytesSyncOptions | undefined): number {
  requireOptions('options', options);
  const { maxLength = Number.POSITIVE_INFINITY } = options ?? {};
  if (maxLength !== Number.POSITIVE_INFINITY) requireInteger('maxLength', maxLength, 0, Number.MAX_SAFE_INTEGER);
  return maxLength;
}

/** The bytes of a view or buffer as a plain Uint8Array; a copy of those that other threads may change. */
function plain(name: string, bytes: unknown): Uint8Array {
  const view = bytesIn(name, bytes);
  return isShared(view.buffer) ? new Uint8Array(view) : view;
}

function bytesIn(name: string, bytes: unknown): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new TypeError(`${name} must be a typed array, a DataView or an ArrayBuffer, got ${show(bytes)}`);
}

/** The part of a buffer that a message may fill. */
function roomIn(buffer: unknown, options: { offset?: number | undefined } | undefined): Uint8Array {
  const bytes = bytesIn('buffer', buffer);
  requireOptions('options', options);
  const offset = options?.offset ?? 0;
  requireInteger('offset', offset, 0, bytes.length);
  return bytes.subarray(offset);
}

function fill(room: Uint8Array, bytes: Uint8Array): number {
  if (bytes.length > room.length) {
    throw new BufferTooShortError(
      `a message of ${bytes.length} bytes does not fit the ${room.length} that are there; it is the error's bytes`,
      bytes,
    );
  }
  room.set(bytes);
  return bytes.length;
}

registerClass<Connection, PipeEnd>(Connection, {
  name: 'heddle:Connection',
  encode: ({ _transport: transport }) => {
    if (!(transport instanceof PipeEnd)) {
      throw new NotSerializableError(
        'a connection over a socket cannot travel: it belongs to the event loop that reads it; receive there and pass on what arrives, by a Pipe() for instance',
      );
    }
    if (transport.closed) throw new ConnectionClosedError('the connection is closed, and cannot travel');
    return transport;
  },
  decode: (end) => Connection._over(end),
});
