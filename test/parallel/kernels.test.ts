/** heddle/parallel as its callers see it, on each engine. */
import { SharedArray } from 'heddle';
import * as parallel from 'heddle/parallel';
import { describe, expect, it } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { bitsOf, classes, contents, fill, isBig, randomNumbers } from './random.js';

const random = randomNumbers(20);
/** Enough to leave the caller's thread, or to take several turns. */
const LARGE = 200_000;

/** Faster than `toEqual` by far. */
function equal(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function array(length: number): Float64Array {
  return fill(Float64Array, length, 'usual', random) as Float64Array;
}

describe('sort', () => {
  it.each(classes.map((cls) => [cls.name, cls] as const))('orders a %s as its own sort does', async (_name, cls) => {
    for (const content of contents) {
      for (const length of [0, 1, 2, 50, 70_001]) {
        const numbers = fill(cls, length, content, random);
        const expected = bitsOf(numbers.slice().sort() as typeof numbers);
        const copy = numbers.slice() as Float64Array;
        expect(parallel.sortSync(copy)).toBe(copy);
        expect(Buffer.compare(bitsOf(copy), expected), `${length} ${content}`).toBe(0);
        expect(await parallel.sort(numbers as Float64Array)).toBe(numbers);
        expect(Buffer.compare(bitsOf(numbers), expected), `${length} ${content}`).toBe(0);
      }
    }
  });

  it('sorts a part of a buffer and leaves the rest alone', async () => {
    const all = new Int32Array([9, 3, 2, 1, 0]);
    await parallel.sort(all.subarray(1, 4));
    expect([...all]).toEqual([9, 1, 2, 3, 0]);
  });

  it('descends on request, NaN first', async () => {
    expect([...(await parallel.sort(new Float64Array([1, NaN, -0, 0, 2]), { descending: true }))]).toEqual([
      NaN,
      2,
      1,
      0,
      -0,
    ]);
  });

  it('takes shared memory and SharedArrays', async () => {
    const shared = fill(Float64Array, LARGE, 'usual', random, true) as Float64Array;
    const expected = shared.slice().sort();
    await parallel.sort(shared);
    expect(equal(shared, expected)).toBe(true);
    const numbers = new SharedArray('d', expected.toReversed());
    expect(await parallel.sort(numbers)).toBe(numbers);
    expect(numbers.array.every((value, i) => value === expected[i])).toBe(true);
    expect(parallel.sortSync(new SharedArray('q', [3n, 1n, 2n])).array).toEqual(new BigInt64Array([1n, 2n, 3n]));
  });

  it('takes a Uint8ClampedArray', async () => {
    const pixels = new Uint8ClampedArray([200, 3, 90]);
    expect(await parallel.sort(pixels)).toBe(pixels);
    expect([...pixels]).toEqual([3, 90, 200]);
  });
});

describe('argsort, topK, unique', () => {
  it('argsort is stable, in both directions', async () => {
    const keys = new Uint8Array([1, 0, 1, 0]);
    expect([...(await parallel.argsort(keys))]).toEqual([1, 3, 0, 2]);
    expect([...parallel.argsortSync(keys, { descending: true })]).toEqual([0, 2, 1, 3]);
  });

  it('argsort gathers to the sorted array', async () => {
    const numbers = array(LARGE);
    const indices = await parallel.argsort(numbers);
    const sorted = numbers.slice().sort();
    expect(indices.every((index, i) => numbers[index] === sorted[i])).toBe(true);
  });

  it('topK finds the greatest or the least', async () => {
    const numbers = array(LARGE);
    const sorted = numbers.slice().sort();
    const { values, indices } = await parallel.topK(numbers, 20);
    expect(values).toEqual(sorted.slice(-20).reverse());
    expect(indices.every((index, i) => numbers[index] === values[i])).toBe(true);
    expect(parallel.topKSync(numbers, 3, { smallest: true }).values).toEqual(sorted.slice(0, 3));
    expect(parallel.topKSync(new Int8Array(0), 0)).toEqual({ values: new Int8Array(0), indices: new Uint32Array(0) });
  });

  it('unique counts as a Map would', async () => {
    const numbers = fill(Float64Array, LARGE, 'few', random) as Float64Array;
    numbers.set([NaN, NaN, -0, 0.5]);
    const expected = new Map<number, number>();
    for (const value of numbers) expected.set(value, (expected.get(value) ?? 0) + 1);
    const { values, counts } = await parallel.unique(numbers);
    expect(values.length).toBe(expected.size);
    values.forEach((value, i) => {
      expect(Object.is(value, -0)).toBe(false);
      expect(counts[i]).toBe(expected.get(value));
    });
    expect(values).toEqual(values.slice().sort());
  });
});

describe('reductions', () => {
  it('sums of integers are exact', async () => {
    expect(await parallel.sum(new Uint32Array(1000).fill(2 ** 32 - 1))).toBe(1000 * (2 ** 32 - 1));
    expect(parallel.sumSync(new BigUint64Array(100_000).fill(2n ** 64n - 1n))).toBe(100_000n * (2n ** 64n - 1n));
    expect(parallel.sumSync(new BigInt64Array(100_000).fill(-(2n ** 63n)))).toBe(-100_000n * 2n ** 63n);
    expect(parallel.dotSync(new BigInt64Array([2n ** 62n, -3n]), new BigInt64Array([-(2n ** 63n), 5n]))).toBe(
      -(2n ** 125n) - 15n,
    );
  });

  it('sums of floats are near the exact sum', async () => {
    const numbers = new Float64Array(LARGE).fill(0.1);
    expect(Math.abs((await parallel.sum(numbers)) - LARGE * 0.1)).toBeLessThan(1e-8);
    expect(await parallel.mean(numbers)).toBeCloseTo(0.1, 14);
    expect(await parallel.dot(numbers, numbers)).toBeCloseTo(LARGE * 0.01, 7);
  });

  it('min and max are those of Math', async () => {
    for (const numbers of [
      [3, -1, 2],
      [0, -0],
      [-0, 0],
      [1, NaN, 2],
      [Infinity, -Infinity],
    ]) {
      expect(await parallel.min(new Float64Array(numbers))).toBe(Math.min(...numbers));
      expect(await parallel.max(new Float64Array(numbers))).toBe(Math.max(...numbers));
    }
    const large = array(LARGE);
    large[LARGE - 7] = -5;
    large[7] = 5;
    expect([parallel.minSync(large), parallel.maxSync(large)]).toEqual([-5, 5]);
    expect(parallel.maxSync(new BigUint64Array([1n, 2n ** 64n - 1n]))).toBe(2n ** 64n - 1n);
  });

  it('nothing has neither a mean nor extremes, but a sum', async () => {
    const nothing = new Float32Array(0);
    expect(await parallel.sum(nothing)).toBe(0);
    expect(parallel.sumSync(new BigInt64Array(0))).toBe(0n);
    for (const kernel of [parallel.minSync, parallel.maxSync, parallel.meanSync]) {
      expect(() => kernel(nothing)).toThrow(/an empty array has no (min|max|mean)/);
    }
  });
});

describe('element by element', () => {
  it('map keeps the type, but for what is not an integer by nature', async () => {
    expect(await parallel.map(new Int8Array([-128, 5]), 'negate')).toEqual(new Int8Array([-128, -5]));
    expect(parallel.mapSync(new Uint16Array([4, 9]), 'sqrt')).toEqual(new Float64Array([2, 3]));
    expect(parallel.mapSync(new Float32Array([2]), 'reciprocal')).toEqual(new Float32Array([0.5]));
    expect(parallel.mapSync(new BigInt64Array([5n]), 'not')).toEqual(new BigInt64Array([-6n]));
    expect(parallel.mapSync(new Float64Array([-0.5, 0.5, 2.5, -0.2]), 'round')).toEqual(
      new Float64Array([-0, 1, 3, -0]),
    );
  });

  it('combine takes an array or one number', async () => {
    expect(await parallel.combine(new Uint8Array([250, 1]), new Uint8Array([10, 1]), 'add')).toEqual(
      new Uint8Array([4, 2]),
    );
    expect(parallel.combineSync(new Int32Array([7, 8]), 2, 'divide')).toEqual(new Float64Array([3.5, 4]));
    expect(parallel.combineSync(new BigInt64Array([2n ** 62n]), 2n, 'multiply')).toEqual(
      new BigInt64Array([-(2n ** 63n)]),
    );
  });

  it('writes into an array of the caller, the one that is read included', async () => {
    const numbers = array(LARGE);
    const expected = numbers.map((x) => x * x);
    expect(await parallel.map(numbers, 'square', { into: numbers })).toBe(numbers);
    expect(equal(numbers, expected)).toBe(true);
    const into = new SharedArray('d', 3);
    expect(parallel.cumsumSync(new Float64Array([1, 2, 3]), { into })).toBe(into.array);
    expect([...into]).toEqual([1, 3, 6]);
  });

  it('cumsum ends with the sum', async () => {
    const numbers = fill(Int32Array, LARGE, 'usual', random) as Int32Array;
    expect((await parallel.cumsum(numbers)).at(-1)).toBe(await parallel.sum(numbers));
  });
});

describe('histogram and matmul', () => {
  it('counts every element of the range once', async () => {
    const numbers = array(LARGE);
    const { counts, edges } = await parallel.histogram(numbers, { bins: 100 });
    expect(counts.reduce((a, b) => a + b)).toBe(LARGE);
    expect([edges[0], edges[100]]).toEqual([parallel.minSync(numbers), parallel.maxSync(numbers)]);
    const third = numbers.filter((x) => x >= edges[3]! && x < edges[4]!).length;
    expect(counts[3]).toBe(third);
    expect(parallel.histogramSync(new Float64Array([1, 2, NaN, 9]), { bins: [0, 2, 4] }).counts).toEqual(
      new Uint32Array([1, 1]),
    );
    expect(parallel.histogramSync(new BigInt64Array([5n, 5n]), { bins: 1 }).edges).toEqual(
      new Float64Array([4.5, 5.5]),
    );
    expect(parallel.histogramSync(new Int8Array(0)).edges[10]).toBe(1);
  });

  it('multiplies matrices as the triple loop does', async () => {
    const [rows, inner, columns] = [70, 90, 40];
    const a = array(rows * inner);
    const b = array(inner * columns);
    const expected = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[k * columns + j]!;
        expected[i * columns + j] = sum;
      }
    }
    expect(equal(await parallel.matmul(a, b, { rows, inner, columns }), expected)).toBe(true);
  });
});

