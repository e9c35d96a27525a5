/** Those who connect to a Listener and mean no good: it answers or drops them, and goes on. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { AuthenticationError, ConnectionClosedError, EOFError, Lock, NotSerializableError, Queue } from 'heddle';
import { Client, Listener } from 'heddle/multiprocessing';
import { expect, test } from 'vitest';
import { frame } from '#dist/channels/framing.js';
import { encodeBytes } from '#dist/codec/codec.js';
import { engine } from '#dist/engine/select.js';
import { Cell } from '#dist/memory/layout.js';

const SEED = Number(process.env.HEDDLE_SEED ?? 20_261_121);

/** Bytes and numbers that look random, the same for the same seed. */
function randomFrom(seed: number): { bytes(length: number): Buffer; below(limit: number): number } {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return {
    below,
    bytes(length) {
      const blocks: Buffer[] = [];
      for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(`${state} ${i}`).digest());
      below(2);
      return Buffer.concat(blocks).subarray(0, length);
    },
  };
}

async function strangerAt(listener: Listener): Promise<Socket> {
  const { host, port } = (await listener.ready()) as { host: string; port: number };
  const socket = connect({ host, port });
  // It is turned away in the middle of what it says.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Somebody with the key still gets in. */
async function worksFor(listener: Listener, authkey: string): Promise<void> {
  const client = Client(await listener.ready(), { authkey });
  for (;;) {
    try {
      const server = await listener.accept();
      await server.send('in');
      expect(await (await client).recv()).toBe('in');
      server.close();
      (await client).close();
      return;
    } catch (error) {
      // Those who came before.
      expect(error).toBeInstanceOf(AuthenticationError);
    }
  }
}

const challengeAnswers: [string, (challenge: Buffer) => Buffer][] = [
  ['nothing', () => Buffer.alloc(0)],
  ['a web request', () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['an empty message', () => Buffer.from(frame(new Uint8Array(0)))],
  ['257 bytes', () => Buffer.from(frame(new Uint8Array(257)))],
  ['the announcement of 2 GiB', () => Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3])],
  ['the announcement of 2^64 bytes', () => Buffer.alloc(12, 0xff)],
  ['a negative length', () => Buffer.from([0x80, 0, 0, 0])],
  ['its own challenge', (challenge) => challenge],
  ['an unknown algorithm', () => Buffer.from(frame(Buffer.from(`{sha1}${'x'.repeat(20)}`)))],
  ['the name of an algorithm only', () => Buffer.from(frame(Buffer.from('{sha256}')))],
  ['a wrong MAC', () => Buffer.from(frame(Buffer.from(`{sha256}${'x'.repeat(32)}`)))],
  ['a wrong old MAC', () => Buffer.from(frame(Buffer.alloc(16)))],
  ['a welcome', () => Buffer.from(frame(Buffer.from('#WELCOME#')))],
];

test.each(challengeAnswers)('who answers the challenge with %s is refused', async (_what, answer) => {
  await using listener = new Listener({ port: 0 }, { authkey: 'key' });
  const socket = await strangerAt(listener);
  const [challenge] = (await once(socket, 'data')) as [Buffer];
  expect(challenge.subarray(4, 23).toString('latin1')).toBe('#CHALLENGE#{sha256}');
  expect(challenge.length).toBe(4 + 11 + 8 + 40);
  socket.end(answer(challenge));
  socket.resume();
  await expect(listener.accept()).rejects.toThrow(AuthenticationError);
  await worksFor(listener, 'key');
  socket.destroy();
});

test('who says nothing is dropped in time, and keeps nobody waiting', async () => {
  await using listener = new Listener({ port: 0 }, { authkey: 'key', handshakeTimeout: 300 });
  const slow = await strangerAt(listener);
  const gone = once(slow, 'close');
  slow.resume();
  // One byte of an answer of 200 at a time.
  slow.write(Buffer.from([0, 0, 0, 200]));
  const drip = setInterval(() => slow.write(Buffer.alloc(1)), 20);
  await worksFor(listener, 'key');
  await expect(listener.accept()).rejects.toThrow(/300 ms/);
  await gone;
  clearInterval(drip);
});

