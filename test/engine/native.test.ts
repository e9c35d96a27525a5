/** What the addon does between JavaScript and the core: strings, numbers and bytes cross it unharmed, and no wrong handle gets past it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EncodedItem } from '#dist/engine/engine.js';
import { engine } from '#dist/engine/select.js';
import { Cell, Discipline, Header, ItemLane, Kind, Outcome, WaiterMode } from '#dist/memory/layout.js';

const BYTES_LANE = 7;
/** Lengths around those at which the addon or the core takes another way: the string buffer, the scratch memory. */
const LENGTHS = [
  0, 1, 7, 255, 4095, 8191, 8192, 8193, 16_382, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_000_000,
];

function item(fields: Partial<EncodedItem>): EncodedItem {
  return { lane: BYTES_LANE, number: 0, string: '', bytes: new Uint8Array(0), length: 0, handles: [], ...fields };
}

describe.skipIf(engine.name !== 'native')('the addon', () => {
  let queue: number;
  beforeEach(() => {
    queue = engine.create(Kind.QUEUE);
    engine.queueInit(queue, Discipline.FIFO, 0);
  });
  afterEach(() => engine.disown(queue));

  function through(fields: Partial<EncodedItem>) {
    expect(engine.queuePut(queue, false, item(fields), undefined)).toBe(Outcome.OK);
    return engine.queueTake(queue, false);
  }

  it.each([
    0,
    -0,
    1,
    -1,
    0.1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ])('carries the number %d as it is', (number) => {
    expect(Object.is(through({ lane: ItemLane.NUMBER, number }), number)).toBe(true);
  });

  describe.each([
    ['ASCII', 'a'],
    ['Latin-1', 'ÿ'],
    ['UTF-16', 'ш'],
    ['astral', '\u{1f9f5}'],
    ['a lone high surrogate', '\ud83e'],
    ['a lone low surrogate', '\udff5'],
    ['NUL', '\0'],
  ])('carries strings of %s', (_name, unit) => {
    it.each(LENGTHS)('%d units long', (length) => {
      const string = unit.repeat(length).slice(0, length);
      expect(through({ lane: ItemLane.STRING, string }) === string).toBe(true);
    });
  });

  it.each(LENGTHS)('carries a string of %d units of which only the last is not Latin-1', (length) => {
    const string = `${'é'.repeat(length)}\u0100`;
    expect(through({ lane: ItemLane.STRING, string }) === string).toBe(true);
  });

  it('carries strings that V8 has not flattened, and slices of them', () => {
    let rope = '';
    for (let i = 0; i < 5000; i++) rope += `${i},`;
    expect(through({ lane: ItemLane.STRING, string: rope }) === rope).toBe(true);
    const slice = rope.slice(100, 20_000);
    expect(through({ lane: ItemLane.STRING, string: slice }) === slice).toBe(true);
  });

  it.each(LENGTHS)('carries %d bytes, in the scratch memory when they fit', (length) => {
    const bytes = Uint8Array.from({ length: length + 5 }, (_, i) => i * 31);
    const taken = through({ bytes: bytes.subarray(3), length });
    expect(engine.out[0]).toBe(BYTES_LANE);
    expect(engine.out[1]).toBe(length);
    const got = taken === undefined ? engine.scratch.subarray(0, length) : (taken as Uint8Array);
    expect(Buffer.compare(got, bytes.subarray(3, 3 + length))).toBe(0);
    if (taken !== undefined) expect(Object.getPrototypeOf(taken)).toBe(Uint8Array.prototype);
  });

  it('takes bytes that were written into the scratch memory', () => {
    engine.scratch.set([1, 2, 3]);
    through({ bytes: engine.scratch, length: 3 });
    expect([...engine.scratch.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it('refuses an item longer than its bytes', () => {
    expect(() => engine.queuePut(queue, false, item({ bytes: new Uint8Array(4), length: 5 }), undefined)).toThrow(
      TypeError,
    );
    expect(() => engine.queuePut(queue, false, item({ bytes: new Uint8Array(4), length: -1 }), undefined)).toThrow(
      TypeError,
    );
    expect(engine.queueTake(queue, false)).toBeUndefined();
    expect(engine.out[0]).toBe(-Outcome.EMPTY);
  });

  it.each([0, -1, 1, 2 ** 31 - 1, 1.5, Number.NaN])('refuses %d, which is no handle', (handle) => {
    expect(() => engine.mutexAcquire(handle, WaiterMode.THREAD, 0)).toThrow(TypeError);
    expect(() => engine.retain(handle)).toThrow(TypeError);
    expect(() => engine.wait(handle, 0)).toThrow(TypeError);
  });

  it('refuses the handle of an object of another kind, and of one that is gone', () => {
    expect(() => engine.mutexAcquire(queue, WaiterMode.THREAD, 0)).toThrow(TypeError);
    const gone = engine.create(Kind.MUTEX);
    engine.disown(gone);
    expect(() => engine.mutexAcquire(gone, WaiterMode.THREAD, 0)).toThrow(TypeError);
  });

  it('refuses arguments of wrong types', () => {
    const wrong = engine as unknown as Record<string, (...args: unknown[]) => unknown>;
    expect(() => wrong.mutexAcquire?.('1', 0, 0)).toThrow(TypeError);
    expect(() => wrong.mutexAcquire?.()).toThrow(TypeError);
    expect(() => wrong.onReady?.(1)).toThrow(TypeError);
    expect(() => wrong.setThreadName?.(1)).toThrow(TypeError);
    expect(() => wrong.queueShutdown?.(queue, 1)).toThrow(TypeError);
  });

  it('keeps an array alive as long as a buffer shows its bytes', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const live = () => engine.words[Header.CELLS_LIVE];
    const before = live();

    const array = engine.create(Kind.ARRAY);
    engine.arrayAllocate(array, 100);
    let bytes: Uint8Array | undefined = new Uint8Array(engine.arrayBuffer(array).buffer);
    engine.disown(array);
    expect(engine.words[array + Cell.KIND]).toBe(Kind.ARRAY);
    bytes.fill(7);
    expect(bytes.every((byte) => byte === 7)).toBe(true);

    bytes = undefined;
    await vi.waitFor(() => {
      collect();
      expect(live()).toBe(before);
    });
  });
});