describe('bad input is refused at the call', () => {
  const resizable = new Float64Array(new ArrayBuffer(64, { maxByteLength: 128 } as never));
  const detached = new Float64Array(8);
  structuredClone(detached, { transfer: [detached.buffer] });
  const numbers = new Float64Array(4);
  const cases: [string, () => unknown, RegExp][] = [
    ['no array', () => parallel.sortSync([1] as never), /array must be a typed array .*, got \[ 1 \]/],
    ['a DataView', () => parallel.sumSync(new DataView(new ArrayBuffer(8)) as never), /must be a typed array/],
    ['a resizable buffer', () => parallel.sum(resizable), /resizable ArrayBuffer.*slice\(\)/],
    ['a detached buffer', () => parallel.sort(detached), /array has lost its memory/],
    [
      'other types',
      () => parallel.dotSync(numbers, new Float32Array(4) as never),
      /other must be of the same type.*Float64Array/,
    ],
    ['other lengths', () => parallel.dotSync(numbers, new Float64Array(5)), /other must have 4 elements.*got 5/],
    [
      'an unknown operation',
      () => parallel.mapSync(numbers, 'sin' as never),
      /operation must be one of negate, .*'sin'/,
    ],
    ['an operation the type has not', () => parallel.mapSync(numbers, 'not'), /a Float64Array has no operation 'not'/],
    [
      'a number that is no element',
      () => parallel.combineSync(new Uint8Array(1), 300, 'add'),
      /other must be an element of a Uint8Array, got 300/,
    ],
    [
      'a number for bigints',
      () => parallel.combineSync(new BigInt64Array(1), 3 as never, 'add'),
      /other must be a bigint/,
    ],
    [
      'bounds that cross',
      () => parallel.mapSync(numbers, 'clamp', { low: 2, high: 1 }),
      /low must be at most high, got 2 and 1/,
    ],
    [
      'into of another type',
      () => parallel.cumsumSync(new Int32Array(4), { into: new Int32Array(4) }),
      /into must be a Float64Array/,
    ],
    [
      'into that overlaps',
      () => parallel.mapSync(numbers.subarray(0, 3), 'abs', { into: numbers.subarray(1) }),
      /into must not overlap/,
    ],
    [
      'a shape that does not fit',
      () => parallel.matmulSync(numbers, numbers, { rows: 2, inner: 3, columns: 2 }),
      /a must have 6 elements, 2 rows of 3, got 4/,
    ],
    ['too great a k', () => parallel.topKSync(numbers, 5), /k must be at most 4, got 5/],
    ['no bins', () => parallel.histogramSync(numbers, { bins: 0 }), /bins must be at least 1/],
    [
      'edges that do not ascend',
      () => parallel.histogramSync(numbers, { bins: [0, 1, 1] }),
      /each greater than the one before, got 1 and 1/,
    ],
    ['no range', () => parallel.histogramSync(new Float64Array([1, NaN])), /give the range/],
    [
      'clamped results',
      () => parallel.mapSync(new Uint8ClampedArray(1) as never, 'abs'),
      /pass a Uint8Array over the same buffer/,
    ],
    [
      'a flag that is none',
      () => parallel.sortSync(numbers, { descending: 1 as never }),
      /descending must be true or false, got 1/,
    ],
  ];
  it.each(cases)('%s', async (_name, call, message) => {
    await expect(async () => call()).rejects.toThrow(message);
  });
});

