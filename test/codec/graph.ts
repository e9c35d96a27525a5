/** Compares two values down to their identities, and makes random ones. */
import { types } from 'node:util';

/** Where two graphs differ, or undefined when they are the same, shared references and cycles included. */
export function difference(a: unknown, b: unknown): string | undefined {
  const partners = new Map<object, object>();
  const images = new Set<object>();
  const pending: [unknown, unknown, string][] = [[a, b, 'value']];
  while (pending.length > 0) {
    const [left, right, path] = pending.pop() as [unknown, unknown, string];
    if (!isObject(left) || !isObject(right)) {
      if (!Object.is(left, right)) return `${path}: ${String(left)} and ${String(right)}`;
      continue;
    }
    const partner = partners.get(left);
    if (partner !== undefined) {
      if (partner !== right) return `${path}: an identity is lost`;
      continue;
    }
    if (images.has(right)) return `${path}: two objects became one`;
    partners.set(left, right);
    images.add(right);
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return `${path}: other prototypes`;
    if (types.isDate(left) && !Object.is(left.getTime(), (right as Date).getTime())) return `${path}: other dates`;
    if (types.isRegExp(left) && (String(left) !== String(right) || left.lastIndex !== (right as RegExp).lastIndex))
      return `${path}: other expressions`;
    if (types.isBoxedPrimitive(left) && !Object.is(left.valueOf(), right.valueOf()))
      return `${path}: other boxed values`;
    if (types.isAnyArrayBuffer(left)) {
      if (Buffer.compare(new Uint8Array(left), new Uint8Array(right as ArrayBuffer)) !== 0)
        return `${path}: other bytes`;
      continue;
    }
    if (ArrayBuffer.isView(left)) {
      const other = right as ArrayBufferView;
      if (left.byteLength !== other.byteLength) return `${path}: other lengths`;
      if (Buffer.compare(bytesOf(left), bytesOf(other)) !== 0) return `${path}: other bytes`;
      continue;
    }
    if (types.isMap(left))
      pending.push([[...left].flat(), [...(right as Map<unknown, unknown>)].flat(), `${path}<entries>`]);
    if (types.isSet(left)) pending.push([[...left], [...(right as Set<unknown>)], `${path}<values>`]);
    const keys = Object.getOwnPropertyNames(left);
    if (keys.join() !== Object.getOwnPropertyNames(right).join())
      return `${path}: keys ${keys} and ${Object.getOwnPropertyNames(right)}`;
    for (const key of keys) {
      const one = Object.getOwnPropertyDescriptor(left, key);
      const other = Object.getOwnPropertyDescriptor(right, key);
      if (one?.enumerable !== other?.enumerable) return `${path}.${key}: other attributes`;
      pending.push([(left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key], `${path}.${key}`]);
    }
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A source of numbers in [0, 1) that a seed determines (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = [
  '',
  'a',
  'name',
  'größe',
  '漢字',
  '\ud800',
  'x\udfff',
  '😀',
  '__proto__',
  'constructor',
  '0',
  '17',
  'line\nline',
  'y'.repeat(40),
  'ü'.repeat(300),
  '😀'.repeat(50),
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  -32,
  -33,
  127,
  128,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 53,
  0.1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
];
const BIGINTS = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n, -(2n ** 200n) + 7n];

/** A random value of every sort that structured clone takes, with shared references and cycles. */
export function randomValue(random: () => number): unknown {
  const made: object[] = [];
  let budget = 60;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const below = (n: number): number => Math.floor(random() * n);
  const keep = <T extends object>(object: T): T => {
    made.push(object);
    return object;
  };
  const text = (): string =>
    random() < 0.5
      ? pick(TEXTS)
      : String.fromCharCode(...Array.from({ length: below(50) }, () => below(random() < 0.7 ? 128 : 65536)));
  const number = (): number => (random() < 0.5 ? pick(NUMBERS) : (random() - 0.5) * 10 ** below(20));
  const primitive = (): unknown => {
    switch (below(7)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return random() < 0.5;
      case 3:
        return pick(BIGINTS);
      case 4:
        return number();
      default:
        return text();
    }
  };
  const bytes = (): ArrayBuffer => {
    const buffer = new ArrayBuffer(8 * below(6));
    new Uint8Array(buffer).forEach((_, i, all) => {
      all[i] = below(256);
    });
    return buffer;
  };
  const value = (depth: number): unknown => {
    if (budget-- <= 0 || depth > 5) return primitive();
    switch (below(17)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const object = keep({}) as Record<string, unknown>;
        for (let i = below(6); i > 0; i--)
          Object.defineProperty(object, text(), {
            value: value(depth + 1),
            enumerable: true,
            writable: true,
            configurable: true,
          });
        return object;
      }
      case 4:
      case 5: {
        const array = keep([] as unknown[]);
        for (let i = below(8); i > 0; i--) array.push(value(depth + 1));
        return array;
      }
      case 6: {
        const array = keep([] as unknown[]);
        for (let i = below(4); i > 0; i--) array[below(12)] = value(depth + 1);
        if (random() < 0.3) (array as unknown as Record<string, unknown>)['named'] = value(depth + 1);
        return array;
      }
      case 7:
        return keep(Array.from({ length: below(20) }, random() < 0.5 ? () => below(1000) - 500 : number));
      case 8: {
        const map = keep(new Map());
        for (let i = below(5); i > 0; i--) map.set(value(depth + 1), value(depth + 1));
        return map;
      }
      case 9: {
        const set = keep(new Set());
        for (let i = below(5); i > 0; i--) set.add(value(depth + 1));
        return set;
      }
      case 10:
        return keep(new Date(random() < 0.1 ? Number.NaN : below(1e12)));
      case 11:
        return keep(new RegExp(pick(['a+', '/', '[^]', '\\u{1F600}']), pick(['', 'g', 'u', 'dgimsuy'])));
      case 12:
        return keep(Object(pick([true, 5, 'text', -0, 10n])));
      case 13: {
        const buffer = bytes();
        const view = pick([
          Uint8Array,
          Int8Array,
          Int16Array,
          Float32Array,
          Float64Array,
          BigInt64Array,
          Uint8ClampedArray,
        ]);
        return keep(new view(buffer));
      }
      case 14:
        return keep(random() < 0.5 ? bytes() : new DataView(bytes()));
      case 15:
        return made.length > 0 ? pick(made) : null;
      default:
        return primitive();
    }
  };
  return value(0);
}
