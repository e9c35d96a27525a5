/** The contracts of Value and SharedArray. */
import { InvalidStateError, Lock, NotSerializableError, Queue, RLock, SharedArray, Value } from 'heddle';
import { expect, it } from 'vitest';
import type { Reach } from '../reach.js';

/** Type codes with their bytes, and their least and largest numbers. */
const INTEGERS = [
  ['b', 1, -128, 127],
  ['B', 1, 0, 255],
  ['h', 2, -32768, 32767],
  ['H', 2, 0, 65535],
  ['i', 4, -(2 ** 31), 2 ** 31 - 1],
  ['I', 4, 0, 2 ** 32 - 1],
] as const;
const BIG_INTEGERS = [
  ['l', -(2n ** 63n), 2n ** 63n - 1n],
  ['L', 0n, 2n ** 64n - 1n],
  ['q', -(2n ** 63n), 2n ** 63n - 1n],
  ['Q', 0n, 2n ** 64n - 1n],
] as const;

export function valueContract(reach: Reach): void {
  it('is seen as it is by the other side', async () => {
    const [other] = reach.partners(1);
    const value = new Value('i', 5);
    expect(await other!.run((value) => value.value, value)).toBe(5);
    await other!.run((value) => {
      value.value = 6;
    }, value);
    expect(value.value).toBe(6);
  });

  it('is 0 unless told otherwise', () => {
    expect(new Value('i').value).toBe(0);
    expect(new Value('d').value).toBe(0);
    expect(new Value('q').value).toBe(0n);
  });

  it.each(INTEGERS)('of type %s wraps around as in C', (type, _bytes, least, most) => {
    const value = new Value(type, most);
    expect(value.value).toBe(most);
    expect(value.add(1)).toBe(most);
    expect(value.value).toBe(least);
    expect(value.add(-1)).toBe(least);
    expect(value.value).toBe(most);
    value.value = least - 1;
    expect(value.value).toBe(most);
    expect(value.compareExchange(most + (most - least) + 1, least)).toBe(most);
    expect(value.value).toBe(least);
  });

  it.each(BIG_INTEGERS)('of type %s wraps around as in C', (type, least, most) => {
    const value = new Value(type, most);
    expect(value.add(1n)).toBe(most);
    expect(value.value).toBe(least);
    value.value = least - 1n;
    expect(value.value).toBe(most);
    expect(value.compareExchange(most, 3n)).toBe(most);
    expect(value.compareExchange(most, 4n)).toBe(3n);
    expect(value.value).toBe(3n);
  });

  it.each(['f', 'd'] as const)('of type %s adds and exchanges floats', (type) => {
    const value = new Value(type, 0.5);
    expect(value.add(0.25)).toBe(0.5);
    expect(value.value).toBe(0.75);
    expect(value.compareExchange(0.75, 1 / 3)).toBe(0.75);
    expect(value.value).toBe(type === 'f' ? Math.fround(1 / 3) : 1 / 3);
    expect(value.compareExchange(1 / 3, Number.NaN)).toBeCloseTo(1 / 3);
    expect(value.compareExchange(Number.NaN, 0)).toBe(Number.NaN);
    expect(value.compareExchange(-0, Number.POSITIVE_INFINITY)).toBe(0);
    expect(value.value).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(['b', 'H', 'i', 'I', 'f', 'd'] as const)('of type %s loses no addition', async (type) => {
    const others = reach.partners(2);
    const value = new Value(type);
    const add = (value: Value, times: number): void => {
      for (let i = 0; i < times; i++) value.add(1);
    };
    await Promise.all([
      ...others.map((other) => other.run(add, value, 5050)),
      Promise.resolve().then(() => add(value, 5000)),
    ]);
    expect(value.value).toBe(type === 'b' ? (15100 << 24) >> 24 : 15100);
  });

  it.each(['l', 'Q'] as const)('of type %s loses no addition', async (type) => {
    const others = reach.partners(2);
    const value = new Value(type);
    const add = (value: Value<bigint>, times: number): void => {
      for (let i = 0; i < times; i++) value.add(2n ** 33n);
    };
    await Promise.all(others.map((other) => other.run(add, value, 5000)));
    expect(value.value).toBe(10_000n * 2n ** 33n);
  });

  it('refuses what its type cannot hold', () => {
    const value = new Value('i', 1);
    for (const bad of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, '1', undefined, null]) {
      expect(() => {
        value.value = bad as number;
      }).toThrow(TypeError);
      expect(() => value.add(bad as number)).toThrow(TypeError);
      expect(() => value.compareExchange(1, bad as number)).toThrow(TypeError);
    }
    expect(value.value).toBe(1);
    expect(() => new Value('i', 1.5)).toThrow('value must be an integer, got 1.5');
    expect(() => new Value('q', 5 as never)).toThrow('value must be a bigint, as 64-bit integers are, got 5');
    expect(() => new Value('d', 5n as never)).toThrow(TypeError);
  });

  it.each(['x', 'c', '', 'ii', 5, undefined, 'toString'])('refuses the type %o', (type) => {
    expect(() => new Value(type as never)).toThrow(/^type must be one of b B h H i I l L q Q f d, got/);
  });

  it('has a lock for changes of several steps, the same on either side', async () => {
    const others = reach.partners(2);
    const value = new Value('i');
    const count = async (value: Value, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await value.getLock().withLock(async () => {
          const seen = value.value;
          if (i % 32 === 0) await new Promise((resolve) => setImmediate(resolve));
          value.value = seen + 1;
        });
      }
    };
    await Promise.all([count(value, 300), ...others.map((other) => other.run(count, value, 300))]);
    expect(value.value).toBe(900);
    expect(value.getLock()).toBe(value.getLock());
    expect(await others[0]!.run((value) => value.getLock(), value)).toBe(value.getLock());
  });

  it('uses the lock it is given', async () => {
    const [other] = reach.partners(1);
    for (const lock of [new Lock(), new RLock()]) {
      const value = new Value('i', 0, { lock });
      expect(value.getLock()).toBe(lock);
      expect(await other!.run((value) => value.getLock().tryAcquire(), value)).toBe(true);
      expect(lock.locked()).toBe(true);
      expect(await other!.run((value) => value.getLock().constructor.name, value)).toBe(lock.constructor.name);
    }
    expect(() => new Value('i', 0, { lock: false }).getLock()).toThrow(InvalidStateError);
    expect(() => new Value('i', 0, { lock: {} as never })).toThrow(
      'lock must be true, false, a Lock or an RLock, got {}',
    );
    expect(() => new Value('i', 0, true as never)).toThrow(TypeError);
  });

  it('comes back as the same object', async () => {
    const value = new Value('d', 0.5);
    expect(await reach.partners(1)[0]!.run((value) => value, value)).toBe(value);
    expect(value).toBeInstanceOf(Value);
  });
}

