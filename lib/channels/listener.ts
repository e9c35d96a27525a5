/** Listener: accepts connections over TCP and Unix sockets. Python: `multiprocessing.connection.Listener`. */
import type { Server, Socket } from 'node:net';
import { requireInteger, requireOptions } from '../engine/arguments.js';
import { onDemand } from '../engine/on-demand.js';
import { stays } from '../engine/stays.js';
import { LONGEST_TIMER, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { AuthenticationError, ConnectionClosedError, TimeoutError } from '../errors.js';
import {
  type Address,
  type AddressFamily,
  addressError,
  arbitraryEndpoint,
  boundAddress,
  type Endpoint,
  endpointOf,
  removeFolder,
} from './address.js';
import { Connection } from './connection.js';
import { authenticate, keyOf } from './handshake.js';
import { SocketTransport } from './socket-transport.js';

const net = onDemand<typeof import('node:net')>('node:net');

/** Options that a `Listener` and a `Client` have in common. */
export interface SocketOptions {
  /** The kind of address; told by the address as a rule. */
  family?: AddressFamily | undefined;
  /** The key that both sides must have; without one, anybody is accepted who can reach the address. */
  authkey?: string | Uint8Array | undefined;
  /** The longest message to accept, in bytes; a longer one closes the connection. Default: any. */
  maxMessageLength?: number | undefined;
}

/** Options of a `Listener`. */
export interface ListenerOptions extends SocketOptions {
  /** How many that nobody has accepted the system keeps waiting. Default: 128. */
  backlog?: number | undefined;
  /** Milliseconds for the other side to prove that it has the key. Default: 10,000. */
  handshakeTimeout?: number | undefined;
}

const BACKLOG = 128;
export const HANDSHAKE_MS = 10_000;
/** Connections in the middle of the challenge, or past it and not accepted; more are turned away. */
const MOST_PENDING = 1024;
/** Failed challenges that wait to be told by accept(). */
const MOST_FAILURES = 16;

/** What came of a connection: it, or why not. */
type Arrival =
  | { readonly transport: SocketTransport; readonly from: Address | undefined }
  | { readonly error: unknown };

/** The longest message, as an option: checked. */
export function longestMessage(length: unknown): number {
  if (length === undefined || length === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  requireInteger('maxMessageLength', length, 0, Number.MAX_SAFE_INTEGER);
  return length;
}

/** Those who have come, in order, and those who wait for one. */
class Acceptance {
  readonly #arrived: Arrival[] = [];
  readonly #waiting = new Set<() => void>();
  /** Why nobody else will come. */
  end: Error | undefined;
  failures = 0;
  onChange: () => void = () => {};

  get pending(): number {
    return this.#arrived.length;
  }

  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  arrive(arrival: Arrival): void {
    if ('error' in arrival && ++this.failures > MOST_FAILURES) {
      const oldest = this.#arrived.findIndex((other) => 'error' in other);
      this.#arrived.splice(oldest, 1);
      this.failures--;
    }
    this.#arrived.push(arrival);
    this.wake();
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  take(): Arrival | undefined {
    const arrival = this.#arrived.shift();
    if (arrival !== undefined && 'error' in arrival) this.failures--;
    return arrival;
  }

  isReady(): boolean {
    return this.#arrived.length > 0 || this.end !== undefined;
  }

  /** Waits until somebody has come, or nobody will. */
  async ready(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.isReady()) return true;
    if (timeout === 0) return false;
    let timer: NodeJS.Timeout | undefined;
    let wake = (): void => {};
    let aborted = (): void => {};
    try {
      return await new Promise<boolean>((resolve, reject) => {
        wake = () => resolve(true);
        aborted = () => reject(signal?.reason);
        this.#waiting.add(wake);
        this.onChange();
        signal?.addEventListener('abort', aborted, { once: true });
        if (timeout > 0) timer = setTimeout(() => resolve(false), Math.min(Math.ceil(timeout), LONGEST_TIMER));
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      this.#waiting.delete(wake);
      this.onChange();
    }
  }
}

/**
 * Listens at an address and accepts connections, from Node and, for `sendBytes` and `recvBytes`, from Python's
 * `multiprocessing.connection.Client`.
 *
 * With an `authkey` both sides prove to each other that they have it, by HMAC, before a message passes; nothing is
 * encrypted. Challenges run side by side, so that one who is slow keeps nobody waiting, and each has `handshakeTimeout` ms.
 *
 * Python: `multiprocessing.connection.Listener(address, family, backlog, authkey)`.
 *
 * @example
 * ```ts
 * import { Client, Listener } from 'heddle/multiprocessing';
 *
 * await using listener = new Listener({ port: 0 }, { authkey: 'secret' });
 * const client = await Client<string>(await listener.ready(), { authkey: 'secret' });
 * const connection = await listener.accept();
 * await client.send('hello');
 * console.log(await connection.recv()); // hello
 * client.close();
 * connection.close();
 * ```
 */
export class Listener<T = unknown> implements AsyncIterable<Connection<T>>, Disposable, AsyncDisposable {
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #key: Uint8Array | undefined;
  readonly #longest: number;
  readonly #handshakeTimeout: number;
  readonly #acceptance = new Acceptance();
  readonly #bound: Promise<Address>;
  /** Closing the server has removed its socket. */
  readonly #tidy = (): void => removeFolder(this.#endpoint);
  readonly #challenged = new Set<SocketTransport>();
  #address: Address | undefined;
  #lastAccepted: Address | undefined;
  #closed = false;

  /**
   * Begins to listen.
   *
   * @param address `{ host, port }`, port 0 for any that is free, or the path of a Unix socket. Default: one that nobody has, of
   * the kind that `family` says (a Unix socket in a folder of its own).
   */
  constructor(address?: Address, options?: ListenerOptions) {
    requireOptions('options', options);
    const { family, backlog = BACKLOG, authkey, handshakeTimeout = HANDSHAKE_MS, maxMessageLength } = options ?? {};
    requireInteger('backlog', backlog, 1, 65_535);
    requireInteger('handshakeTimeout', handshakeTimeout, 1, LONGEST_TIMER);
    this.#key = keyOf(authkey);
    this.#longest = longestMessage(maxMessageLength);
    this.#handshakeTimeout = handshakeTimeout;
    this.#endpoint = address === undefined ? arbitraryEndpoint(family) : endpointOf(address, family);
    this.#acceptance.onChange = () => this.#attend();

    const server = net().createServer({ allowHalfOpen: true }, (socket) => this.#arrived(socket));
    this.#server = server;
    this.#bound = new Promise((resolve, reject) => {
      server.once('listening', () => {
        this.#address = boundAddress(server.address(), this.#endpoint.address);
        resolve(this.#address);
      });
      server.on('error', (cause) => {
        const error = addressError('cannot listen at', this.#endpoint.address, cause);
        reject(error);
        this.#stop(error);
      });
    });
    // Told by ready() and accept().
    this.#bound.catch(() => {});
    if (this.#endpoint.folder !== undefined) process.on('exit', this.#tidy);
    server.listen({ ...this.#endpoint.options, backlog });
  }

  /**
   * Resolves with the address, its port known, once the listener is bound to it.
   *
   * @throws An error that names the address, with the system's code, when it cannot be: EADDRINUSE, EACCES, …
   */
  ready(): Promise<Address> {
    return this.#bound;
  }

  /**
   * Waits for somebody to connect.
   *
   * @throws AuthenticationError when somebody came who does not have the key, or said something else; the listener goes on, so
   * may you. ConnectionClosedError once it is closed; TimeoutError; the signal's reason; what `ready` throws.
   */
  async accept(options?: WaitOptions): Promise<Connection<T>> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    const deadline = performance.now() + timeout;
    for (;;) {
      const arrival = this.#acceptance.take();
      if (arrival !== undefined) {
        if ('error' in arrival) throw arrival.error;
        this.#lastAccepted = arrival.from;
        return Connection._over<T>(arrival.transport);
      }
      if (this.#acceptance.end !== undefined) throw this.#acceptance.end;
      const left = timeout < 0 ? -1 : Math.max(0, deadline - performance.now());
      if (!(await this.#acceptance.ready(left, signal))) throw new TimeoutError(`nobody connected for ${timeout} ms`);
    }
  }

  /** The address: that asked for until the listener is bound, see `ready`. */
  get address(): Address {
    return this.#address ?? this.#endpoint.address;
  }

  /** Where the last accepted connection comes from; undefined before, and for Unix sockets. Python: `last_accepted`. */
  get lastAccepted(): Address | undefined {
    return this.#lastAccepted;
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Stops listening; those who have not been accepted are turned away, and pending accepts are rejected with
   * ConnectionClosedError. Connections that were accepted stay.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop(new ConnectionClosedError('the listener is closed'));
    this.#server.close();
    process.removeListener('exit', this.#tidy);
    this.#tidy();
  }

  /** Accepts until the listener is closed. Those who fail the challenge are passed over. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection<T>, void, undefined> {
    for (;;) {
      let connection: Connection<T>;
      try {
        connection = await this.accept();
      } catch (error) {
        if (error instanceof AuthenticationError) continue;
        if (this.#closed) return;
        throw error;
      }
      yield connection;
    }
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** What `waitReady` waits for. @internal */
  get _acceptance(): { isReady(): boolean; ready(timeout: number, signal: AbortSignal): Promise<boolean> } {
    return this.#acceptance;
  }

  #arrived(socket: Socket): void {
    if (this.#closed || this.#challenged.size + this.#acceptance.pending >= MOST_PENDING) {
      socket.destroy();
      return;
    }
    const { remoteAddress, remotePort } = socket;
    const from = remoteAddress === undefined ? undefined : { host: remoteAddress, port: remotePort as number };
    const transport = new SocketTransport(socket, this.#longest);
    if (this.#key === undefined) this.#acceptance.arrive({ transport, from });
    else void this.#challenge(transport, from, this.#key);
  }

  async #challenge(transport: SocketTransport, from: Address | undefined, key: Uint8Array): Promise<void> {
    this.#challenged.add(transport);
    const patience = new AbortController();
    const timer = setTimeout(
      () =>
        patience.abort(
          new AuthenticationError(`the other side did not meet the challenge within ${this.#handshakeTimeout} ms`),
        ),
      this.#handshakeTimeout,
    );
    timer.unref();
    try {
      await authenticate(transport, key, 'listener', { signal: patience.signal });
      if (!this.#closed) this.#acceptance.arrive({ transport, from });
    } catch (error) {
      transport.close();
      setTimeout(() => transport.abort(), 1000).unref();
      if (!this.#closed) this.#acceptance.arrive({ error: asRefusal(error) });
    } finally {
      clearTimeout(timer);
      this.#challenged.delete(transport);
    }
  }

  /** Nobody else will be accepted, for this reason. */
  #stop(reason: Error): void {
    this.#acceptance.end ??= reason;
    for (const transport of this.#challenged) transport.abort();
    for (let left = this.#acceptance.take(); left !== undefined; left = this.#acceptance.take()) {
      if ('transport' in left) left.transport.abort();
    }
    this.#acceptance.wake();
  }

  /** A listener keeps the process alive only while somebody waits for it. */
  #attend(): void {
    if (this.#acceptance.isAwaited) this.#server.ref();
    else this.#server.unref();
  }
}

/** Garbage is a failed challenge too. */
function asRefusal(error: unknown): unknown {
  if (error instanceof AuthenticationError) return error;
  return new AuthenticationError('the other side did not meet the challenge', { cause: error });
}

stays(Listener, 'accept where it listens, and send what arrives; elsewhere, make another');
