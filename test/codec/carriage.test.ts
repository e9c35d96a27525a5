/** What travels beside a message: moved, copied, or, without a port, written among the bytes. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { CARRIED_BYTES } from '#dist/codec/carriage.js';
import { Carriage, decode, encode, move } from '#dist/codec/codec.js';
import { Lane } from '#dist/codec/lanes.js';

/** What arrives of a value, and what travelled beside its bytes. */
function send(value: unknown, hasPort: boolean, listed: readonly object[] = []) {
  const carriage = new Carriage(hasPort);
  carriage.listed = listed;
  const { lane, bytes, length } = encode(value, 'value', carriage);
  const message = Uint8Array.from(bytes.subarray(0, length));
  const load = carriage.load();
  return { load, arrived: decode(lane, message, message, length, load), lane, message };
}

const small = 100;
const middle = 10_000;
const large = CARRIED_BYTES + 8;

it.each([small, middle, large])('bytes that are given away leave nothing behind: %i', (size) => {
  for (const hasPort of [true, false]) {
    const bytes = new Uint8Array(size).fill(5);
    const { arrived, load } = send({ bytes }, hasPort, [bytes.buffer]);
    expect(bytes.length).toBe(0);
    expect((arrived as { bytes: Uint8Array }).bytes.every((byte) => byte === 5)).toBe(true);
    expect((arrived as { bytes: Uint8Array }).bytes.length).toBe(size);
    expect(load.length).toBe(hasPort && size > small ? 1 : 0);
  }
});

it('large bytes are copied for the receiver, with all views of them', () => {
  const buffer = new Uint8Array(2 * large).fill(5).buffer;
  const views = [new Uint8Array(buffer, large, large), new Uint16Array(buffer, large + 2, 3)];
  const { arrived, load } = send(views, true);
  expect(load.length).toBe(1);
  expect((load[0] as ArrayBuffer).byteLength).toBe(large);
  const [first, second] = arrived as [Uint8Array, Uint16Array];
  expect([first.byteOffset, first.length, second.byteOffset, second.length]).toEqual([0, large, 2, 3]);
  expect(second.buffer).toBe(first.buffer);
  expect([first[0], second[0], buffer.byteLength]).toEqual([5, 0x0505, 2 * large]);
});

it('a large Buffer gets memory of its own, wherever it lay', () => {
  const pool = new ArrayBuffer(2 * large);
  const value = [Buffer.from(pool, 3, large).fill(1), Buffer.from(pool, 3 + large, large - 3).fill(2)];
  const { arrived, load } = send(value, true);
  expect(load.length).toBe(2);
  const [one, two] = arrived as [Buffer, Buffer];
  expect([one, two].every(Buffer.isBuffer)).toBe(true);
  expect(one.equals(value[0] as Buffer) && two.equals(value[1] as Buffer)).toBe(true);
  expect([one.buffer.byteLength, two.buffer.byteLength]).toEqual([large, large - 3]);
});

it('what could travel as it is does unless some of it is carried', () => {
  expect(send(new Uint8Array(middle), true).lane).toBe(Lane.BYTES);
  expect(send(new Uint8Array(large), false).lane).toBe(Lane.BYTES);
  expect(send(new Uint8Array(large), true).lane).toBe(Lane.VALUE);
  expect(send(move(new Uint8Array(middle)), true).load.length).toBe(1);
});

it('an object is met once, and stays the same object', () => {
  const { port1, port2 } = new MessageChannel();
  const { arrived } = send([move(port2), { port2 }, port2], true);
  const [first, second, third] = arrived as [MessagePort, { port2: MessagePort }, MessagePort];
  expect(first).toBeInstanceOf(globalThis.MessagePort);
  expect(second.port2).toBe(first);
  expect(third).toBe(first);
  port1.close();
});

it('a message without what belongs to it is malformed', () => {
  const bytes = new Uint8Array(middle);
  const { message } = send({ bytes }, true, [bytes.buffer]);
  for (const carried of [undefined, [], [5], [{}]])
    expect(() => decode(Lane.VALUE, message, message, message.length, carried)).toThrow('did not come with it');
  const { port1, port2 } = new MessageChannel();
  const { message: withPort } = send({ port2 }, true, [port2]);
  for (const carried of [undefined, [], [5]])
    expect(() => decode(Lane.VALUE, withPort, withPort, withPort.length, carried)).toThrow('did not come with it');
  port1.close();
});

it('takes nothing when one of the list cannot be moved', () => {
  const buffer = new ArrayBuffer(middle);
  for (const listed of [
    [buffer, buffer],
    [buffer, {}],
  ])
    expect(() => send(buffer, true, listed)).toThrow();
  expect(buffer.byteLength).toBe(middle);
});
