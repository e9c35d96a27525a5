/**
 * A connection over a TCP or Unix socket, in the framing of `framing.ts`.
 *
 *   send     frames go to the socket as long as it takes them; then senders wait in line until it has drained
 *   receive  receivers stand in line; what arrives is theirs in that order. Without one, READ_AHEAD bytes are read
 *            and the socket is paused, so that the other side waits too
 *   end      when the other side has closed, what it sent is received first, then EOFError
 *
 * The socket keeps the process alive only while somebody waits for it.
 */
import type { Socket } from 'node:net';
import { decodeForeign, encodeForeign } from '../codec/codec.js';
import { requireOptions } from '../engine/arguments.js';
import { LONGEST_TIMER, type SyncWaitOptions, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { BrokenPipeError, ConnectionClosedError, EOFError, InvalidStateError, TimeoutError } from '../errors.js';
import { BAD_LENGTH, Frames, frame, UNKNOWN } from './framing.js';
import { closedWhileWaiting } from './pipe-end.js';
import type { Transport } from './transport.js';

const READ_AHEAD = 256 * 1024;
/** How long a closed socket waits for the other side to take what was sent, ms. */
const LINGER_MS = 2000;

/** Somebody who waits: to receive, to send, or to know. */
class Waiter {
  readonly promise: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #over = false;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #leave: (waiter: Waiter) => void;
  readonly #late: () => unknown;

  constructor(timeout: number, signal: AbortSignal | undefined, late: () => unknown, leave: (waiter: Waiter) => void) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#late = late;
    this.#leave = leave;
    this.#signal = signal;
    if (timeout >= 0)
      this.#timer = setTimeout(() => this.fail(this.#late()), Math.min(Math.ceil(timeout), LONGEST_TIMER));
    signal?.addEventListener('abort', this, { once: true });
  }

  handleEvent(): void {
    this.fail(this.#signal?.reason);
  }

  done(): void {
    if (this.#finish()) this.#resolve();
  }

  fail(error: unknown): void {
    if (this.#finish()) this.#reject(error);
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    this.#leave(this);
    return true;
  }
}

/** Waiters in line; who gives up leaves it. */
class Line {
  readonly #waiters = new Set<Waiter>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get first(): Waiter | undefined {
    return this.#waiters.values().next().value;
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  join(timeout: number, signal: AbortSignal | undefined, late: () => unknown): Waiter {
    const waiter = new Waiter(timeout, signal, late, (gone) => {
      this.#waiters.delete(gone);
      this.#changed();
    });
    this.#waiters.add(waiter);
    this.#changed();
    return waiter;
  }

  all(act: (waiter: Waiter) => void): void {
    for (const waiter of [...this.#waiters]) act(waiter);
  }
}

export class SocketTransport implements Transport {
  readonly blocking = false;
  readonly readable = true;
  readonly writable = true;
  closed = false;
  readonly #socket: Socket;
  readonly #longest: number;
  readonly #frames = new Frames();
  readonly #receivers = new Line(() => this.#attend());
  readonly #watchers = new Line(() => this.#attend());
  readonly #senders = new Line(() => this.#attend());
  /** The other side has closed, or is lost: why. */
  #end: { readonly cause: unknown } | undefined;

  /** `longest`: bytes of the longest message to accept. */
  constructor(socket: Socket, longest: number) {
    this.#socket = socket;
    this.#longest = longest;
    socket.setNoDelay?.(true);
    socket.on('data', (chunk: Buffer) => this.#arrived(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended(undefined));
    socket.on('error', (error) => this.#ended(error));
    socket.on('close', () => this.#ended(undefined));
    this.#attend();
  }

  async send(item: unknown, options: WaitOptions | undefined): Promise<void> {
    await this.#write(frame(encodeForeign(item)), options);
  }

  async sendBytes(bytes: Uint8Array, options: WaitOptions | undefined): Promise<void> {
    await this.#write(frame(bytes), options);
  }

  async recv(options: WaitOptions | undefined): Promise<unknown> {
    return decodeForeign((await this.recvBytes(this.#longest, options)) ?? this.#tooLong());
  }

  async recvBytes(maxLength: number, options: WaitOptions | undefined): Promise<Uint8Array | undefined> {
    const { timeout, signal } = waitOf(options);
    const late = (): unknown => new TimeoutError(`nothing was received for ${options?.timeout} ms`);
    const deadline = performance.now() + timeout;
    for (;;) {
      // Those who came first come first.
      if (this.#receivers.isEmpty) {
        const taken = this.#take(maxLength);
        if (taken !== NOTHING) return taken;
      }
      if (timeout === 0) throw late();
      const waiter = this.#receivers.join(timeout < 0 ? -1 : Math.max(0, deadline - performance.now()), signal, late);
      await waiter.promise;
      const taken = this.#take(maxLength);
      if (taken !== NOTHING) {
        this.#wakeReceiver();
        return taken;
      }
    }
  }

  isReady(): boolean {
    return this.#frames.size > 0 || this.#end !== undefined;
  }

  async ready(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.isReady()) return true;
    if (timeout === 0) return false;
    const late = new TimeoutError('not ready');
    try {
      await this.#watchers.join(timeout, signal, () => late).promise;
    } catch (error) {
      if (error === late) return false;
      throw error;
    }
    return true;
  }

  sendSync(_item: unknown, _options: SyncWaitOptions | undefined): void {
    throw new InvalidStateError('a socket cannot be used by a blocked thread');
  }

  recvSync(_options: SyncWaitOptions | undefined): unknown {
    throw new InvalidStateError('a socket cannot be used by a blocked thread');
  }

  readySync(_timeout: number): boolean {
    throw new InvalidStateError('a socket cannot be used by a blocked thread');
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const line of [this.#receivers, this.#watchers, this.#senders])
      line.all((waiter) => waiter.fail(closedWhileWaiting()));
    const socket = this.#socket;
    // What was sent still goes out. Closing with bytes unread would have the system take back what is on its way.
    socket.end();
    socket.resume();
    if (this.#end !== undefined) {
      socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.unref();
    socket.once('end', () => socket.destroySoon());
    socket.once('close', () => clearTimeout(timer));
  }

  /** Closes at once, without sending what waits: for those who are not trusted. */
  abort(): void {
    this.close();
    this.#socket.destroy();
  }

  #arrived(chunk: Buffer): void {
    // Nobody will receive it.
    if (this.closed) return;
    this.#frames.push(chunk);
    this.#watchers.all((waiter) => waiter.done());
    this.#wakeReceiver();
    this.#attend();
  }

  #drained(): void {
    // One, who looks whether there is room for the next.
    this.#senders.first?.done();
  }

  #ended(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    this.#watchers.all((waiter) => waiter.done());
    this.#receivers.all((waiter) => waiter.done());
    this.#senders.all((waiter) => waiter.done());
    if (this.closed) this.#socket.destroySoon();
  }

  /** Wakes the first receiver when there is a whole message for it, or one that never will be. */
  #wakeReceiver(): void {
    const waiter = this.#receivers.first;
    if (waiter === undefined) return;
    if (this.#end !== undefined || this.#complete()) waiter.done();
  }

  #complete(): boolean {
    const length = this.#frames.next();
    if (length === UNKNOWN) return false;
    // Too long is known before it is there; each receiver has a bound of its own.
    return length === BAD_LENGTH || this.#frames.size >= length || length > this.#longest || length > READ_AHEAD;
  }

  /** The next message, undefined when it is too long, NOTHING while it is not there. Throws when none will be. */
  #take(maxLength: number): Uint8Array | undefined | typeof NOTHING {
    if (this.closed) throw closedWhileWaiting();
    const length = this.#frames.next();
    if (length === BAD_LENGTH) {
      this.abort();
      throw new ConnectionClosedError(
        'what arrived is no message: the other side speaks another protocol; the connection is closed',
      );
    }
    if (length !== UNKNOWN) {
      if (length > this.#longest) this.#tooLong();
      if (length > maxLength) return undefined;
      const message = this.#frames.take(length);
      if (message !== undefined) {
        this.#attend();
        return message;
      }
    }
    if (this.#end === undefined) return NOTHING;
    const broken = this.#frames.size > 0 ? ' in the middle of a message' : '';
    throw new EOFError(`the other end of the connection is closed${broken}, and nothing is left to receive`, this.#end);
  }

  #tooLong(): never {
    this.abort();
    throw new ConnectionClosedError(`a message of more than ${this.#longest} bytes arrived; the connection is closed`);
  }

  async #write(framed: Uint8Array, options: WaitOptions | undefined): Promise<void> {
    const { timeout, signal } = waitOf(options);
    const late = (): unknown =>
      new TimeoutError(`nothing could be sent for ${options?.timeout} ms: the other side does not receive`);
    const socket = this.#socket;
    // Nobody wakes who joins the line of a socket that has ended.
    if (this.#end === undefined && (socket.writableNeedDrain || !this.#senders.isEmpty)) {
      if (timeout === 0) throw late();
      await this.#senders.join(timeout, signal, late).promise;
    }
    if (this.closed) throw closedWhileWaiting();
    if (this.#end !== undefined || !socket.writable)
      throw new BrokenPipeError('the other end of the connection is closed', this.#end);
    const more = socket.write(framed);
    // The next in line, when there is room left.
    if (more) this.#senders.first?.done();
  }

  /** Reads while somebody waits or little lies here; keeps the process alive while somebody waits. */
  #attend(): void {
    if (this.closed) return;
    const waiting = !this.#receivers.isEmpty || !this.#watchers.isEmpty;
    if (waiting || this.#frames.size < READ_AHEAD) this.#socket.resume();
    else this.#socket.pause();
    if (waiting || !this.#senders.isEmpty) this.#socket.ref();
    else this.#socket.unref();
  }
}

const NOTHING = Symbol('nothing');

function waitOf(options: WaitOptions | undefined): { timeout: number; signal: AbortSignal | undefined } {
  requireOptions('options', options);
  return { timeout: timeoutOf(options), signal: signalOf(options) };
}
