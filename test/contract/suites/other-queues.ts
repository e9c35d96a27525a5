/** The contracts of LifoQueue, PriorityQueue and SimpleQueue: in what they differ from Queue. */
import { QueueEmptyError, QueueFullError, QueueShutDownError } from 'heddle';
import { LifoQueue, type PriorityKey, PriorityQueue, Queue, SimpleQueue } from 'heddle/queue';
import { describe, expect, it } from 'vitest';
import { Queue as Word } from '#dist/memory/layout.js';
import { type Reach, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function lifoQueueContract(reach: Reach): void {
  it('hands out the newest item first', async () => {
    const [other] = reach.partners(1);
    const queue = new LifoQueue<number>();
    for (let i = 0; i < 4; i++) await other!.call(queue, 'put', i);
    expect(await queue.get()).toBe(3);
    queue.putNowait(9);
    expect(await other!.call(queue, 'getMany', 10)).toEqual([9, 2, 1, 0]);
  });

  it('is a Queue in everything else', async () => {
    const [other] = reach.partners(1);
    const queue = new LifoQueue<number>({ maxSize: 1 });
    expect(queue).toBeInstanceOf(Queue);
    queue.putNowait(1);
    expect(() => queue.putNowait(2)).toThrow(QueueFullError);
    const echo = await other!.run((queue) => [queue], queue);
    expect(echo[0]).toBe(queue);
    expect(await other!.run((queue) => queue.constructor.name, queue)).toBe('LifoQueue');
    queue.shutdown({ immediate: true });
    await expect(other!.call(queue, 'get')).rejects.toThrow(QueueShutDownError);
  });
}

/** As Python compares: undefined where the two cannot be compared. */
function compare(a: PriorityKey, b: PriorityKey): number | undefined {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compare(a[i], b[i]);
      if (order !== 0) return order;
    }
    return Math.sign(a.length - b.length);
  }
  if (typeof a === 'string' && typeof b === 'string') {
    const [left, right] = [Array.from(a), Array.from(b)].map((text) =>
      text.map((char) => char.codePointAt(0) as number),
    );
    return compare(left as number[], right as number[]);
  }
  if (a instanceof Date && b instanceof Date) return Math.sign(a.getTime() - b.getTime());
  const [left, right] = [a, b].map((value) => (typeof value === 'boolean' ? Number(value) : value));
  if (typeof left === 'object' || typeof right === 'object') return undefined;
  if (typeof left === 'string' || typeof right === 'string') return undefined;
  return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0;
}

/** Keys of every kind that often are nearly equal, the same in every run. */
function* keys(count: number): Generator<PriorityKey> {
  let state = 99;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const one = (depth: number): PriorityKey => {
    switch (next(depth > 2 ? 8 : 12)) {
      case 0:
        return next(5) - 2;
      case 1:
        return (next(2001) - 1000) / 7;
      case 2:
        return next(2) === 0;
      case 3:
        return BigInt(next(5) - 2);
      case 4:
        return (next(2) === 0 ? -1n : 1n) * (2n ** BigInt(next(1000)) + BigInt(next(3) - 1));
      case 5:
        return (next(2) === 0 ? -1 : 1) * 2 ** (next(2000) - 1000);
      case 6:
        return new Date(next(3));
      case 7:
        return Array.from({ length: next(4) }, () => ['\0', 'a', 'b', '\u{ffff}', '🧵', 'é'][next(6)]).join('');
      default:
        return Array.from({ length: next(4) }, () => one(depth + 1));
    }
  };
  for (let i = 0; i < count; i++) yield one(0);
}

async function sorted<T>(queue: PriorityQueue<T>, items: readonly T[]): Promise<T[]> {
  for (const item of items) await queue.put(item);
  return queue.getMany(items.length);
}