export function sharedArrayContract(reach: Reach): void {
  it('is seen as it is by the other side', async () => {
    const [other] = reach.partners(1);
    const array = new SharedArray('i', [1, 2, 3]);
    expect(await other!.run((array) => [...array], array)).toEqual([1, 2, 3]);
    await other!.run((array) => {
      array.array[1] = 20;
      array.set(-1, 30);
    }, array);
    expect([...array.array]).toEqual([1, 20, 30]);
    expect(await other!.run((array) => array, array)).toBe(array);
  });

  it('starts with zeros, or with the items of anything that can be iterated', () => {
    const zeros = new SharedArray('d', 1000);
    expect(zeros.length).toBe(1000);
    expect(zeros.array.every((n) => n === 0)).toBe(true);
    expect([...new SharedArray('h', new Set([1, -1]))]).toEqual([1, -1]);
    expect([...new SharedArray('f', new Float32Array([0.5, 1.5]))]).toEqual([0.5, 1.5]);
    expect([...new SharedArray('q', [1n, -1n])]).toEqual([1n, -1n]);
    expect([...new SharedArray('Q', { length: 2, 0: 1n, 1: 2n })]).toEqual([1n, 2n]);
  });

  it.each([
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ])('is made by the constructor %o too', async (Class) => {
    const array = new SharedArray(Class as typeof Int32Array, 3);
    expect(array.array).toBeInstanceOf(Class);
    expect(await reach.partners(1)[0]!.run((array) => array.array.constructor.name, array)).toBe(Class.name);
  });

  it('may be empty', async () => {
    const array = new SharedArray('i', 0);
    expect(array.length).toBe(0);
    expect([...array]).toEqual([]);
    expect(await reach.partners(1)[0]!.run((array) => array.length, array)).toBe(0);
    expect(() => array.get(0)).toThrow(RangeError);
  });

  it('may be large', async () => {
    const array = new SharedArray('d', 2_000_000);
    array.array[1_999_999] = 0.5;
    expect(await reach.partners(1)[0]!.run((array) => array.get(-1), array)).toBe(0.5);
  });

  it('is aligned for its type', () => {
    for (const type of ['b', 'h', 'i', 'd', 'q'] as const) {
      const { array } = new SharedArray(type, 3);
      expect(array.byteOffset % array.BYTES_PER_ELEMENT).toBe(0);
    }
  });

  it('adds and exchanges in one step, with wrapping integers', async () => {
    const others = reach.partners(2);
    const array = new SharedArray('B', [250, 0]);
    expect(array.add(0, 10)).toBe(250);
    expect(array.get(0)).toBe(4);
    expect(array.compareExchange(-1, 0, 7)).toBe(0);
    expect(array.compareExchange(1, 0, 8)).toBe(7);
    expect([...array]).toEqual([4, 7]);
    const totals = new SharedArray('d', 2);
    const add = (totals: SharedArray<Float64Array>): void => {
      for (let i = 0; i < 5000; i++) totals.add(i % 2, 0.5);
    };
    await Promise.all(others.map((other) => other.run(add, totals)));
    expect([...totals]).toEqual([2500, 2500]);
  });

  it('refuses places that it does not have', () => {
    const array = new SharedArray('i', 3);
    for (const index of [3, -4, 0.5, Number.NaN]) {
      expect(() => array.get(index)).toThrow(RangeError);
      expect(() => array.set(index, 1)).toThrow(RangeError);
      expect(() => array.add(index, 1)).toThrow(RangeError);
      expect(() => array.compareExchange(index, 0, 1)).toThrow('index must be an integer from -3 to 2');
    }
    expect(() => array.get('0' as never)).toThrow(TypeError);
  });

  it('refuses what makes no array', () => {
    expect(() => new SharedArray('x' as never, 1)).toThrow(TypeError);
    expect(() => new SharedArray(Array as never, 1)).toThrow(/constructor of a typed array/);
    expect(() => new SharedArray('i', -1)).toThrow(RangeError);
    expect(() => new SharedArray('i', 1.5)).toThrow('size must be an integer, got 1.5');
    expect(() => new SharedArray('i', 2 ** 40)).toThrow(RangeError);
    expect(() => new SharedArray('i', undefined as never)).toThrow(TypeError);
    expect(() => new SharedArray('i', [1, 1.5])).toThrow('items[1] must be an integer, got 1.5');
    expect(() => new SharedArray('q', [1 as never])).toThrow(TypeError);
    expect(() => new SharedArray('i', 1).set(0, 1.5)).toThrow(TypeError);
  });

  it('has a lock, the same on either side', async () => {
    const [other] = reach.partners(1);
    const array = new SharedArray('i', 1);
    expect(await other!.run((array) => array.getLock().tryAcquire(), array)).toBe(true);
    expect(array.getLock().locked()).toBe(true);
    expect(() => new SharedArray('i', 1, { lock: false }).getLock()).toThrow(InvalidStateError);
  });

  it('is not copied by mistake: its memory cannot be put on a queue', () => {
    const queue = new Queue<unknown>();
    const array = new SharedArray('i', 3);
    expect(() => queue.putSync(array.array)).toThrow(NotSerializableError);
    queue.putSync(array.array.slice());
    expect(queue.getSync()).toEqual(new Int32Array(3));
  });
}
