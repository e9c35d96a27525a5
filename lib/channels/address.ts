/** Addresses of listeners, as users give them and as Node takes them. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireInteger, show } from '../engine/arguments.js';

/** A TCP port; `host` is 127.0.0.1 by default. */
export interface InetAddress {
  host?: string | undefined;
  port: number;
}

/**
 * Where a Listener listens: a TCP port, or a string: the path of a Unix socket, `'\0name'` for one without a file
 * (Linux), or a Windows pipe, `\\.\pipe\name`.
 */
export type Address = InetAddress | string;

/** Python's names of the kinds of address. */
export type AddressFamily = 'AF_INET' | 'AF_INET6' | 'AF_UNIX' | 'AF_PIPE';

const FAMILIES: readonly unknown[] = ['AF_INET', 'AF_INET6', 'AF_UNIX', 'AF_PIPE'];
const LOCAL_HOST = '127.0.0.1';
const PIPE_PREFIX = '\\\\.\\pipe\\';
/** sun_path, with its NUL. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;

export interface Endpoint {
  /** What `net.connect` and `server.listen` take. */
  readonly options: { host: string; port: number } | { path: string };
  readonly address: Address;
  /** A folder that was made for the socket, to be removed with it. */
  readonly folder?: string;
}

/**
 * Checks an address and its family, which is told by the address as a rule.
 *
 * @throws TypeError, RangeError.
 */
export function endpointOf(address: unknown, family: unknown): Endpoint {
  if (family !== undefined && !FAMILIES.includes(family))
    throw new TypeError(`family must be one of ${FAMILIES.join(', ')}, got ${show(family)}`);
  if (typeof address === 'string') return pathEndpoint(address, family as AddressFamily | undefined);
  if (typeof address !== 'object' || address === null) {
    throw new TypeError(`address must be { host, port }, or the path of a socket, got ${show(address)}`);
  }
  const { host = LOCAL_HOST, port } = address as Partial<InetAddress>;
  if (family === 'AF_UNIX' || family === 'AF_PIPE')
    throw new TypeError(`address must be a string for ${family}, got ${show(address)}`);
  if (typeof host !== 'string' || host === '') throw new TypeError(`address.host must be a string, got ${show(host)}`);
  requireInteger('address.port', port, 0, 65_535);
  return { options: { host, port }, address: { host, port } };
}

function pathEndpoint(path: string, family: AddressFamily | undefined): Endpoint {
  const isPipe = path.startsWith(PIPE_PREFIX);
  const told = isPipe ? 'AF_PIPE' : 'AF_UNIX';
  if (family !== undefined && family !== told)
    throw new TypeError(`address must be ${family === told ? 'a string' : `one of ${family}`}, got ${show(path)}`);
  const [here, there] = process.platform === 'win32' ? ['AF_PIPE', 'AF_UNIX'] : ['AF_UNIX', 'AF_PIPE'];
  if (told === there) throw new TypeError(`address must be one of ${here} on this system, got ${show(path)}`);
  if (path === '' || path.indexOf('\0', 1) >= 0) throw new RangeError(`address must be a path, got ${show(path)}`);
  if (path.startsWith('\0') && process.platform !== 'linux')
    throw new RangeError(`address must be a path: sockets without a file are Linux's, got ${show(path)}`);
  if (!isPipe && Buffer.byteLength(path) > LONGEST_PATH)
    throw new RangeError(`address must have at most ${LONGEST_PATH} bytes, got ${show(path)}`);
  return { options: { path }, address: path };
}

let pipes = 0;

/** An address that nobody has, of that family. Python: `arbitrary_address(family)`. */
export function arbitraryEndpoint(family: unknown): Endpoint {
  const chosen = family ?? (process.platform === 'win32' ? 'AF_PIPE' : 'AF_UNIX');
  if (chosen === 'AF_INET') return endpointOf({ port: 0 }, chosen);
  if (chosen === 'AF_INET6') return endpointOf({ host: '::1', port: 0 }, chosen);
  if (chosen === 'AF_PIPE') return endpointOf(`${PIPE_PREFIX}heddle-${process.pid}-${++pipes}-${Date.now()}`, chosen);
  if (chosen !== 'AF_UNIX') return endpointOf('', chosen);
  // Nobody else may look into it.
  const folder = mkdtempSync(join(tmpdir(), 'heddle-'));
  return { ...endpointOf(join(folder, 'listener'), chosen), folder };
}

/** Removes the folder of an arbitrary Unix socket, and what is left of that. */
export function removeFolder({ folder }: Endpoint): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** An address as errors name it. */
export function nameOf(address: Address): string {
  if (typeof address === 'string') return show(address);
  const { host = LOCAL_HOST, port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What to do about errors of the system, by their codes. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there; start the Listener first and await its ready()',
  ENOENT: 'nobody listens there; start the Listener first and await its ready()',
  EADDRINUSE:
    'somebody listens there already, or has left a socket behind; close or remove that, or choose another address',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'the system permits it to other users only',
  ENOTFOUND: 'there is no host of that name',
};

/** The error for what the system has refused at an address, with the code of its own, which it may not name or explain. */
export function addressError(what: string, address: Address, cause: NodeJS.ErrnoException): Error {
  const { code } = cause;
  const why = (code !== undefined && REMEDIES[code]) || cause.message;
  return Object.assign(new Error(`${what} ${nameOf(address)}: ${why} (${code ?? cause.name})`, { cause }), { code });
}

/** What a server says that it is bound to. */
export function boundAddress(bound: AddressInfo | string | null, asked: Address): Address {
  if (bound === null || typeof bound === 'string') return asked;
  return { host: bound.address, port: bound.port };
}