export function priorityQueueContract(reach: Reach): void {
  it('hands out the smallest first', async () => {
    const [other] = reach.partners(1);
    const queue = new PriorityQueue<number>();
    const items = Array.from({ length: 200 }, (_, i) => (i * 7919) % 211);
    await other!.call(queue, 'putMany', items);
    expect(await other!.call(queue, 'getMany', 300)).toEqual(items.toSorted((a, b) => a - b));
  });

  it('compares arrays element by element', async () => {
    const queue = new PriorityQueue<(number | string)[]>();
    expect(await sorted(queue, [[3, 'abc'], [0, 'ccc'], [3], [3, 'abb'], []])).toEqual([
      [],
      [0, 'ccc'],
      [3],
      [3, 'abb'],
      [3, 'abc'],
    ]);
    const nested = new PriorityQueue<PriorityKey>();
    expect(
      await sorted<PriorityKey>(nested, [
        [[1, 2], 3],
        [[1], 9],
        [[], 5],
      ]),
    ).toEqual([
      [[], 5],
      [[1], 9],
      [[1, 2], 3],
    ]);
  });

  it('compares numbers, bigints and booleans by value', async () => {
    const queue = new PriorityQueue<number | bigint | boolean>();
    const order = [
      Number.NEGATIVE_INFINITY,
      -(2n ** 100n),
      -(2 ** 53) - 2,
      -(2n ** 53n) - 1n,
      -1.5,
      -5e-324,
      false,
      5e-324,
      true,
      2,
      3n,
      2 ** 53,
      2n ** 53n + 1n,
      2n ** 64n - 1n,
      2n ** 64n,
      2n ** 64n + 1n,
      Number.MAX_VALUE,
      Number.POSITIVE_INFINITY,
    ];
    const shuffled = order.toSorted((a, b) => String(a).localeCompare(String(b)));
    expect(await sorted(queue, shuffled)).toEqual(order);
  });

  it('compares strings by code points', async () => {
    const queue = new PriorityQueue<string>();
    const order = [
      '',
      '\0',
      '\0\0',
      '\0a',
      'A',
      'a',
      'a\0',
      'aa',
      'b',
      'é',
      '\u07ff',
      '\u0800',
      '\uffff',
      '🧵',
      '🧵🧵',
    ];
    expect(await sorted(queue, order.toReversed())).toEqual(order);
  });

  it('compares any two keys as Python does', { timeout: 60_000 }, () => {
    const all = [...keys(400)];
    const failures: unknown[] = [];
    for (let i = 0; i < all.length; i++) {
      for (let j = i % 7; j < all.length; j += 7) {
        const [a, b] = [all[i] as PriorityKey, all[j] as PriorityKey];
        const queue = new PriorityQueue<readonly [PriorityKey, string]>({ priority: ([key]) => key });
        queue.putNowait([a, 'a']);
        let order: number | undefined;
        try {
          queue.putNowait([b, 'b']);
          order = queue.getNowait()[1] === 'b' ? 1 : 0;
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
        }
        const expected = compare(a, b);
        if (order !== (expected === undefined ? undefined : Math.max(0, expected)))
          failures.push([a, b, order, expected]);
      }
    }
    expect(failures).toEqual([]);
  });

  it('compares dates by time, and with dates only', async () => {
    const queue = new PriorityQueue<Date>();
    const [early, late] = [new Date(-1), new Date('2020-01-01')];
    expect(await sorted(queue, [late, early])).toEqual([early, late]);
    queue.putNowait(late);
    expect(() => queue.putNowait(5 as never)).toThrow(TypeError);
  });

  it('hands out equal ones in order of arrival', async () => {
    const [other] = reach.partners(1);
    const queue = new PriorityQueue<[number, number]>({ priority: ([key]) => key });
    const items = Array.from({ length: 60 }, (_, i): [number, number] => [i % 3, i]);
    for (const item of items) queue.putNowait(item);
    expect(await other!.call(queue, 'getMany', 60)).toEqual(items.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  });

  it('takes zero of either sign, and a number and a bigint of one value, as equal', async () => {
    const queue = new PriorityQueue<PriorityKey>();
    expect(await sorted<PriorityKey>(queue, [0, -0, 0n, false])).toEqual([0, -0, 0n, false]);
    expect(await sorted<PriorityKey>(queue, [2n ** 70n, 2 ** 70])).toEqual([2n ** 70n, 2 ** 70]);
  });

  it('orders by what the priority option returns', async () => {
    const queue = new PriorityQueue<{ name: string; rank: number }>({ maxSize: 5, priority: (item) => -item.rank });
    const items = [1, 3, 2].map((rank) => ({ name: `n${rank}`, rank }));
    expect((await sorted(queue, items)).map((item) => item.rank)).toEqual([3, 2, 1]);
    expect(queue.maxSize).toBe(5);
  });

  it('takes its priority option along to the other side', async () => {
    const [other] = reach.partners(1);
    const queue = new PriorityQueue<string>({ priority: (text) => text.length });
    queue.putNowait('two');
    await other!.call(queue, 'put', 'o');
    await other!.call(queue, 'put', 'three');
    await other!.call(queue, 'put', '');
    expect(await other!.call(queue, 'getMany', 5)).toEqual(['', 'o', 'two', 'three']);
  });

  describe.each([
    ['NaN', Number.NaN, 'item is NaN'],
    ['an object', {}, 'item cannot be ordered'],
    ['null', null, 'item cannot be ordered'],
    ['undefined', undefined, 'item is undefined'],
    ['an array with an object in it', [1, [{}]], /item\[1\]\[0\] cannot be ordered/],
    ['an invalid date', new Date(Number.NaN), 'item is an invalid Date'],
  ])('refuses %s', (_name, item, message) => {
    it('with TypeError, and is then as it was', async () => {
      const queue = new PriorityQueue<unknown>();
      queue.putNowait([1]);
      await expect(queue.put(item)).rejects.toThrow(TypeError);
      await expect(queue.put(item)).rejects.toThrow(message);
      expect(() => queue.putSync(item)).toThrow(TypeError);
      expect(() => queue.putNowait(item)).toThrow(TypeError);
      expect(queue.qsize()).toBe(1);
      expect(queue.unfinishedTasks).toBe(1);
      expect(queue.getNowait()).toEqual([1]);
    });
  });

  it.each([
    ['a string among numbers', 1, 'a'],
    ['a number among strings', 'a', 1],
    ['a number among arrays', [1], 1],
    ['a tie that ends in incomparable elements', [0, 'a'], [0, 1]],
    ['a date among numbers', 1, new Date(1)],
  ])('refuses %s, and is then as it was', async (_name, first, second) => {
    const [other] = reach.partners(1);
    const queue = new PriorityQueue<unknown>();
    queue.putNowait(first);
    await expect(other!.call(queue, 'put', second)).rejects.toThrow(TypeError);
    expect(() => queue.putNowait(second)).toThrow(/cannot be compared/);
    expect(queue.qsize()).toBe(1);
    expect(queue.unfinishedTasks).toBe(1);
    queue.putNowait(first);
    expect(queue.getManySync(3)).toEqual([first, first]);
  });

  it('does not compare what an earlier element has decided', () => {
    const queue = new PriorityQueue<unknown[]>();
    queue.putNowait([1, 'a']);
    queue.putNowait([0, 5]);
    queue.putNowait([2, {}.constructor.name]);
    expect(queue.getNowait()).toEqual([0, 5]);
  });

  it('refuses integers that are too large, and arrays that contain themselves', () => {
    const queue = new PriorityQueue<unknown>();
    expect(() => queue.putNowait(2n ** 1024n)).toThrow(RangeError);
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => queue.putNowait(endless)).toThrow('nested more than 100 levels deep');
    expect(queue.empty()).toBe(true);
  });

  it('refuses a priority that is no function', () => {
    expect(() => new PriorityQueue({ priority: 'rank' as never })).toThrow("priority must be a function, got 'rank'");
  });

  it('passes on what the priority function throws', async () => {
    const failure = new Error('no rank');
    const queue = new PriorityQueue({
      priority: () => {
        throw failure;
      },
    });
    await expect(queue.put(1)).rejects.toBe(failure);
    expect(queue.empty()).toBe(true);
  });

  it('keeps the priority of what waits for a place', async () => {
    const others = reach.partners(2);
    const queue = new PriorityQueue<number>(1);
    queue.putNowait(5);
    const all = [others[0]!.call(queue, 'put', 9), others[1]!.call(queue, 'put', 1)];
    await until(() => waiters(queue, Word.PUTTERS) === 2);
    queue.maxSize = 0;
    await Promise.all(all);
    expect(await queue.getMany(3)).toEqual([1, 5, 9]);
  });
}

