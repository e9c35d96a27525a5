import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decode, decodeBytes, encode, encodeBytes, encodeOwned } from '#dist/codec/codec.js';
import { Lane } from '#dist/codec/lanes.js';
import { difference } from './graph.js';

const NOTHING = new Uint8Array(0);

/** Through the item, as a queue would. */
function throughItem(value: unknown): unknown {
  const item = encodeOwned(value);
  if (item.lane === Lane.NUMBER) return decode(item.lane, item.number, NOTHING, 0);
  if (item.lane === Lane.STRING) return decode(item.lane, item.string, NOTHING, 0);
  return decode(item.lane, undefined, item.bytes, item.length);
}

function expectSame(value: unknown): void {
  expect(difference(structuredClone(value), throughItem(value))).toBeUndefined();
  expect(difference(structuredClone(value), decodeBytes(encodeBytes(value)))).toBeUndefined();
}

it.each([Symbol.for('registered'), Symbol.for('\ud800'), Symbol.iterator, Symbol.asyncIterator])(
  'a symbol that all threads have arrives as itself: %s',
  (symbol) => expect(throughItem([symbol])).toEqual([symbol]),
);

const shared = { a: 1 };
const cycle: Record<string, unknown> = { list: [] };
cycle['self'] = cycle;
(cycle['list'] as unknown[]).push(cycle, cycle['list']);
const ownMap = new Map<unknown, unknown>();
ownMap.set(ownMap, ownMap);
const ownSet = new Set<unknown>();
ownSet.add(ownSet);
const sparse: unknown[] = Object.assign(new Array(3), { 0: 1, 2: 3 });
sparse.length = 10;
const huge: unknown[] = [];
huge[4294967294 - 1] = 'far';
const match = /(?<word>b)(c)/d.exec('abcd');
const proto = JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2}') as unknown;
const allViews = new ArrayBuffer(32);

const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', Number.NaN],
  ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  [
    'integers at the borders of their forms',
    [-33, -32, 127, 128, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, Number.MAX_SAFE_INTEGER, 'text'],
  ],
  ['an array of integers', [1, 2, 3, -4]],
  ['an array of numbers with minus zero', [1, 2, -0]],
  ['an array of fractions', [1, 2.5, Number.NaN, -0]],
  ['an empty string', ''],
  ['a string', 'hello'],
  ['a long string', 'x'.repeat(100_000)],
  ['a Latin-1 string', 'größer'.repeat(20)],
  ['a string of all scripts', 'aü漢😀'.repeat(20)],
  ['a lone surrogate', '\ud800'],
  ['lone surrogates in a long string', `${'x'.repeat(100)}\udc00\ud800`],
  ['lone surrogates inside', { '\udfff': ['\ud800', 'ok'] }],
  ['keys of all kinds', { '': 1, ü: 2, 漢: 3, [`long${'k'.repeat(300)}`]: 4, 17: 5, 'a b': 6 }],
  ['bigints', [0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n + 1n, -(2n ** 1000n)]],
  ['a date', new Date(1e12)],
  ['an invalid date', new Date(Number.NaN)],
  ['boxed primitives', [Object(1), Object(-0), Object('s'), Object(true), Object(10n)]],
  ['a nested object', { a: { b: { c: [1, { d: null }] } } }],
  ['missing and undefined', { a: undefined, b: [undefined] }],
  ['keys of Object.prototype', proto],
  ['a sparse array', sparse],
  ['an array of the greatest length', huge],
  ['a match with its groups', match],
  ['an array with named properties', Object.assign([1, 2], { name: 'n' })],
  ['an array whose hole and name even out', Object.assign(new Array(3), { 0: 1, 2: 3, name: 'n' })],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['k', 1],
      [{ o: 1 }, [2]],
      [Number.NaN, 3],
    ]),
  ],
  ['a Set', new Set<unknown>([1, 'a', { b: 2 }])],
  ['a shared reference', [shared, shared, { shared }]],
  ['a cycle', cycle],
  ['a Map in itself', ownMap],
  ['a Set in itself', ownSet],
  [
    'many objects with references back',
    (() => {
      const all = Array.from({ length: 100 }, (_, i) => ({ i }));
      return [...all, ...all];
    })(),
  ],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  [
    'views of every type',
    [
      Uint8Array,
      Int8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
      // Not in every line of Node.
      (globalThis as { Float16Array?: typeof Float32Array }).Float16Array ?? Float32Array,
    ].map((cls) => new cls(allViews)),
  ],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
  ['an empty Uint8Array', new Uint8Array(0)],
  ['a large Uint8Array', new Uint8Array(300_000).fill(7)],
  ['an object of the null prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['objects of another realm', runInNewContext('({ a: [1, 2], m: new Map([[1, new Date(5)]]) })')],
];

describe('a value arrives as structured clone would copy it', () => {
  for (const [name, value] of values) it(name, () => expectSame(value));
});

