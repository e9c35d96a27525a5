/** ShareableList: items in shared memory, in the layout of Python's. */
import { spawnSync } from 'node:child_process';
import { engine, InvalidStateError, type Shareable, ShareableList, SharedMemory, Thread } from 'heddle';
import { afterEach, describe, expect, test } from 'vitest';

const made: ShareableList[] = [];

function list(items: Iterable<Shareable | undefined>): ShareableList {
  const made1 = new ShareableList(items);
  made.push(made1);
  return made1;
}

afterEach(() => {
  for (const each of made.splice(0)) {
    each.shm.close();
    each.shm.unlink();
  }
});

const ITEMS = [
  'howdy',
  b(1, 2),
  273.154,
  100,
  null,
  true,
  false,
  42,
  '',
  b(),
  'übergröße',
  2n ** 62n,
  -1,
  -0,
  Number.NaN,
];
function b(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

describe.runIf(engine.supports.namedSharedMemory)('ShareableList', () => {
  test('holds integers, floats, booleans, strings, bytes and nulls', () => {
    const all = list(ITEMS);
    expect([...all]).toEqual(ITEMS);
    expect(all.length).toBe(ITEMS.length);
    expect(all.format).toBe('8s8sdqxxxxxx?xxxxxxxx?xxxxxxx?q8s8s16sqqdd');
    for (const [index, item] of ITEMS.entries()) {
      expect(all.get(index)).toEqual(item);
      expect(all.get(index - ITEMS.length)).toEqual(item);
    }
    expect([...list([undefined, 5n, 2n ** 53n, Number.MAX_SAFE_INTEGER, 2 ** 60])]).toEqual([
      null,
      5,
      2n ** 53n,
      Number.MAX_SAFE_INTEGER,
      2 ** 60,
    ]);
    expect([...list([])]).toEqual([]);
  });

  test('is the same list for all who attach to it', async () => {
    const here = list(['a', 1, null]);
    const there = new ShareableList(undefined, { name: here.shm.name });
    expect([...there]).toEqual(['a', 1, null]);
    there.set(1, 2.5);
    expect(here.get(1)).toBe(2.5);
    const thread = new Thread({
      target: (list) => {
        list.set(-1, 'by a thread'.slice(0, 8));
      },
      args: [here],
    });
    await thread.start();
    await thread.join();
    expect(there.get(2)).toBe('by a thr');
    there.shm.close();
  });

  test('takes another value, of another type too, that fits the slot', () => {
    const all = list(['0123456', 1, b(1, 2, 3), null]);
    all.set(0, '12345678');
    expect(all.get(0)).toBe('12345678');
    all.set(0, 'x');
    expect(all.get(0)).toBe('x');
    expect(() => all.set(0, '123456789')).toThrow(RangeError);
    expect(() => all.set(0, 'üüüüü')).toThrow(/8 bytes/);
    expect(all.get(0)).toBe('x');
    for (const value of [true, 2n ** 63n - 1n, -(2n ** 63n), 0.5, null, 'eight by', b(9), 7]) {
      for (const index of [0, 1, 2, 3]) {
        all.set(index, value);
        expect(all.get(index)).toEqual(value);
      }
    }
    const long = list(['0123456789']);
    long.set(0, 5);
    long.set(0, 'sixteen bytes ok');
    expect(long.get(0)).toBe('sixteen bytes ok');
    expect(long.format).toBe('16s');
  });

  test('loses NULs at the end', () => {
    const all = list(['a\0\0', b(1, 0), 'b\0c']);
    expect([...all]).toEqual(['a', b(1), 'b\0c']);
  });

  test('counts and finds', () => {
    const all = list([1, 'two', 1, null, b(3), 2n ** 60n]);
    expect(all.count(1)).toBe(2);
    expect(all.count(1n)).toBe(2);
    expect(all.count(undefined)).toBe(1);
    expect(all.count('one')).toBe(0);
    expect(all.index('two')).toBe(1);
    expect(all.index(b(3))).toBe(4);
    expect(all.index(2n ** 60n)).toBe(5);
    expect(all.index(99)).toBe(-1);
  });

  test('refuses what it cannot hold, and places that are not there', () => {
    for (const item of [{}, [], Symbol('s'), () => 1, new Date()]) {
      expect(() => list([1, item as never])).toThrow(/items\[1\] must be/);
    }
    expect(() => list([2n ** 63n])).toThrow(RangeError);
    expect(() => list(['\ud800'])).toThrow(/surrogates/);
    expect(() => new ShareableList()).toThrow(TypeError);
    expect(() => new ShareableList(7 as never)).toThrow(/iterable/);
    const all = list([1, 2]);
    for (const index of [2, -3, 0.5]) {
      expect(() => all.get(index)).toThrow(RangeError);
      expect(() => all.set(index, 1)).toThrow(RangeError);
    }
    expect(() => all.get('0' as never)).toThrow(TypeError);
    expect(() => all.set(0, {} as never)).toThrow(/value must be/);
    const other = new ShareableList(undefined, { name: all.shm.name });
    other.shm.close();
    expect(() => other.get(0)).toThrow(InvalidStateError);
  });

  test('is not read from memory that holds something else', () => {
    using memory = new SharedMemory({ create: true, size: 100 });
    const attach = () => new ShareableList(undefined, { name: memory.name });
    const words = new BigInt64Array(memory.buf.buffer, 0, 12);
    for (const bytes of [[-1n], [11n], [2n, 0n, 8n, 4n], [1n, 8n, 16n], [2n, 0n, 8n, 2n ** 40n], [2n ** 62n]]) {
      words.fill(0n);
      words.set(bytes);
      expect(attach).toThrow(/holds no ShareableList/);
    }
    words.fill(0n);
    expect([...attach()]).toEqual([]);
    memory.unlink();
  });

  test.runIf(spawnSync('python3', ['-c', 'import multiprocessing.shared_memory']).status === 0)(
    'is that of Python, too',
    () => {
      const all = list(['howdy', b(1, 2), 273.5, -100, null, true, 2n ** 62n, 'übergröße']);
      const { stdout, stderr } = spawnSync(
        'python3',
        [
          '-c',
          `
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList
items = ShareableList(name=sys.argv[1])
resource_tracker.unregister(items.shm._name, 'shared_memory')
print(list(items))
items[0] = 'dry ice'
items[3] = False
items[5] = 1.25
items[4] = b'nobody'
items.shm.close()
`,
          all.shm.name,
        ],
        { encoding: 'utf8', env: { ...process.env, PYTHONIOENCODING: 'utf-8' } },
      );
      expect(stdout, stderr).toBe(
        "['howdy', b'\\x01\\x02', 273.5, -100, None, True, 4611686018427387904, 'übergröße']\n",
      );
      expect([...all]).toEqual([
        'dry ice',
        b(1, 2),
        273.5,
        false,
        Uint8Array.from(Buffer.from('nobody')),
        1.25,
        2n ** 62n,
        'übergröße',
      ]);
    },
  );
});

test.runIf(!engine.supports.namedSharedMemory)('a ShareableList says what it needs', () => {
  expect(() => new ShareableList([1])).toThrow(/namedSharedMemory/);
});