export function simpleQueueContract(reach: Reach): void {
  it('hands items over in order of arrival, without a bound', async () => {
    const [other] = reach.partners(1);
    const queue = new SimpleQueue<number>();
    expect(queue.empty()).toBe(true);
    for (let i = 0; i < 100; i++) await other!.call(queue, 'put', i);
    expect(queue.qsize()).toBe(100);
    for (let i = 0; i < 100; i++) expect(i % 2 ? queue.getSync() : await other!.call(queue, 'get')).toBe(i);
  });

  it('makes gets wait for an item', async () => {
    const [other] = reach.partners(1);
    const queue = new SimpleQueue<string>();
    const getting = other!.call(queue, 'get');
    await until(() => waiters(queue) === 1);
    queue.putSync('bone');
    expect(await getting).toBe('bone');
    await expect(other!.call(queue, 'get', { timeout: 10 })).rejects.toThrow(QueueEmptyError);
    expect(() => queue.getNowait()).toThrow(QueueEmptyError);
  });

  it('has no join, taskDone, shutdown or bound', () => {
    const queue = new SimpleQueue() as unknown as Record<string, unknown>;
    for (const name of ['join', 'taskDone', 'shutdown', 'full', 'maxSize', 'putNowait'])
      expect(queue[name]).toBe(undefined);
  });

  it('comes to an end with its block of using', async () => {
    const kept: SimpleQueue[] = [];
    {
      using queue = new SimpleQueue();
      queue.putSync(1);
      kept.push(queue);
    }
    expect(kept[0]!.getNowait()).toBe(1);
    await expect(kept[0]!.get()).rejects.toThrow(QueueShutDownError);
  });

  waitOptionsContract(
    (options) => new SimpleQueue().put(1, options),
    (options) => new SimpleQueue().putSync(1, options),
  );
}
