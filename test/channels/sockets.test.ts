/** Listener and Client: what they do among themselves. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AuthenticationError,
  BrokenPipeError,
  ConnectionClosedError,
  EOFError,
  InvalidStateError,
  Lock,
  NotSerializableError,
  Queue,
  registerClass,
  TimeoutError,
} from 'heddle';
import { type Address, Client, type Connection, Listener } from 'heddle/multiprocessing';
import { describe, expect, test } from 'vitest';

async function pair(listener: Listener, authkey?: string): Promise<[Connection, Connection]> {
  const options = authkey === undefined ? {} : { authkey };
  return Promise.all([Client(await listener.ready(), options), listener.accept()]);
}

class Point {
  x = 0;
  y = 0;
}
registerClass(Point, { name: 'sockets.test Point' });

const places: [string, () => Address | undefined][] = [
  ['a TCP port', () => ({ port: 0 })],
  ['a Unix socket of its own', () => undefined],
  ['a path', () => join(tmpdir(), `heddle-test-${process.pid}`)],
  ...(process.platform === 'linux'
    ? [['a socket without a file', () => `\0heddle-test-${process.pid}`] as [string, () => Address]]
    : []),
];

describe.each(places)('over %s', (_place, address) => {
  test.each([undefined, 'secret'])('messages of every kind cross both ways, with the authkey %s', async (authkey) => {
    await using listener = new Listener(address(), { authkey });
    const [client, server] = await pair(listener, authkey);
    const point = Object.assign(new Point(), { x: 1, y: 2 });
    for (const item of [1, 'text', null, undefined, [1n, new Map([[{}, new Date(5)]])], point, new RangeError('far')]) {
      await client.send(item);
      expect(await server.recv()).toEqual(item);
      await server.send([item]);
      expect(await client.recv()).toEqual([item]);
    }
    for (const length of [0, 1, 70_000, 17 * 1024 * 1024]) {
      const received = server.recvBytes();
      await client.sendBytes(new Uint8Array(length).fill(7));
      const bytes = await received;
      expect([bytes.length, bytes.every((byte) => byte === 7)]).toEqual([length, true]);
    }
    client.close();
    await expect(server.recv()).rejects.toThrow(EOFError);
    server.close();
  });

  test('what was sent before the close is received', async () => {
    await using listener = new Listener(address());
    const [client, server] = await pair(listener);
    for (let i = 0; i < 500; i++) await client.send(i);
    await server.send('never read');
    client.close();
    const all: unknown[] = [];
    for await (const item of server) all.push(item);
    expect(all).toEqual(Array.from({ length: 500 }, (_, i) => i));
    await expect(server.send(1)).rejects.toThrow(BrokenPipeError);
    server.close();
    await expect(server.send(1)).rejects.toThrow(ConnectionClosedError);
  });
});

test('a listener has an address, and says who came last', async () => {
  await using listener = new Listener({ port: 0 });
  expect(listener.address).toEqual({ host: '127.0.0.1', port: 0 });
  expect(listener.lastAccepted).toBe(undefined);
  const address = (await listener.ready()) as { port: number };
  expect(address.port).toBeGreaterThan(0);
  expect(listener.address).toEqual(address);
  const [client, server] = await pair(listener);
  expect(listener.lastAccepted).toMatchObject({ host: '127.0.0.1' });
  client.close();
  server.close();
});

test('a Unix socket goes with its listener, and so does its folder', async () => {
  const listener = new Listener();
  const path = (await listener.ready()) as string;
  expect(existsSync(path)).toBe(true);
  listener.close();
  listener.close();
  expect(existsSync(path)).toBe(false);
  expect(existsSync(dirname(path))).toBe(false);
  const message = `cannot connect to '${path}': nobody listens there; start the Listener first and await its ready() (ENOENT)`;
  await expect(Client(path)).rejects.toMatchObject({ code: 'ENOENT', message });
});

test('an address that is taken is told by ready() and accept()', async () => {
  await using first = new Listener({ port: 0 });
  await using second = new Listener(await first.ready());
  const message = expect.stringMatching(/^cannot listen at .*: somebody listens there already.*\(EADDRINUSE\)$/);
  await expect(second.ready()).rejects.toMatchObject({ code: 'EADDRINUSE', message });
  await expect(second.accept()).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('accept can time out, be aborted, and ends with the listener', async () => {
  const listener = new Listener({ port: 0 });
  await expect(listener.accept({ timeout: 0 })).rejects.toThrow(TimeoutError);
  await expect(listener.accept({ timeout: 5 })).rejects.toThrow(TimeoutError);
  const stop = new AbortController();
  const aborted = listener.accept({ signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const pending = listener.accept();
  listener.close();
  await expect(pending).rejects.toThrow(ConnectionClosedError);
  await expect(listener.accept()).rejects.toThrow(ConnectionClosedError);
  expect(listener.closed).toBe(true);
});

test('connections are accepted in the order in which they came, and a loop ends with the listener', async () => {
  const listener = new Listener({ port: 0 });
  const clients: Connection[] = [];
  for (let i = 0; i < 5; i++) {
    clients.push(await Client(await listener.ready()));
    await clients[i]!.send(i);
  }
  const seen: unknown[] = [];
  for await (const connection of listener) {
    seen.push(await connection.recv());
    connection.close();
    if (seen.length === 5) listener.close();
  }
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  for (const client of clients) client.close();
});

describe('authkeys', () => {
  test.each([
    ['differ', 'one', 'two'],
    ['differ in case', 'key', 'Key'],
    ['are empty on one side', '', 'two'],
  ])('that %s are refused on both sides', async (_how, ours, theirs) => {
    await using listener = new Listener({ port: 0 }, { authkey: ours });
    const refused = Client(await listener.ready(), { authkey: theirs }).catch((error: unknown) => error);
    await expect(listener.accept()).rejects.toThrow(AuthenticationError);
    expect(await refused).toBeInstanceOf(AuthenticationError);
    // It goes on.
    const [client, server] = await pair(listener, ours);
    client.close();
    server.close();
  });

  test('that are equal as bytes and as a string fit', async () => {
    await using listener = new Listener({ port: 0 }, { authkey: Buffer.from('clé') });
    const [client, server] = await pair(listener, 'clé');
    client.close();
    server.close();
  });

  test('of the client alone: a listener without is refused', async () => {
    await using listener = new Listener({ port: 0 });
    const client = Client(await listener.ready(), { authkey: 'key', timeout: 20_000 }).catch((error: unknown) => error);
    const server = await listener.accept();
    await server.send('no challenge');
    expect(await client).toBeInstanceOf(AuthenticationError);
    server.close();
  });

  test('are passed over by a loop when they are wrong', async () => {
    const listener = new Listener({ port: 0 }, { authkey: 'right' });
    const wrong = Client(await listener.ready(), { authkey: 'wrong' }).catch((error: unknown) => error);
    expect(await wrong).toBeInstanceOf(AuthenticationError);
    const right = Client(await listener.ready(), { authkey: 'right' });
    for await (const connection of listener) {
      connection.close();
      listener.close();
    }
    (await right).close();
  });
});

test('a client gives up when its time is over or it is aborted', async () => {
  // Answers nothing.
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as { port: number };
  await expect(Client({ port }, { authkey: 'key', timeout: 20 })).rejects.toThrow(TimeoutError);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(Client({ port }, { authkey: 'key', signal })).rejects.toThrow('enough');
  silent.close();
  const message = expect.stringMatching(/^cannot connect to 127\.0\.0\.1:1: nobody listens there/);
  await expect(Client({ port: 1 })).rejects.toMatchObject({ code: 'ECONNREFUSED', message });
});

describe('a connection over a socket', () => {
  test('has no Sync calls, and says so', async () => {
    await using listener = new Listener({ port: 0 });
    const [client, server] = await pair(listener);
    expect([client.blocking, client.readable, client.writable]).toEqual([false, true, true]);
    for (const call of [
      () => client.sendSync(1),
      () => client.recvSync(),
      () => client.pollSync(),
      () => client.recvBytesSync(),
      () => client.sendBytesSync(new Uint8Array(1)),
      () => client.recvBytesIntoSync(new Uint8Array(1)),
    ]) {
      expect(call).toThrow(InvalidStateError);
    }
    expect(() => client.recvSync()).toThrow(/await recv\(\)/);
    client.close();
    server.close();
  });

  test('refuses shared objects and functions, naming them, and sends nothing', async () => {
    await using listener = new Listener({ port: 0 });
    const [client, server] = await pair(listener);
    await expect(client.send({ lock: new Lock() })).rejects.toThrow(/item\.lock.*sockets/s);
    await expect(client.send([() => 1])).rejects.toThrow(NotSerializableError);
    await expect(client.send([class {}])).rejects.toThrow(/item\[0\]/);
    expect(() => new Queue().putNowait([client])).toThrow(/over a socket cannot travel/);
    await client.send('next');
    expect(await server.recv()).toBe('next');
    client.close();
    server.close();
  });

  test('polls, times out, is aborted, and loses nothing by it', async () => {
    await using listener = new Listener({ port: 0 });
    const [client, server] = await pair(listener);
    expect(await server.poll()).toBe(false);
    expect(await server.poll({ timeout: 5 })).toBe(false);
    await expect(server.recv({ timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(server.recv({ timeout: 5 })).rejects.toThrow(TimeoutError);
    const stop = new AbortController();
    const aborted = server.recv({ signal: stop.signal });
    const polled = server.poll({ timeout: Number.POSITIVE_INFINITY });
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await client.send(1);
    await client.send(2);
    expect(await polled).toBe(true);
    expect(await Promise.all([server.recv(), server.recv()])).toEqual([1, 2]);
    const left = server.recv();
    server.close();
    await expect(left).rejects.toThrow(ConnectionClosedError);
    await expect(client.recv()).rejects.toThrow(EOFError);
    client.close();
  });

  test('makes the sender wait while nobody receives', async () => {
    await using listener = new Listener({ port: 0 });
    const [client, server] = await pair(listener);
    const bytes = new Uint8Array(256 * 1024);
    let sent = 0;
    for (;;) {
      try {
        await client.sendBytes(bytes, { timeout: 100 });
        sent++;
      } catch (error) {
        expect(error).toBeInstanceOf(TimeoutError);
        break;
      }
      expect(sent).toBeLessThan(1000);
    }
    for (let i = 0; i < sent; i++) expect((await server.recvBytes()).length).toBe(bytes.length);
    expect(await server.poll()).toBe(false);
    client.close();
    server.close();
  });

  test('is closed by a message that is too long for one side', async () => {
    await using listener = new Listener({ port: 0 }, { maxMessageLength: 100 });
    let [client, server] = await pair(listener);
    await client.sendBytes(new Uint8Array(100));
    expect((await server.recvBytes()).length).toBe(100);
    await client.sendBytes(new Uint8Array(101));
    await expect(server.recvBytes()).rejects.toThrow(/100 bytes/);
    expect(server.closed).toBe(true);
    client.close();
    [client, server] = await pair(listener);
    await client.sendBytes(new Uint8Array(11));
    await expect(server.recvBytes({ maxLength: 10 })).rejects.toThrow(ConnectionClosedError);
    expect(server.closed).toBe(true);
    client.close();
  });
});

test('a listener and its connections do not keep a program alive', () => {
  const program = `
    import { Client, Listener } from 'heddle';
    const listener = new Listener();
    const [client, server] = await Promise.all([Client(await listener.ready()), listener.accept()]);
    await client.send(1);
    console.log(await server.recv(), await listener.ready());
  `;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  expect(status).toBe(0);
  const [one, path] = stdout.trim().split(' ') as [string, string];
  expect(one).toBe('1');
  expect(existsSync(dirname(path))).toBe(false);
});

test('arguments are checked', async () => {
  expect(() => new Listener(7 as never)).toThrow(/address must be/);
  expect(() => new Listener({ port: -1 })).toThrow(RangeError);
  expect(() => new Listener({ port: '80' as never })).toThrow(TypeError);
  expect(() => new Listener({ port: 0, host: 7 as never })).toThrow(/address\.host/);
  expect(() => new Listener('')).toThrow(RangeError);
  expect(() => new Listener('a'.repeat(200))).toThrow(/bytes/);
  expect(() => new Listener('a\0b')).toThrow(RangeError);
  expect(() => new Listener({ port: 0 }, { family: 'AF_UNIX' })).toThrow(/AF_UNIX/);
  expect(() => new Listener('/tmp/x', { family: 'AF_INET' })).toThrow(/AF_INET/);
  expect(() => new Listener({ port: 0 }, { family: 'AF_X' as never })).toThrow(/family must be/);
  expect(() => new Listener({ port: 0 }, { authkey: 7 as never })).toThrow(/authkey must be/);
  for (const backlog of [0, 1.5]) expect(() => new Listener({ port: 0 }, { backlog })).toThrow(RangeError);
  expect(() => new Listener({ port: 0 }, { handshakeTimeout: 0 })).toThrow(RangeError);
  expect(() => new Listener({ port: 0 }, { maxMessageLength: -1 })).toThrow(RangeError);
  await expect(Client(undefined as never)).rejects.toThrow(TypeError);
  await expect(Client({ port: 1 }, { timeout: -1 })).rejects.toThrow(RangeError);
});