describe('abort and progress', () => {
  const slow = { rows: 300, inner: 300, columns: 300 };
  const matrix = array(300 * 300);

  it('an aborted signal computes nothing', async () => {
    const numbers = new Float64Array([2, 1]);
    await expect(parallel.sort(numbers, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect([...numbers]).toEqual([2, 1]);
  });

  it('the loop runs while a kernel does, and an abort stops it between blocks', async () => {
    const controller = new AbortController();
    // Seconds of work, if nothing stopped it.
    const size = { rows: 3000, inner: 1000, columns: 3000 };
    const [a, b] = [new Float64Array(3_000_000), new Float64Array(3_000_000)];
    const product = parallel.matmul(a, b, { ...size, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 1);
    await expect(product).rejects.toThrow('enough');
  });

  it('an abort after the end changes nothing', async () => {
    const controller = new AbortController();
    expect(await parallel.sum(new Int8Array([1]), { signal: controller.signal })).toBe(1);
    controller.abort();
  });

  it('progress grows and ends with 1', async () => {
    const seen: number[] = [];
    await parallel.matmul(matrix, matrix, { ...slow, onProgress: (part) => seen.push(part) });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.every((part) => part >= 0 && part <= 1)).toBe(true);
  });

  it('what onProgress throws rejects the promise', async () => {
    const failing = {
      ...slow,
      onProgress: () => {
        throw new Error('no');
      },
    };
    await expect(parallel.matmul(matrix, matrix, failing)).rejects.toThrow('no');
  });

  it('many kernels run side by side', async () => {
    const arrays = Array.from({ length: 20 }, () => array(LARGE / 4));
    const expected = arrays.map((numbers) => numbers.slice().sort());
    const sums = arrays.map((numbers) => parallel.sumSync(numbers));
    expect(await Promise.all(arrays.map((numbers) => parallel.sum(numbers)))).toEqual(sums);
    await Promise.all(arrays.map((numbers) => parallel.sort(numbers)));
    expect(arrays.every((numbers, i) => equal(numbers, expected[i]!))).toBe(true);
  });

  it('a buffer that goes away during the work is an error', async () => {
    const numbers = array(3 * LARGE);
    const sorted = parallel.sort(numbers);
    const moved = structuredClone(numbers, { transfer: [numbers.buffer as ArrayBuffer] });
    await expect(sorted).rejects.toThrow(/detached while sort worked on it/);
    expect(moved.length).toBe(3 * LARGE);
  });
});

it('the kernels of bigints give bigints', () => {
  for (const cls of classes.filter(isBig)) {
    const numbers = fill(cls, 10, 'usual', random) as BigInt64Array;
    expect(typeof parallel.sumSync(numbers)).toBe('bigint');
    expect(typeof parallel.minSync(numbers)).toBe('bigint');
  }
});

it('the engine has kernels where it has native threads', () => {
  expect(engine.kernels !== undefined).toBe(engine.supports.nativeThreads);
});
