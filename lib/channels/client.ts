/** Client: connects to a Listener. Python: `multiprocessing.connection.Client`. */
import type { Socket } from 'node:net';
import { requireOptions } from '../engine/arguments.js';
import { onDemand } from '../engine/on-demand.js';
import { LONGEST_TIMER, signalOf, timeoutOf, type WaitOptions } from '../engine/wait.js';
import { TimeoutError } from '../errors.js';
import { type Address, addressError, endpointOf, nameOf } from './address.js';
import { Connection } from './connection.js';
import { authenticate, keyOf } from './handshake.js';
import { longestMessage, type SocketOptions } from './listener.js';
import { SocketTransport } from './socket-transport.js';

const net = onDemand<typeof import('node:net')>('node:net');

/** Options of `Client`. */
export interface ClientOptions extends SocketOptions, WaitOptions {}

function opened(socket: Socket, address: Address, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(addressError('cannot connect to', address, error));
    const aborted = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    socket.once('connect', () => {
      signal.removeEventListener('abort', aborted);
      socket.removeListener('error', failed);
      resolve();
    });
    socket.once('error', failed);
    signal.addEventListener('abort', aborted, { once: true });
  });
}

/**
 * Connects to a `Listener`, of Node or of Python, and proves to it, and has it prove, that both have the `authkey`.
 *
 * Python: `multiprocessing.connection.Client(address, family, authkey)`.
 *
 * @param address What `Listener.ready()` resolved with there.
 * @param options `timeout` and `signal` are for connecting and the challenge together.
 * @throws AuthenticationError when the other side has another key, or none; TimeoutError; the signal's reason; an error that names
 * the address, with the system's code, when nobody listens: ECONNREFUSED, ENOENT, …
 *
 * @example
 * ```ts
 * import { Client, Listener } from 'heddle/multiprocessing';
 *
 * const listener = new Listener();
 * const connection = await Client(await listener.ready());
 * const accepted = await listener.accept();
 * await accepted.send(['any', { value: 1 }]);
 * console.log(await connection.recv()); // [ 'any', { value: 1 } ]
 * for (const open of [connection, accepted, listener]) open.close();
 * ```
 */
export async function Client<T = unknown>(address: Address, options?: ClientOptions): Promise<Connection<T>> {
  requireOptions('options', options);
  const endpoint = endpointOf(address, options?.family);
  const key = keyOf(options?.authkey);
  const longest = longestMessage(options?.maxMessageLength);
  const timeout = timeoutOf(options);
  const own = signalOf(options);

  const late = new AbortController();
  const signal = own === undefined ? late.signal : AbortSignal.any([own, late.signal]);
  const timer =
    timeout < 0
      ? undefined
      : setTimeout(
          () =>
            late.abort(
              new TimeoutError(`no connection to ${nameOf(endpoint.address)} came about within ${timeout} ms`),
            ),
          Math.min(Math.ceil(timeout), LONGEST_TIMER),
        );
  try {
    const socket = net().connect({ ...endpoint.options, allowHalfOpen: true });
    await opened(socket, endpoint.address, signal);
    const transport = new SocketTransport(socket, longest);
    if (key === undefined) return Connection._over<T>(transport);
    try {
      await authenticate(transport, key, 'client', { signal });
    } catch (error) {
      transport.abort();
      throw error;
    }
    return Connection._over<T>(transport);
  } finally {
    clearTimeout(timer);
  }
}
