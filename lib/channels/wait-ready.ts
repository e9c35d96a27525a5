/** waitReady: waits for several connections, listeners, sockets and promises at once. Python: `multiprocessing.connection.wait`. */
import { show } from '../engine/arguments.js';
import { LONGEST_TIMER, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { ConnectionClosedError, InvalidStateError } from '../errors.js';
import { Connection } from './connection.js';
import { Listener } from './listener.js';

/** What a Node stream shows of whether it can be read: `net.Socket` and every other `stream.Readable`. */
export interface ReadableLike {
  readonly readableLength: number;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** What `waitReady` waits for; a promise, such as a process's `sentinel`, is ready once it is settled. */
export type Waitable = Connection<never> | Connection | Listener | ReadableLike | PromiseLike<unknown>;

/** One of the list. */
interface Source {
  isReady(): boolean;
  /** Calls back when it may have become ready; the signal ends the watch. */
  watch(wake: () => void, signal: AbortSignal): void;
}

/** A connection, a listener: `ready` resolves when a receive, an accept would not wait. */
interface Awaitable {
  isReady(): boolean;
  ready(timeout: number, signal: AbortSignal): Promise<boolean>;
}

class Own implements Source {
  readonly #object: Awaitable;
  constructor(object: Awaitable) {
    this.#object = object;
  }
  isReady(): boolean {
    return this.#object.isReady();
  }
  watch(wake: () => void, signal: AbortSignal): void {
    // A connection that is closed meanwhile makes the next look throw.
    this.#object.ready(-1, signal).then(wake, wake);
  }
}

class Settling implements Source {
  #settled = false;
  #wake: (() => void) | undefined;
  constructor(promise: PromiseLike<unknown>) {
    const settled = (): void => {
      this.#settled = true;
      this.#wake?.();
    };
    promise.then(settled, settled);
  }
  isReady(): boolean {
    return this.#settled;
  }
  watch(wake: () => void): void {
    this.#wake = wake;
  }
}

const STREAM_EVENTS = ['readable', 'end', 'close', 'error'];

class Stream implements Source {
  readonly #stream: ReadableLike;
  constructor(stream: ReadableLike) {
    this.#stream = stream;
  }
  isReady(): boolean {
    const { readableLength, readableEnded, destroyed } = this.#stream;
    return readableLength > 0 || readableEnded || destroyed;
  }
  watch(wake: () => void, signal: AbortSignal): void {
    for (const event of STREAM_EVENTS) this.#stream.on(event, wake);
    signal.addEventListener(
      'abort',
      () => {
        for (const event of STREAM_EVENTS) this.#stream.removeListener(event, wake);
      },
      { once: true },
    );
  }
}

function sourceOf(value: unknown, place: string): Source {
  if (value instanceof Connection) {
    const transport = value._transport;
    if (transport.closed) throw new ConnectionClosedError(`${place} is closed`);
    if (!transport.readable) throw new InvalidStateError(`${place} is a connection that only sends`);
    return new Own({
      isReady: () => {
        if (transport.closed) throw new ConnectionClosedError(`${place} was closed while the call waited`);
        return transport.isReady();
      },
      ready: (timeout, signal) => transport.ready(timeout, signal),
    });
  }
  if (value instanceof Listener) return new Own(value._acceptance);
  const object = value as Partial<ReadableLike & PromiseLike<unknown>> | null | undefined;
  if (typeof object?.then === 'function') return new Settling(object as PromiseLike<unknown>);
  if (typeof object?.on === 'function' && typeof object.readableLength === 'number')
    return new Stream(object as ReadableLike);
  throw new TypeError(
    `${place} must be a Connection, a Listener, a socket or another readable stream, or a promise, got ${show(value)}`,
  );
}

/**
 * Waits until at least one of the list is ready: a connection that has something to receive or whose other end is closed, a
 * listener that has somebody to accept, a socket that can be read or has ended, a promise that is settled, such as the
 * `sentinel` of a process. Resolves with those that are, in the order of the list; with none of them when `timeout`
 * passes first, and at once for an empty list.
 *
 * Python: `multiprocessing.connection.wait(object_list, timeout=None)`.
 *
 * @throws TypeError for what cannot be waited for; ConnectionClosedError for a connection that is closed, or is
 * closed meanwhile; the signal's reason.
 *
 * @example
 * ```ts
 * import { Pipe, waitReady } from 'heddle/multiprocessing';
 *
 * const [a, toA] = Pipe<string>();
 * const [b, toB] = Pipe<string>();
 * await toB.send('for b');
 * for (const connection of await waitReady([a, b])) console.log(await connection.recv()); // for b
 * console.log((await waitReady([a, b], { timeout: 10 })).length); // 0
 * ```
 */
export async function waitReady<W extends Waitable>(list: Iterable<W>, options?: WaitOptions): Promise<W[]> {
  if (typeof (list as Partial<Iterable<W>> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new TypeError(`list must be iterable, got ${show(list)}`);
  const timeout = timeoutOf(options);
  const signal = signalOf(options);
  const objects = [...list];
  const sources = objects.map((object, index) => sourceOf(object, `list[${index}]`));
  const ready = (): W[] => objects.filter((_, index) => (sources[index] as Source).isReady());

  // A promise that is settled already tells it in a microtask.
  await undefined;
  let found = ready();
  if (objects.length === 0 || timeout === 0) return found;
  const deadline = timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  while (found.length === 0) {
    const left = deadline - performance.now();
    if (left <= 0) return [];
    // Since the call began, or since somebody was quicker than we.
    signal?.throwIfAborted();
    await change(sources, left, signal);
    found = ready();
  }
  return found;
}

/** Waits until one of the sources may be ready, or the time is over. */
async function change(sources: readonly Source[], timeout: number, signal: AbortSignal | undefined): Promise<void> {
  const watching = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      aborted = () => reject(signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      if (timeout !== Number.POSITIVE_INFINITY)
        timer = setTimeout(resolve, Math.min(Math.ceil(timeout), LONGEST_TIMER));
      for (const source of sources) source.watch(resolve, watching.signal);
    });
  } finally {
    clearTimeout(timer);
    if (aborted !== undefined) signal?.removeEventListener('abort', aborted);
    // Before anybody else can take what was found: no wait of ours stands in line after this.
    watching.abort();
  }
}
