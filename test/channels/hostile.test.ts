/**
 * Those who connect to a Listener and mean no good: it answers or drops them, and goes on.
 *
 * HEDDLE_SEED repeats one run; a test that fails says which.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  AuthenticationError,
  BrokenPipeError,
  ConnectionClosedError,
  EOFError,
  Lock,
  NotSerializableError,
  Queue,
  TimeoutError,
} from 'heddle';
import { type Address, Client, type Connection, Listener } from 'heddle/multiprocessing';
import { expect, onTestFailed, test } from 'vitest';
import { frame } from '#dist/channels/framing.js';
import { encodeBytes } from '#dist/codec/codec.js';
import { engine } from '#dist/engine/select.js';
import { Cell } from '#dist/memory/layout.js';

const SEED = Number(process.env.HEDDLE_SEED ?? Date.now() % 1_000_000_000);

/** Bytes and numbers that look random, the same for the same seed; for within a test. */
function seeded(): { bytes(length: number): Buffer; below(limit: number): number } {
  onTestFailed(() => console.error(`HEDDLE_SEED=${SEED}`));
  let state = SEED;
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

/** Whether the socket is closed in time. It goes on talking, for one who does not close hears of it by that alone. */
async function isClosedWithin(socket: Socket, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!socket.closed && performance.now() < deadline) {
    if (socket.writable) socket.write(Buffer.alloc(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return socket.closed;
}

/** Sockets of this process that the system has open. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Waits until no more than `count` sockets are open. */
async function socketsGone(count: number): Promise<void> {
  const deadline = performance.now() + DROPPED_MS;
  while (openSockets() > count && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(openSockets()).toBeLessThanOrEqual(count);
}

/** The time for the challenge, that for the refusal to arrive, and as much again for a slow machine. */
const HANDSHAKE_MS = 1000;
const DROPPED_MS = 2 * (HANDSHAKE_MS + 2000);

test('a thousand who say random things are dropped, and change nothing', { timeout: 120_000 }, async () => {
  const random = seeded();
  await using listener = new Listener({ port: 0 }, { authkey: 'key', handshakeTimeout: HANDSHAKE_MS });
  const before = openSockets();
  for (let round = 0; round < 50; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => strangerAt(listener)));
    for (const socket of sockets) {
      const bytes = random.bytes(random.below(600));
      // Half of them keep to the framing.
      socket.write(random.below(2) === 0 ? bytes : Buffer.from(frame(bytes)));
      if (random.below(3) === 0) socket.destroy();
      else if (random.below(2) === 0) socket.end();
      socket.resume();
    }
    // One that says too little waits for its time to be over: all of a round do that side by side.
    if (round % 10 === 0) {
      const closed = await Promise.all(sockets.map((socket) => isClosedWithin(socket, DROPPED_MS)));
      expect(closed).not.toContain(false);
      await worksFor(listener, 'key');
    }
  }
  await worksFor(listener, 'key');
  await socketsGone(before);
});

const stubborn: [string, () => Buffer][] = [
  ['nothing', () => Buffer.alloc(0)],
  ['a web request', () => Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['half a length', () => Buffer.from([0, 0])],
  ['a message that never ends', () => Buffer.from([0, 0, 0, 200, 1, 2, 3])],
  ['a wrong MAC', () => Buffer.from(frame(Buffer.from(`{sha256}${'x'.repeat(32)}`)))],
  ['a message of 200 KiB', () => Buffer.from(frame(new Uint8Array(200 * 1024)))],
  ['8 MiB of zeros', () => Buffer.alloc(8 * 1024 * 1024)],
  ['8 MiB that look random', () => Buffer.alloc(8 * 1024 * 1024, 0x5a)],
];

test.each(stubborn)('who says %s and holds on to the connection is dropped', async (_what, bytes) => {
  await using listener = new Listener({ port: 0 }, { authkey: 'key', handshakeTimeout: HANDSHAKE_MS });
  const { host, port } = (await listener.ready()) as { host: string; port: number };
  const before = openSockets();
  // It neither closes its side when the listener has, nor stops talking.
  const socket = connect({ host, port, allowHalfOpen: true }).on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  socket.write(bytes());
  await worksFor(listener, 'key');
  expect(await isClosedWithin(socket, DROPPED_MS)).toBe(true);
  await worksFor(listener, 'key');
  await socketsGone(before);
});

test('those who are dropped leave no memory behind', { timeout: 120_000 }, async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const random = seeded();
  await using listener = new Listener({ port: 0 }, { authkey: 'key', handshakeTimeout: 300 });
  const before = openSockets();
  const round = async (): Promise<void> => {
    const sockets = await Promise.all(Array.from({ length: 40 }, () => strangerAt(listener)));
    for (const [index, socket] of sockets.entries()) {
      const garbage = Buffer.concat([Buffer.from([0, 1, 0x90, random.below(256)]), random.bytes(64 * 1024)]);
      // A message that has begun and never ends, or one of a wrong length.
      socket.write(index % 2 === 0 ? garbage : garbage.subarray(random.below(64)));
      socket.resume();
    }
    const closed = await Promise.all(sockets.map((socket) => isClosedWithin(socket, DROPPED_MS)));
    expect(closed).not.toContain(false);
  };
  const held = async (): Promise<number> => {
    await worksFor(listener, 'key');
    await socketsGone(before);
    // A transport that was refused is held for a second.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    gc();
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  await round();
  const first = await held();
  for (let i = 0; i < 5; i++) await round();
  // They have sent 13 MiB.
  expect((await held()) - first).toBeLessThan(2 * 1024 * 1024);
});

test('bytes that are no message of ours are refused one by one, and touch nothing', async () => {
  await using listener = new Listener({ port: 0 });
  const random = seeded();
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

/** What whoever sits on the line between a client and a server, both with the key, can do to them once they have met. */
interface Tapped {
  /** Who receives what the test says, by either of the sides. */
  readonly victim: Connection;
  /** The other one. What it sends goes nowhere. */
  readonly other: Connection;
  /** Leads to the victim. */
  readonly wire: Socket;
  close(): void;
}
type Victim = 'server' | 'client';
const victims: Victim[] = ['server', 'client'];

async function tap(victim: Victim, maxMessageLength?: number): Promise<Tapped> {
  const listener = new Listener({ port: 0 }, { authkey: 'key', maxMessageLength });
  const address = (await listener.ready()) as { host: string; port: number };
  const relay = createServer({ allowHalfOpen: true });
  const ends = new Promise<[Socket, Socket]>((resolve) => {
    relay.once('connection', (near: Socket) => {
      const far = connect({ ...address, allowHalfOpen: true });
      for (const socket of [near, far]) socket.on('error', () => {}).setNoDelay(true);
      near.pipe(far);
      far.pipe(near);
      resolve([near, far]);
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const between = { port: (relay.address() as { port: number }).port } as Address;
  const [client, server] = await Promise.all([
    Client(between, { authkey: 'key', maxMessageLength }),
    listener.accept(),
  ]);
  const [near, far] = await ends;
  near.unpipe(far);
  far.unpipe(near);
  const [wire, quiet] = victim === 'server' ? [far, near] : [near, far];
  for (const socket of [near, far]) socket.resume();
  const [harmed, other] = victim === 'server' ? [server, client] : [client, server];
  return {
    victim: harmed,
    other,
    wire,
    close() {
      for (const open of [harmed, other, listener, relay]) open.close();
      for (const socket of [wire, quiet]) socket.destroy();
    },
  };
}

/** The length of a message, in the short form or the long one. */
function header(length: number | bigint, long = false): Buffer {
  const bytes = Buffer.alloc(long ? 12 : 4, 0xff);
  if (long) bytes.writeBigUInt64BE(BigInt(length), 4);
  else bytes.writeInt32BE(Number(length));
  return bytes;
}

const LIMIT = 1000;
const impossible: [string, Buffer, RegExp][] = [
  ['one byte more than maxMessageLength', header(LIMIT + 1), /more than 1000 bytes/],
  ['2^31 - 1', header(0x7fffffff), /more than 1000 bytes/],
  ['one byte too many in the long form', header(LIMIT + 1, true), /more than 1000 bytes/],
  ['2^31', header(2n ** 31n, true), /more than 1000 bytes/],
  ['2^63', header(2n ** 63n, true), /no message/],
  ['2^64 - 1', header(2n ** 64n - 1n, true), /no message/],
  ['-2', header(-2), /no message/],
  ['-2^31', header(-(2 ** 31)), /no message/],
];

test.for(victims)('past the challenge, a length that cannot be ends the connection of the %s', async (side) => {
  for (const [what, bytes, message] of impossible) {
    const { victim, wire, close } = await tap(side, LIMIT);
    wire.write(frame(new Uint8Array(LIMIT).fill(1)));
    expect((await victim.recvBytes()).length, what).toBe(LIMIT);
    const waiting = Promise.allSettled([victim.recvBytes(), victim.recv(), victim.poll({ timeout: 20_000 })]);
    // Nothing of the message itself: it is refused all the same.
    wire.write(bytes);
    const [first, second, polled] = await waiting;
    expect(first, what).toMatchObject({ reason: expect.any(ConnectionClosedError) });
    expect((first as PromiseRejectedResult).reason.message, what).toMatch(message);
    expect(second, what).toMatchObject({ reason: expect.any(ConnectionClosedError) });
    expect(polled.status === 'fulfilled' || polled.reason instanceof ConnectionClosedError, what).toBe(true);
    expect(victim.closed, what).toBe(true);
    await expect(victim.send(1), what).rejects.toThrow(ConnectionClosedError);
    expect(await isClosedWithin(wire, DROPPED_MS), what).toBe(true);
    close();
  }
});

test.for(victims)('past the challenge, a length takes the %s no memory before the bytes are there', async (side) => {
  const { victim, wire, close } = await tap(side);
  const { arrayBuffers } = process.memoryUsage();
  wire.write(Buffer.concat([header(2 ** 31 - 1), Buffer.alloc(100)]));
  await expect(victim.recvBytes({ timeout: 100 })).rejects.toThrow(TimeoutError);
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(16 * 1024 * 1024);
  wire.end();
  await expect(victim.recvBytes()).rejects.toThrow(/in the middle of a message/);
  close();
});

/** What is cut off: within a length of either form, right after it, within the message, before its last byte. */
const whole = Buffer.from(frame(new Uint8Array(300).fill(7)));
const wholeLong = Buffer.concat([header(300, true), whole.subarray(4)]);
const cuts: [string, Buffer][] = [
  ...[1, 3, 4, 5, 150, 303].map((at): [string, Buffer] => [`${at} of 304 bytes`, whole.subarray(0, at)]),
  ...[1, 4, 5, 11, 12, 13, 311].map((at): [string, Buffer] => [`${at} of 312 bytes`, wholeLong.subarray(0, at)]),
];

test.for(victims)('past the challenge, a message that breaks off leaves nobody of the %s waiting', async (side) => {
  for (const [what, bytes] of cuts) {
    for (const how of ['end', 'reset'] as const) {
      const { victim, wire, close } = await tap(side);
      wire.write(whole);
      const first = await victim.recvBytes();
      expect([first.length, first.every((byte) => byte === 7)], what).toEqual([300, true]);
      const polled = victim.poll({ timeout: 20_000 });
      const waiting = Promise.allSettled([victim.recvBytes(), victim.recv(), victim.recvBytesInto(new Uint8Array(9))]);
      wire.write(bytes);
      if (how === 'end') wire.end();
      else setTimeout(() => wire.resetAndDestroy(), 5);
      expect(await polled, what).toBe(true);
      for (const outcome of await waiting) {
        expect(outcome, `${what}, ${how}`).toMatchObject({ status: 'rejected', reason: expect.any(EOFError) });
        if (how === 'end')
          expect((outcome as PromiseRejectedResult).reason.message).toMatch(/in the middle of a message/);
      }
      await expect(victim.recv(), what).rejects.toThrow(EOFError);
      close();
    }
  }
});

test.for(victims)('past the challenge, senders of the %s are told when the other side is gone', async (side) => {
  for (const how of ['close', 'reset'] as const) {
    const { victim, wire, close } = await tap(side);
    wire.pause();
    // More than the system takes when nobody reads it.
    const sent = Promise.allSettled(
      Array.from({ length: 4 }, () => victim.sendBytes(new Uint8Array(16 * 1024 * 1024))),
    );
    const received = victim.recvBytes().catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    wire.write(whole.subarray(0, 100));
    if (how === 'close') wire.destroy();
    else wire.resetAndDestroy();
    const outcomes = await sent;
    // The first was taken at once.
    expect(outcomes[0]?.status).toBe('fulfilled');
    for (const outcome of outcomes.slice(1)) expect(outcome).toMatchObject({ reason: expect.any(BrokenPipeError) });
    expect(await received).toBeInstanceOf(EOFError);
    close();
  }
});

test.for(victims)(
  'past the challenge, the %s that sends to one who has ended, and is then gone, is told',
  async (side) => {
    const { victim, wire, close } = await tap(side);
    wire.pause();
    await victim.sendBytes(new Uint8Array(16 * 1024 * 1024));
    wire.end();
    await expect(victim.recvBytes()).rejects.toThrow(EOFError);
    const sent = victim.sendBytes(new Uint8Array(1)).then(
      () => 'sent',
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    wire.resetAndDestroy();
    const outcome = await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 2000, 'still waiting'))]);
    close();
    expect(outcome).toBeInstanceOf(BrokenPipeError);
  },
);

test.for(victims)('past the challenge, pieces of one byte make the %s the same messages', async (side) => {
  const { victim, wire, close } = await tap(side);
  const lengths = [0, 1, 3, 4, 5, 255, 256];
  const stream = Buffer.concat(
    lengths.flatMap((length, i) => [header(length, i % 2 === 1), Buffer.alloc(length, length)]),
  );
  const received = (async () => {
    const all: Uint8Array[] = [];
    for (const _ of lengths) all.push(await victim.recvBytes());
    return all;
  })();
  for (const byte of stream) {
    wire.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await received).map(({ length }) => length)).toEqual(lengths);
  for (const bytes of await received) expect(bytes.every((byte) => byte === bytes.length % 256)).toBe(true);
  close();
});

/** What a receiver is to see of a stream that ends: the messages, and how it ends. Written apart from `framing.ts`. */
function expected(stream: Buffer, limit: number): { messages: string[]; end: string } {
  const messages: string[] = [];
  for (let at = 0; ; ) {
    const left = stream.length - at;
    if (left === 0) return { messages, end: 'EOFError' };
    if (left < 4) return { messages, end: 'EOFError in the middle' };
    let length = BigInt(stream.readInt32BE(at));
    let start = at + 4;
    if (length < -1n) return { messages, end: 'ConnectionClosedError' };
    if (length === -1n) {
      if (left < 12) return { messages, end: 'EOFError in the middle' };
      length = stream.readBigUInt64BE(at + 4);
      start = at + 12;
    }
    if (length > BigInt(limit)) return { messages, end: 'ConnectionClosedError' };
    at = start + Number(length);
    if (at > stream.length) return { messages, end: 'EOFError in the middle' };
    messages.push(stream.subarray(start, at).toString('hex'));
  }
}

test.for(victims)(
  'past the challenge, any bytes are what the %s should make of them',
  { timeout: 120_000 },
  async (side) => {
    const random = seeded();
    for (let round = 0; round < 150; round++) {
      const limit = [64, 1000, 300_000][random.below(3)] as number;
      const parts: Buffer[] = [];
      for (let left = random.below(12); left > 0; left--) {
        // Most are sound, and some as long as may be, or longer.
        const length = random.below(8) === 0 ? limit + random.below(2) : random.below(Math.min(limit, 2000));
        const message = random.bytes(length);
        parts.push(header(length, random.below(4) === 0), message);
        if (random.below(12) === 0) parts.push(random.bytes(random.below(40)));
      }
      let stream = Buffer.concat(parts);
      if (random.below(3) === 0) stream = stream.subarray(0, random.below(stream.length + 1));
      if (random.below(3) === 0 && stream.length > 0) stream[random.below(stream.length)] = random.below(256);

      const { victim, wire, close } = await tap(side, limit);
      const said = (async () => {
        for (let at = 0; at < stream.length; ) {
          const size = 1 + random.below([1, 7, 5000, 100_000][random.below(4)] as number);
          wire.write(stream.subarray(at, at + size));
          at += size;
          if (random.below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
          // So many pieces would take too long.
          if (at > 400 && size === 1) {
            wire.write(stream.subarray(at));
            break;
          }
        }
        wire.end();
      })();
      const messages: string[] = [];
      let end = '';
      while (end === '') {
        try {
          messages.push(Buffer.from(await victim.recvBytes({ timeout: 20_000 })).toString('hex'));
        } catch (error) {
          const { name, message } = error as Error;
          end = name + (message.includes('in the middle') ? ' in the middle' : '');
        }
      }
      expect({ messages, end }, `HEDDLE_SEED=${SEED}, round ${round}`).toEqual(expected(stream, limit));
      await said;
      close();
    }
  },
);

test.for(victims)('past the challenge, what is no value is refused by the %s, and the next arrives', async (side) => {
  const random = seeded();
  const { victim, wire, close } = await tap(side);
  const sound = encodeBytes([{ list: [1n, 'two', new Map([[3, new Uint8Array(4)]])] }, new Error('it'), new Date(0)]);
  for (let i = 0; i < 1000; i++) {
    const bytes = random.below(2) === 0 ? random.bytes(random.below(64)) : Buffer.from(sound);
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
    wire.write(frame(bytes));
    await victim.recv({ timeout: 20_000 }).catch((error: unknown) => {
      expect(error, `HEDDLE_SEED=${SEED}, item ${i}`).not.toBeInstanceOf(TimeoutError);
    });
    expect(victim.closed).toBe(false);
  }
  wire.write(frame(encodeBytes('still here')));
  expect(await victim.recv()).toBe('still here');
  close();
});