describe('what the codec decides itself', () => {
  it('starts a regular expression at 0 again', () => {
    const expression = /a/g;
    expression.lastIndex = 3;
    const copy = throughItem(expression) as RegExp;
    expect(copy).toEqual(/a/g);
    expect(copy.lastIndex).toBe(0);
  });

  it('evaluates getters', () => {
    expect(
      throughItem({
        get answer() {
          return 42;
        },
      }),
    ).toEqual({ answer: 42 });
  });

  it('leaves out symbol keys and what is not enumerable', () => {
    const object = { [Symbol('hidden')]: 1, shown: 2 };
    Object.defineProperty(object, 'hidden', { value: 3 });
    expect(difference({ shown: 2 }, throughItem(object))).toBeUndefined();
  });

  it('keeps a Buffer a Buffer, and sends no more of its pool', () => {
    const buffer = Buffer.from('hello');
    for (const copy of [throughItem(buffer), (throughItem({ buffer }) as { buffer: Buffer }).buffer]) {
      expect(Buffer.isBuffer(copy)).toBe(true);
      expect(String(copy)).toBe('hello');
    }
    expect(encodeBytes({ buffer }).length).toBeLessThan(32);
  });

  it('sends only the part of an ArrayBuffer that its views span, and keeps them one', () => {
    const buffer = new ArrayBuffer(1_000_000);
    const low = new Float64Array(buffer, 8_000, 4);
    const high = new Uint8Array(buffer, 8_016, 100);
    const bytes = encodeBytes({ low, high });
    expect(bytes.length).toBeLessThan(400);
    const copy = decodeBytes(bytes) as { low: Float64Array; high: Uint8Array };
    expect(copy.low.buffer).toBe(copy.high.buffer);
    copy.low[3] = 1;
    expect(copy.high.slice(8, 16)).toEqual(new Uint8Array(new Float64Array([1]).buffer));
  });

  it('keeps a view and its ArrayBuffer one', () => {
    const view = new Uint16Array([1, 2, 3]).subarray(1);
    const copy = throughItem({ view, buffer: view.buffer }) as { view: Uint16Array; buffer: ArrayBuffer };
    expect(copy.view.buffer).toBe(copy.buffer);
    expect(copy.view).toEqual(new Uint16Array([2, 3]));
    expect(copy.buffer.byteLength).toBe(6);
  });

  it('keeps an ArrayBuffer resizable', () => {
    const make = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resizable: boolean; maxByteLength: number };
    const copy = throughItem(new make(8, { maxByteLength: 64 })) as InstanceType<typeof make>;
    expect([copy.byteLength, copy.resizable, copy.maxByteLength]).toEqual([8, true, 64]);
  });

  it('keeps URLs and their queries', () => {
    const copy = throughItem({
      url: new URL('https://example.org/a?b=c#d'),
      query: new URLSearchParams('a=1&a=2'),
    }) as { url: URL; query: URLSearchParams };
    expect(copy.url).toBeInstanceOf(URL);
    expect(copy.url.href).toBe('https://example.org/a?b=c#d');
    expect(copy.query.getAll('a')).toEqual(['1', '2']);
  });

  it('takes an instance of a class that nobody registered for a plain object', () => {
    class Point {
      x = 1;
      get double() {
        return 2 * this.x;
      }
    }
    expect(difference({ x: 1 }, throughItem(new Point()))).toBeUndefined();
    class Ranking extends Map<string, number> {}
    expect(difference(new Map([['a', 1]]), throughItem(new Ranking([['a', 1]])))).toBeUndefined();
  });

  it('ignores what inherits enumerable properties put on Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'everywhere', {
      value: 1,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    try {
      expect(Object.keys(throughItem({ a: 1 }) as object)).toEqual(['a']);
      expect(Object.keys(throughItem({ everywhere: 2 }) as object)).toEqual(['everywhere']);
    } finally {
      delete (Object.prototype as { everywhere?: number }).everywhere;
    }
  });

  it('has no limit of depth', () => {
    type List = { next: List | undefined; here: number };
    let list: List | undefined;
    for (let here = 0; here < 200_000; here++) list = { next: list, here };
    let copy = throughItem(list) as List | undefined;
    let length = 0;
    for (; copy !== undefined; copy = copy.next) length++;
    expect(length).toBe(200_000);

    let nested: unknown[] = [];
    for (let i = 0; i < 5_000; i++) nested = [nested, new Map([[1, new Set([nested])]])];
    let depth = 0;
    for (let at = throughItem(nested) as unknown[]; at.length > 0; at = at[0] as unknown[]) {
      expect([...((at[1] as Map<number, Set<unknown>>).get(1) as Set<unknown>)]).toEqual([at[0]].map((same) => same));
      if (++depth === 300) break;
    }
    expect(depth).toBe(300);
  });

  it('lets a getter send something itself', () => {
    const value = {
      before: [1, 2],
      get inner() {
        return (throughItem({ deep: [3, 4] }) as { deep: unknown }).deep;
      },
      after: 'z',
    };
    expect(throughItem(value)).toEqual({ before: [1, 2], inner: [3, 4], after: 'z' });
  });
});

describe('the shared item', () => {
  it('is the same object each time', () => {
    const first = encode({ a: 1 });
    expect(encode([1])).toBe(first);
  });

  it('refers to the bytes of a Uint8Array where they are, and copies them for an owned item', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    expect(encode(bytes).bytes).toBe(bytes);
    const owned = encodeOwned(bytes);
    bytes[0] = 9;
    expect(decode(owned.lane, undefined, owned.bytes, owned.length)).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('does not keep a large payload alive', async () => {
    const item = encode(new Uint8Array(1_000_000));
    expect(item.bytes.length).toBe(1_000_000);
    await Promise.resolve();
    expect(item.bytes.length).toBe(0);
  });

  it('does not keep the scratch of a large message', () => {
    encode({ text: 'x'.repeat(10_000_000) });
    expect(encode({ a: 1 }).bytes.buffer.byteLength).toBeLessThan(1_000_000);
  });
});
