/** The contract of Queue. */
import {
  Lock,
  NotSerializableError,
  QueueEmptyError,
  QueueFullError,
  QueueShutDownError,
  Semaphore,
  TaskDoneError,
} from 'heddle';
import { Queue } from 'heddle/queue';
import { describe, expect, it } from 'vitest';
import { Queue as Word } from '#dist/memory/layout.js';
import { type Reach, references, rejection, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

const getters = (queue: object): number => waiters(queue, Word.GETTERS);
const putters = (queue: object): number => waiters(queue, Word.PUTTERS);
const joiners = (queue: object): number => waiters(queue, Word.JOINERS);

export function queueContract(reach: Reach): void {
  describe('put and get', () => {
    it('hand items over in order of arrival', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      for (let i = 0; i < 10; i++) await other!.call(queue, 'put', i);
      expect(queue.qsize()).toBe(10);
      for (let i = 0; i < 5; i++) expect(await queue.get()).toBe(i);
      for (let i = 5; i < 10; i++) expect(await other!.call(queue, 'get')).toBe(i);
      expect(queue.empty()).toBe(true);
    });

    it('hand over values of every kind', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<unknown>();
      const values = [
        undefined,
        null,
        true,
        false,
        0,
        -0,
        1.5,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        2n ** 80n,
        '',
        'héllo 🧵\0',
        '\ud800',
        [],
        [1, [2, [3]]],
        {},
        { a: { b: [null] } },
        new Map([[1, new Set(['x'])]]),
        new Date(0),
        /x/giu,
        new Uint8Array([1, 2, 3]),
        new Float64Array([0.5]),
        Buffer.from('bytes'),
        new ArrayBuffer(3),
      ];
      for (const value of values) {
        await other!.call(queue, 'put', value);
        expect(await queue.get()).toEqual(value);
      }
      const error = new RangeError('too far', { cause: 'haste' });
      await other!.call(queue, 'put', error);
      expect(await queue.get()).toMatchObject({ name: 'RangeError', message: 'too far', cause: 'haste' });
    });

    it('copy what is put, as it is at the put', async () => {
      const queue = new Queue<{ n: number }>(1);
      const item = { n: 1 };
      queue.putSync(item);
      item.n = 2;
      const waiting = queue.put(item);
      item.n = 3;
      expect(await queue.get()).toEqual({ n: 1 });
      await waiting;
      expect(await queue.get()).toEqual({ n: 2 });
    });

    it('hand over shared objects themselves', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<unknown>();
      const lock = new Lock();
      await other!.call(queue, 'put', { lock, nested: [lock, queue] });
      const item = (await queue.get()) as { lock: Lock; nested: unknown[] };
      expect(item.lock).toBe(lock);
      expect(item.nested).toEqual([lock, queue]);
      expect(item.nested[1]).toBe(queue);
    });

    it('hand over functions, with what they capture', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<(n: number) => number>();
      const lock = new Lock();
      const offset = 40;
      queue.putNowait((n) => (lock.tryAcquire() ? n + offset : -1));
      expect(await other!.run(async (queue) => (await queue.get())(2), queue)).toBe(42);
      expect(lock.locked()).toBe(true);
    });

    it('carry payloads of any size', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<Uint8Array | string>();
      for (const size of [0, 1, 8, 9, 1000, 16_384, 16_385, 1_000_000, 20_000_000]) {
        const bytes = new Uint8Array(size).fill(size % 251);
        await other!.call(queue, 'put', bytes);
        const arrived = (await queue.get()) as Uint8Array;
        expect(Buffer.compare(arrived, bytes)).toBe(0);
        const text = 'é'.repeat(Math.min(size, 1_000_000));
        await queue.put(text);
        expect((await other!.call(queue, 'get')) === text).toBe(true);
      }
    });

    it('carry small items of every size and kind through a busy queue, in order', { timeout: 60_000 }, async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<unknown>(64);
      const shared = new Lock();
      const items = Array.from({ length: 640 }, (_, i) => {
        const text = 'abcdefgh'.repeat(10).slice(0, i % 64);
        return [i, { i, text }, text, [text, i / 3], Buffer.from(text), `${text}é`, null, { shared, text }][i % 8];
      });
      const received: unknown[] = [];
      await Promise.all([
        (async () => {
          for (const item of items) await queue.put(item);
        })(),
        (async () => {
          while (received.length < items.length) received.push(await other!.call(queue, 'get'));
        })(),
      ]);
      const plain = (list: unknown[]): unknown[] =>
        list.map((item, i) => (i % 8 === 7 ? { ...(item as object), shared: undefined } : item));
      expect(plain(received)).toEqual(plain(items));
      expect(queue.empty()).toBe(true);
    });

    it('wait for an item, which lets go who has waited longest', async () => {
      const others = reach.partners(3);
      const queue = new Queue<string>();
      const got: (readonly [number, string])[] = [];
      const all = others.map(async (other, i) => {
        await until(() => getters(queue) === i);
        got.push([i, await other.call(queue, 'get')]);
      });
      await until(() => getters(queue) === 3);
      for (const item of ['first', 'second', 'third']) {
        const before = got.length;
        await queue.put(item);
        await until(() => got.length > before);
      }
      await Promise.all(all);
      expect(got).toEqual([
        [0, 'first'],
        [1, 'second'],
        [2, 'third'],
      ]);
      expect(queue.qsize()).toBe(0);
    });

    it('wait for a free place, which goes to who has waited longest', async () => {
      const others = reach.partners(3);
      const queue = new Queue<number>({ maxSize: 1 });
      queue.putNowait(0);
      expect(queue.full()).toBe(true);
      const all = others.map(async (other, i) => {
        await until(() => putters(queue) === i);
        await other.call(queue, 'put', i + 1);
      });
      await until(() => putters(queue) === 3);
      for (let i = 0; i <= 3; i++) expect(await queue.get()).toBe(i);
      await Promise.all(all);
    });

    it('do not let who comes later have what somebody waits for', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(1);
      const getting = other!.call(queue, 'get');
      await until(() => getters(queue) === 1);
      queue.putNowait(1);
      expect(() => queue.getNowait()).toThrow(QueueEmptyError);
      expect(await getting).toBe(1);
      queue.putNowait(2);
      const putting = other!.call(queue, 'put', 3);
      await until(() => putters(queue) === 1);
      expect(queue.getNowait()).toBe(2);
      expect(() => queue.putNowait(4)).toThrow(QueueFullError);
      await putting;
      expect(queue.getNowait()).toBe(3);
    });

    it('hand every item over exactly once, between many', async () => {
      const others = reach.partners(3);
      const queue = new Queue<number>(8);
      const results = new Queue<number>();
      const produce = async (queue: Queue<number>, from: number, to: number, blocking: boolean): Promise<void> => {
        for (let i = from; i < to; i++) {
          if (blocking) queue.putSync(i);
          else await queue.put(i);
        }
      };
      const consume = async (
        queue: Queue<number>,
        results: Queue<number>,
        times: number,
        blocking: boolean,
      ): Promise<void> => {
        for (let i = 0; i < times; i++) results.putNowait(blocking ? queue.getSync() : await queue.get());
      };
      await Promise.all([
        others[0]!.run(produce, queue, 0, 1000, reach.blocking),
        produce(queue, 1000, 2000, false),
        others[1]!.run(consume, queue, results, 700, reach.blocking),
        others[2]!.run(consume, queue, results, 700, reach.blocking),
        consume(queue, results, 600, false),
      ]);
      const items = results.getManySync(3000).sort((a, b) => a - b);
      expect(items).toEqual(Array.from({ length: 2000 }, (_, i) => i));
      expect(queue.empty()).toBe(true);
    });

    it('fail without an item or a place when the timeout has passed', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(1);
      await expect(other!.call(queue, 'get', { timeout: 20 })).rejects.toThrow(QueueEmptyError);
      await expect(other!.call(queue, 'get', { timeout: 0 })).rejects.toThrow('the queue is empty');
      await queue.put(1, { timeout: 0 });
      await expect(other!.call(queue, 'put', 2, { timeout: 20 })).rejects.toThrow(QueueFullError);
      await expect(other!.call(queue, 'put', 2, { timeout: 0 })).rejects.toThrow('the queue is full');
      expect(getters(queue) + putters(queue)).toBe(0);
      expect(queue.unfinishedTasks).toBe(1);
      expect(await other!.call(queue, 'get', { timeout: 0 })).toBe(1);
    });

    it('at once or not at all, with Nowait', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(1);
      expect(() => queue.getNowait()).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_QUEUE_EMPTY' }));
      await other!.call(queue, 'putNowait', 1);
      expect(() => queue.putNowait(2)).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_QUEUE_FULL' }));
      expect(queue.getNowait()).toBe(1);
    });

    it('reject with the reason of an abort, and leave the queue as it was', async () => {
      const queue = new Queue<number>(1);
      const controller = new AbortController();
      const getting = rejection(queue.get({ signal: controller.signal }));
      controller.abort('enough');
      expect(await getting).toBe('enough');
      queue.putNowait(1);
      const second = new AbortController();
      const putting = rejection(queue.put(2, { signal: second.signal }));
      second.abort('enough');
      expect(await putting).toBe('enough');
      expect(queue.getNowait()).toBe(1);
      expect(queue.empty()).toBe(true);
      expect(getters(queue) + putters(queue)).toBe(0);
    });

    it('take place when granted before an abort', async () => {
      const queue = new Queue<number>(1);
      const controller = new AbortController();
      const getting = queue.get({ signal: controller.signal });
      queue.putNowait(1);
      controller.abort();
      expect(await getting).toBe(1);
      queue.putNowait(2);
      const second = new AbortController();
      const putting = queue.put(3, { signal: second.signal });
      expect(queue.getNowait()).toBe(2);
      second.abort();
      await putting;
      expect(queue.getNowait()).toBe(3);
    });

    waitOptionsContract(
      (options) => new Queue().put(1, options),
      (options) => new Queue().putSync(1, options),
    );
    waitOptionsContract(
      (options) => filled().get(options),
      (options) => filled().getSync(options),
    );
  });

  it('refuses to put what cannot travel, naming its path, and is then as it was', async () => {
    const queue = new Queue<unknown>(1);
    const lock = new Lock();
    const bad = { lock, list: [1, { socket: Symbol('no') }] };
    await expect(queue.put(bad)).rejects.toThrow(NotSerializableError);
    await expect(queue.put(bad)).rejects.toThrow(/item\.list\[1\]\.socket/);
    expect(() => queue.putSync(bad)).toThrow(NotSerializableError);
    expect(() => queue.putNowait(bad)).toThrow(NotSerializableError);
    expect(() => queue.putManySync([1, bad])).toThrow(/items\[1\]\.list\[1\]\.socket/);
    expect(queue.qsize()).toBe(0);
    expect(queue.unfinishedTasks).toBe(0);
    queue.putNowait(1);
    await expect(queue.put(bad)).rejects.toThrow(NotSerializableError);
    expect(putters(queue)).toBe(0);
  });

  it('lets go of the shared objects in what is not put after all', async () => {
    const queue = new Queue<unknown>(1);
    const lock = new Lock();
    const item = { lock, list: [lock] };
    queue.putNowait('in the way');
    expect(references(lock)).toBe(1);
    expect(() => queue.putNowait(item)).toThrow(QueueFullError);
    expect(() => queue.putSync(item, { timeout: 1 })).toThrow(QueueFullError);
    expect(() => queue.putManySync([item, item], { timeout: 1 })).toThrow(QueueFullError);
    expect(() => queue.putManySync([item, item, Symbol('no')])).toThrow(NotSerializableError);
    await expect(queue.put(item, { timeout: 1 })).rejects.toThrow(QueueFullError);
    await expect(queue.putMany([item, item], { timeout: 1 })).rejects.toThrow(QueueFullError);
    await expect(queue.put({ item, no: Symbol('no') })).rejects.toThrow(NotSerializableError);
    const controller = new AbortController();
    const aborted = rejection(queue.put(item, { signal: controller.signal }));
    expect(references(lock)).toBeGreaterThan(1);
    controller.abort();
    await aborted;
    const waiting = rejection(queue.put(item));
    queue.shutdown();
    await waiting;
    expect(() => queue.putNowait(item)).toThrow(QueueShutDownError);
    expect(references(lock)).toBe(1);
  });

  it('lets go of the shared objects in items that are taken or dropped', async () => {
    const [other] = reach.partners(1);
    const queue = new Queue<unknown>();
    const lock = new Lock();
    queue.putNowait([lock, lock]);
    expect(references(lock)).toBe(2);
    queue.getNowait();
    expect(references(lock)).toBe(1);
    await other!.call(queue, 'put', [lock]);
    queue.putNowait(lock);
    queue.shutdown({ immediate: true });
    // Another thread keeps a reference of its own until its wrapper is collected.
    expect(references(lock)).toBe(reach.name === 'task' ? 1 : 2);
  });

  it('is unbounded without a bound, or with one of 0 or less or Infinity', () => {
    for (const queue of [
      new Queue(),
      new Queue(0),
      new Queue({}),
      new Queue(-1),
      new Queue({ maxSize: Number.POSITIVE_INFINITY }),
    ]) {
      expect(queue.maxSize).toBe(0);
      for (let i = 0; i < 1000; i++) queue.putNowait(i);
      expect(queue.full()).toBe(false);
      expect(queue.qsize()).toBe(1000);
    }
  });

  it('refuses a bound that is no integer', () => {
    expect(() => new Queue(1.5)).toThrow(RangeError);
    expect(() => new Queue(Number.NaN)).toThrow('maxSize must be an integer, got NaN');
    expect(() => new Queue({ maxSize: '3' as never })).toThrow(TypeError);
    expect(() => new Queue('3' as never)).toThrow(TypeError);
    expect(() => new Queue(2 ** 40)).toThrow(RangeError);
  });

  it('lets puts go on when its bound is raised, and makes them wait when it is lowered', async () => {
    const others = reach.partners(2);
    const queue = new Queue<number>(1);
    queue.putNowait(0);
    const all = others.map((other, i) => other.call(queue, 'put', i + 1));
    await until(() => putters(queue) === 2);
    queue.maxSize = 3;
    await Promise.all(all);
    expect(queue.qsize()).toBe(3);
    queue.maxSize = 2;
    expect(queue.maxSize).toBe(2);
    expect(() => queue.putNowait(9)).toThrow(QueueFullError);
    queue.getNowait();
    expect(() => queue.putNowait(9)).toThrow(QueueFullError);
    queue.getNowait();
    queue.putNowait(9);
    expect(() => {
      queue.maxSize = 0.5;
    }).toThrow(RangeError);
    queue.maxSize = 0;
    for (let i = 0; i < 10; i++) queue.putNowait(i);
  });

  describe('putMany and getMany', () => {
    it('hand over many at a time, in order', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      await other!.call(queue, 'putMany', [1, 2, 3, 4, 5]);
      expect(await other!.call(queue, 'getMany', 3)).toEqual([1, 2, 3]);
      expect(await queue.getMany(10)).toEqual([4, 5]);
      await queue.putMany(new Set(['a', 'b']) as never);
      expect(queue.getManySync(10)).toEqual(['a', 'b']);
      await queue.putMany([]);
      expect(queue.empty()).toBe(true);
    });

    it('wait for places, and for the first item', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(2);
      const items = Array.from({ length: 20 }, (_, i) => i);
      const putting = other!.call(queue, 'putMany', items);
      const got: number[] = [];
      while (got.length < 20) {
        const batch = await queue.getMany(5);
        expect(batch.length).toBeGreaterThan(0);
        got.push(...batch);
      }
      await putting;
      expect(got).toEqual(items);
      const getting = other!.call(queue, 'getMany', 5);
      await until(() => getters(queue) === 1);
      await queue.put(99);
      expect(await getting).toEqual([99]);
    });

    it('leave what was put before the timeout', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(2);
      await expect(other!.call(queue, 'putMany', [1, 2, 3], { timeout: 10 })).rejects.toThrow(QueueFullError);
      expect(queue.getManySync(10)).toEqual([1, 2]);
      await expect(other!.call(queue, 'getMany', 3, { timeout: 10 })).rejects.toThrow(QueueEmptyError);
    });

    it('refuse what is no iterable or number of items', async () => {
      const queue = new Queue<number>();
      await expect(queue.putMany(5 as never)).rejects.toThrow('items must be iterable');
      expect(() => queue.putManySync(undefined as never)).toThrow(TypeError);
      await expect(queue.getMany(0)).rejects.toThrow('max must be at least 1, got 0');
      expect(() => queue.getManySync(1.5)).toThrow(RangeError);
      expect(() => queue.getManySync('1' as never)).toThrow(TypeError);
    });

    waitOptionsContract(
      (options) => new Queue().putMany([1], options),
      (options) => new Queue().putManySync([1], options),
    );
    waitOptionsContract(
      (options) => filled().getMany(1, options),
      (options) => filled().getManySync(1, options),
    );
  });

  describe('taskDone and join', () => {
    it('join waits until every item put is done', async () => {
      const [first, second] = reach.partners(2);
      const queue = new Queue<number>();
      expect(await queue.join()).toBe(true);
      queue.putNowait(1);
      queue.putNowait(2);
      expect(queue.unfinishedTasks).toBe(2);
      const joins = [queue.join(), first!.call(queue, 'join')];
      await until(() => joiners(queue) === 2);
      queue.getNowait();
      queue.getNowait();
      await second!.call(queue, 'taskDone');
      expect(joiners(queue)).toBe(2);
      await second!.call(queue, 'taskDone');
      expect(await Promise.all(joins)).toEqual([true, true]);
      expect(queue.unfinishedTasks).toBe(0);
      expect(queue.joinSync()).toBe(true);
    });

    it('join gives up with false when the timeout has passed', async () => {
      const [other] = reach.partners(1);
      const queue = filled();
      expect(await other!.call(queue, 'join', { timeout: 10 })).toBe(false);
      expect(await other!.call(queue, 'join', { timeout: 0 })).toBe(false);
      const controller = new AbortController();
      const joining = rejection(queue.join({ signal: controller.signal }));
      controller.abort('enough');
      expect(await joining).toBe('enough');
      expect(joiners(queue)).toBe(0);
    });

    it('taskDone is refused when called more often than items were put', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      expect(() => queue.taskDone()).toThrow(TaskDoneError);
      queue.putNowait(1);
      queue.taskDone();
      await expect(other!.call(queue, 'taskDone')).rejects.toThrow(TaskDoneError);
    });

    waitOptionsContract(
      (options) => new Queue().join(options),
      (options) => new Queue().joinSync(options),
    );
  });

  describe('shutdown', () => {
    it('refuses puts, lets the items that are there be taken, then refuses gets', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      queue.putNowait(1);
      queue.putNowait(2);
      await other!.call(queue, 'shutdown');
      expect(queue.isShutdown).toBe(true);
      await expect(queue.put(3)).rejects.toThrow(QueueShutDownError);
      await expect(other!.call(queue, 'putNowait', 3)).rejects.toThrow('the queue is shut down');
      expect(queue.getNowait()).toBe(1);
      expect(await other!.call(queue, 'get')).toBe(2);
      expect(() => queue.getNowait()).toThrow(QueueShutDownError);
      await expect(other!.call(queue, 'get')).rejects.toThrow(QueueShutDownError);
      await expect(queue.get({ timeout: 5 })).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_HEDDLE_QUEUE_SHUT_DOWN' }),
      );
    });

    it('sends away those who wait for an item', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      const refused = [rejection(other!.call(queue, 'get')), rejection(queue.get())];
      await until(() => getters(queue) === 2);
      queue.shutdown();
      for (const error of await Promise.all(refused)) expect(error).toBeInstanceOf(QueueShutDownError);
    });

    it('sends away those who wait for a place', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(1);
      queue.putNowait(1);
      const refused = [
        rejection(other!.call(queue, 'put', 2)),
        rejection(queue.put(3)),
        rejection(queue.putMany([4, 5])),
      ];
      await until(() => putters(queue) === 3);
      queue.shutdown();
      for (const error of await Promise.all(refused)) expect(error).toBeInstanceOf(QueueShutDownError);
      expect(queue.getNowait()).toBe(1);
    });

    it('drops the items when immediate, as if they were done, and join goes on to wait for those taken before', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>();
      for (let i = 0; i < 3; i++) queue.putNowait(i);
      expect(await other!.call(queue, 'get')).toBe(0);
      const joining = other!.call(queue, 'join');
      await until(() => joiners(queue) === 1);
      queue.shutdown({ immediate: true });
      expect(queue.qsize()).toBe(0);
      expect(queue.unfinishedTasks).toBe(1);
      expect(() => queue.getNowait()).toThrow(QueueShutDownError);
      queue.taskDone();
      expect(await joining).toBe(true);
    });

    it('when immediate, lets join go that waits for nothing else', async () => {
      const [other] = reach.partners(1);
      const queue = filled();
      const joining = other!.call(queue, 'join');
      await until(() => joiners(queue) === 1);
      queue.shutdown({ immediate: true });
      expect(await joining).toBe(true);
    });

    it('is not undone by another', () => {
      const queue = filled();
      queue.shutdown({ immediate: true });
      queue.shutdown();
      expect(queue.isShutdown).toBe(true);
      expect(() => queue.getNowait()).toThrow(QueueShutDownError);
    });

    it('refuses options that are none', () => {
      expect(() => new Queue().shutdown(true as never)).toThrow(TypeError);
      expect(() => new Queue().shutdown({ immediate: 1 as never })).toThrow('immediate must be true or false, got 1');
    });

    it('happens at the end of a block of using', async () => {
      const kept: Queue<number>[] = [];
      {
        using queue = new Queue<number>();
        kept.push(queue);
      }
      {
        await using queue = new Queue<number>();
        kept.push(queue);
      }
      expect(kept.map((queue) => queue.isShutdown)).toEqual([true, true]);
    });
  });

  describe('iteration', () => {
    it('takes items until the queue is shut down and empty', async () => {
      const [other] = reach.partners(1);
      const queue = new Queue<number>(2);
      const producing = other!.run(async (queue) => {
        for (let i = 0; i < 10; i++) await queue.put(i);
        queue.shutdown();
      }, queue);
      const items: number[] = [];
      for await (const item of queue) items.push(item);
      await producing;
      expect(items).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('shares the items between several consumers', async () => {
      const others = reach.partners(2);
      const queue = new Queue<number>();
      const consume = async (queue: Queue<number>): Promise<number> => {
        let sum = 0;
        for await (const item of queue) sum += item;
        return sum;
      };
      const consumers = [consume(queue), ...others.map((other) => other.run(consume, queue))];
      for (let i = 1; i <= 100; i++) await queue.put(i);
      queue.shutdown();
      expect((await Promise.all(consumers)).reduce((a, b) => a + b)).toBe(5050);
    });

    it('can be left, with the other items still there', async () => {
      const queue = new Queue<number>();
      await queue.putMany([1, 2, 3]);
      for await (const item of queue) if (item === 2) break;
      expect(queue.getNowait()).toBe(3);
    });
  });

  it('does not hold back the items that one gets by what another does with them', async () => {
    const [other] = reach.partners(1);
    const queue = new Queue<number>(1);
    const gate = new Semaphore(0);
    const slow = other!.run(
      async (queue, gate) => {
        const item = await queue.get();
        await gate.acquire();
        return item;
      },
      queue,
      gate,
    );
    await queue.put(1);
    await queue.put(2);
    expect(await queue.get()).toBe(2);
    await turn();
    gate.release();
    expect(await slow).toBe(1);
  });
}

function filled(): Queue<number> {
  const queue = new Queue<number>();
  queue.putNowait(1);
  return queue;
}