test('a thousand who say random things change nothing', { timeout: 120_000 }, async () => {
  const random = randomFrom(SEED);
  await using listener = new Listener({ port: 0 }, { authkey: 'key', handshakeTimeout: 1000 });
  for (let round = 0; round < 50; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => strangerAt(listener)));
    for (const socket of sockets) {
      const bytes = random.bytes(random.below(600));
      // Half of them keep to the framing.
      socket.write(random.below(2) === 0 ? bytes : Buffer.from(frame(bytes)));
      if (random.below(3) === 0) socket.destroy();
      else socket.end();
      socket.resume();
    }
  }
  await worksFor(listener, 'key');
});

test('bytes that are no message of ours are refused one by one, and touch nothing', async () => {
  await using listener = new Listener({ port: 0 });
  const random = randomFrom(SEED);
  const socket = await strangerAt(listener);
  const server = await listener.accept();
  const lock = new Lock();
  const references = (): number =>
    Atomics.load(engine.words, (lock as unknown as { _handle: number })._handle + Cell.REFS);
  const before = references();
  // As if it came from this very arena: a lock, functions, a class.
  for (const item of [lock, [lock, new Queue()], () => 1, { f: Math.max.bind(null), g: (x: number) => x + before }]) {
    let bytes: Uint8Array;
    try {
      bytes = encodeBytes(item);
    } catch {
      continue;
    }
    socket.write(frame(bytes));
    await expect(server.recv()).rejects.toThrow();
  }
  // Each of the encodings that were made and not decoded holds a reference of its own.
  expect(references()).toBe(before + 2);
  const sound = encodeBytes({ list: [1, 'two', new Map([[3, new Uint8Array(4)]])], date: new Date(0) });
  for (let i = 0; i < 2000; i++) {
    const bytes = random.below(2) === 0 ? random.bytes(random.below(64)) : Buffer.from(sound);
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
    socket.write(frame(bytes));
    // Any value or any error, and nothing else happens.
    await server.recv().catch(() => {});
  }
  expect(references()).toBe(before + 2);
  socket.write(frame(encodeBytes('still here')));
  expect(await server.recv()).toBe('still here');
  socket.end();
  await expect(server.recv()).rejects.toThrow(EOFError);
  server.close();
});

test('functions and shared objects from a socket say why they are refused', async () => {
  await using listener = new Listener({ port: 0 });
  const socket = await strangerAt(listener);
  const server = await listener.accept();
  socket.write(frame(encodeBytes(new Lock())));
  await expect(server.recv()).rejects.toThrow(/shared objects do not travel over sockets/);
  socket.write(frame(encodeBytes((x: number) => x + 1)));
  await expect(server.recv()).rejects.toThrow(/function|modules/);
  await expect(server.send(new Lock())).rejects.toThrow(NotSerializableError);
  socket.destroy();
  server.close();
});

test('a message that breaks off, or has no length, ends the connection', async () => {
  await using listener = new Listener({ port: 0 });
  let socket = await strangerAt(listener);
  let server = await listener.accept();
  socket.end(Buffer.from(frame(new Uint8Array(100))).subarray(0, 50));
  await expect(server.recvBytes()).rejects.toThrow(/in the middle of a message/);
  server.close();
  socket = await strangerAt(listener);
  server = await listener.accept();
  socket.write(Buffer.from([0xff, 0xff, 0xff, 0xfe]));
  await expect(server.recvBytes()).rejects.toThrow(ConnectionClosedError);
  expect(server.closed).toBe(true);
  socket.destroy();
});

test('bytes that come one at a time make the same messages', async () => {
  await using listener = new Listener({ port: 0 });
  const socket = await strangerAt(listener);
  socket.setNoDelay(true);
  const server = await listener.accept();
  const stream = Buffer.concat([frame(Buffer.from('ab')), frame(new Uint8Array(0)), frame(Buffer.from('cdefg'))]);
  const received = (async () => [await server.recvBytes(), await server.recvBytes(), await server.recvBytes()])();
  for (const byte of stream) {
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await received).map((bytes) => Buffer.from(bytes).toString())).toEqual(['ab', '', 'cdefg']);
  // The long form of a length is for long messages, but a length all the same.
  socket.write(Buffer.concat([Buffer.from([255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 2]), Buffer.from('hi')]));
  expect(Buffer.from(await server.recvBytes()).toString()).toBe('hi');
  socket.destroy();
  server.close();
});
