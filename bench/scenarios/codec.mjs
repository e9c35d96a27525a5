import { isDeepStrictEqual } from 'node:util';
import v8 from 'node:v8';

const text = 'x'.repeat(1000);
const rows = Array.from({ length: 50 }, (_, i) => ({ id: i, name: `user${i}`, x: i / 3 }));
const integers = Array.from({ length: 100 }, (_, i) => i * 1000);
const values = {
  object: (i) => ({ id: i, name: `user${i & 1023}`, x: i / 3 }),
  nested: (i) => ({ user: { id: i, tags: ['a', 'b', 'c'] }, items: [{ p: 1, q: 2 }], when: new Date(i) }),
  rows: () => rows,
  integers: () => integers,
  map: (i) =>
    new Map([
      [1, 'a'],
      ['k', { z: i }],
    ]),
  text: () => ({ text }),
  error: () => failure,
  bytes: () => bytes,
};
const failure = new TypeError('bad');
const bytes = { bytes: new Uint8Array(65_536) };

export default {
  title: 'a value to bytes and back',
  work: 'Each value is encoded into a scratch buffer, copied out as a queue does, and decoded; the last copy is compared with the original.',
  unit: 'ns',
  variants: [
    { name: '{ id, name, x }', value: 'object', count: 300_000, floors: against(3) },
    { name: 'nested objects and a Date', value: 'nested', count: 100_000, floors: against(1.5) },
    { name: '50 rows', value: 'rows', count: 10_000, floors: against(1) },
    { name: '100 integers', value: 'integers', count: 100_000, floors: against(1) },
    { name: 'a Map', value: 'map', count: 200_000, floors: against(2) },
    { name: 'an object with 1 KB of text', value: 'text', count: 200_000, floors: against(2) },
    { name: 'an error', value: 'error', count: 50_000, floors: against(1) },
    { name: 'an object with 64 KB of bytes', value: 'bytes', count: 10_000, floors: against(1) },
  ],

  async heddle({ value, count }) {
    const { decode, encode } = await import('#dist/codec/codec.js');
    const { engine } = await import('#dist/engine/select.js');
    const { scratch } = engine;
    return perRoundTrip(value, count, (original) => {
      const item = encode(original);
      if (item.length > scratch.length) return decode(item.lane, item.bytes.slice(0, item.length), scratch, 0);
      scratch.set(item.bytes.subarray(0, item.length));
      return decode(item.lane, undefined, scratch, item.length);
    });
  },

  peers: {
    'v8.serialize': {
      run: ({ value, count }) => perRoundTrip(value, count, (original) => v8.deserialize(v8.serialize(original))),
    },
    // Makes no bytes, so it cannot do the codec's work; it shows what a copy costs.
    structuredClone: {
      run: ({ value, count }) => perRoundTrip(value, count, (original) => structuredClone(original)),
    },
  },
};

function against(floor) {
  return [{ against: 'v8.serialize', floor, goal: 2 * floor }];
}

function perRoundTrip(name, count, roundTrip) {
  const make = values[name];
  for (let i = 0; i < count / 5; i++) roundTrip(make(i));
  const start = performance.now();
  let copy;
  for (let i = 0; i < count; i++) copy = roundTrip(make(i));
  const elapsed = performance.now() - start;
  const original = make(count - 1);
  if (copy === original || !isDeepStrictEqual(copy, original)) throw new Error('the copy differs');
  return (elapsed * 1e6) / count;
}
