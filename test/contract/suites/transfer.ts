/** The contract of Executor: arguments and results that are moved, and large ones that are copied. */
import { once } from 'node:events';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { CancelledError, Event, move, NotSerializableError, Queue, WorkerLostError } from 'heddle';
import { describe, expect, it } from 'vitest';
import type { ExecutorKind } from '../executors.js';
import * as tasks from '../fixtures/tasks.mjs';
import { rejection } from '../reach.js';
import { occupy } from './gates.js';

/** Sizes of all the ways in which bytes may travel. */
const sizes = [1, 31, 1000, 5000, 100_000, 2_000_000];

/** Bytes that can be told from others. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

function areRaised(bytes: Uint8Array, length: number): boolean {
  return bytes.length === length && bytes.every((byte, i) => byte === ((i * 7 + 1) & 0xff));
}

function same(one: ArrayBufferView, other: ArrayBufferView): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(
    Buffer.from(other.buffer, other.byteOffset, other.byteLength),
  );
}

export function transferContract(kind: ExecutorKind): void {
  describe('what is moved', () => {
    it.each(sizes)('goes there and back, and leaves nothing behind: %i bytes', async (size) => {
      const executor = kind.make({ maxWorkers: 1 });
      const bytes = bytesOf(size);
      const back = executor.options({ transfer: [bytes.buffer as ArrayBuffer] }).submit(tasks.raiseAndMove, bytes);
      expect(bytes.length).toBe(0);
      expect(areRaised(await back, size)).toBe(true);
      expect(await executor.submit(tasks.lengthOfGiven)).toBe(0);
    });

    it.each(sizes)('may be marked where it stands, and come from an async task: %i bytes', async (size) => {
      const executor = kind.make({ maxWorkers: 1, concurrency: 3 });
      const bytes = bytesOf(size);
      const back = executor.submit(tasks.raiseAndMoveLater, move(bytes));
      expect(bytes.length).toBe(0);
      expect(areRaised(await back, size)).toBe(true);
    });

    it('is waited for without an event loop', () => {
      const executor = kind.make({ maxWorkers: 2 });
      for (const size of sizes)
        expect(areRaised(executor.submit(tasks.raiseAndMove, move(bytesOf(size))).resultSync(), size)).toBe(true);
    });

    it('is moved whole, once, with all views of it', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (const size of [64, 6400]) {
        const buffer = new ArrayBuffer(size);
        const views = [new Uint8Array(buffer, 8, 16), new Uint16Array(buffer, 2, 5), Buffer.from(buffer, 3, 4)];
        const given = executor.options({ transfer: [buffer] }).submit(tasks.describeViews, views as Uint8Array[]);
        const [descriptions, one] = await given;
        expect(buffer.byteLength).toBe(0);
        expect(descriptions.map(([name, , length]) => [name, length])).toEqual([
          ['Uint8Array', 16],
          ['Uint16Array', 5],
          ['Buffer', 4],
        ]);
        if (size > 4096 && kind.moves) {
          expect(one).toBe(true);
          expect(descriptions.map(([, offset, , whole]) => [offset, whole])).toEqual([
            [8, size],
            [2, size],
            [3, size],
          ]);
        }
      }
    });

    it('may stand anywhere, beside what is copied', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const [moved, copied] = [bytesOf(10_000), bytesOf(20)];
      const back = await executor.submit(tasks.moveInside, move(moved));
      expect(back.first).toEqual(bytesOf(10_000));
      expect(back.second.buffer).toBe(back.first.buffer);
      const both = executor.submit(tasks.identity, {
        deep: [move({ moved: back.first, copied }, [back.first.buffer as ArrayBuffer])],
      });
      expect([back.first.length, copied.length]).toEqual([0, 20]);
      expect(await both).toEqual({ deep: [{ moved: bytesOf(10_000), copied: bytesOf(20) }] });
    });

    it('may be the items and results of map', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const items = Array.from({ length: 40 }, (_, i) => bytesOf(i * 500));
      const results = executor.map(
        tasks.raiseAndMove,
        items.map((item) => move(item)),
        { chunkSize: 3 },
      );
      expect((await results.toArray()).every((bytes, i) => areRaised(bytes, i * 500))).toBe(true);
      expect(items.every(({ length }) => length === 0)).toBe(true);
    });

    it('waits in line as all do, by priority, and behind more tasks than an executor keeps at hand', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const { gate } = await occupy(executor, 1);
      const futures = [3, 1, 2].map((priority) =>
        executor.options({ priority }).submit(tasks.raiseAndMove, move(bytesOf(9000))),
      );
      const others = Array.from({ length: 66_000 }, () => executor.options({ priority: 5 }).submit(tasks.nothing));
      const late = executor.options({ priority: 5 }).submit(tasks.raiseAndMove, move(bytesOf(9001)));
      gate.set();
      expect((await Promise.all(futures)).every((bytes) => areRaised(bytes, 9000))).toBe(true);
      expect(areRaised(await late, 9001)).toBe(true);
      await Promise.all(others);
    });

    it('runs on whichever worker is free', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const { gate } = await occupy(executor, 1);
      const futures = Array.from({ length: 50 }, () => executor.submit(tasks.raiseAndMove, move(bytesOf(5000))));
      expect((await Promise.all(futures)).every((bytes) => areRaised(bytes, 5000))).toBe(true);
      gate.set();
    });

    it('holds up no worker while its sender has no time for it', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      await executor.submit(tasks.nothing);
      const done = new Event();
      const futures = Array.from({ length: 5 }, () => executor.submit(tasks.raiseAndMove, move(bytesOf(7000))));
      const other = executor.submit(tasks.setAndMove, done, new Uint8Array(1));
      // This thread sees to nothing until then.
      done.waitSync();
      expect((await Promise.all(futures)).every((bytes) => areRaised(bytes, 7000))).toBe(true);
      expect((await other).length).toBe(1);
    });

    it('comes back and goes again, time after time', async () => {
      const executor = kind.make({ maxWorkers: 2, maxTasksPerChild: 400 });
      let bytes = bytesOf(5000);
      const expected = bytesOf(5000);
      for (let round = 0; round < 1000; round++) {
        const sent = executor.submit(tasks.raiseAndMove, move(bytes));
        expect(bytes.length).toBe(0);
        // Others come between, that bring nothing, and such that have to be sent for.
        if (round % 7 === 0) expect(await executor.submit(tasks.square, round)).toBe(round * round);
        if (round % 11 === 0)
          expect((await executor.submit(tasks.raiseAndMove, move(bytesOf(6000)))).length).toBe(6000);
        bytes = round % 5 === 0 ? sent.resultSync() : await sent;
        for (let i = 0; i < expected.length; i++) expected[i]!++;
        if (!same(bytes, expected)) expect(bytes).toEqual(expected);
      }
    });

    it('is not lost with a worker that dies between tasks', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      for (let round = 0; round < 6; round++) {
        await executor.submit(tasks.exitSoon);
        for (let i = 0; i < 5; i++)
          expect(areRaised(await executor.submit(tasks.raiseAndMove, move(bytesOf(5000))), 5000)).toBe(true);
      }
    });

    it('is lost to its sender also when the task is cancelled', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      const counter = new Queue<number>();
      let cancelled = 0;
      for (let round = 0; round < 300; round++) {
        const bytes = bytesOf(5000);
        const future = executor.submit(tasks.countAndMove, counter, move(bytes));
        expect(bytes.length).toBe(0);
        for (const until = performance.now() + (round % 30) / 100; performance.now() < until; );
        if (future.cancel()) {
          cancelled++;
          expect(await rejection(future.result())).toBeInstanceOf(CancelledError);
        } else expect((await future).length).toBe(5000);
      }
      await executor.shutdown();
      expect(counter.qsize()).toBe(300 - cancelled);
    });

    it('ends with an executor that is shut down before the task has begun', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const counter = new Queue<number>();
      const futures = Array.from({ length: 20 }, () =>
        executor.submit(tasks.countAndMove, counter, move(bytesOf(5000))),
      );
      const settled = Promise.allSettled(futures);
      await executor.shutdown({ cancelFutures: true });
      const ran = (await settled).filter(({ status }) => status === 'fulfilled').length;
      expect(counter.qsize()).toBe(ran);
    });

    it('goes on to the next of workers that take few tasks each', async () => {
      const executor = kind.make({ maxWorkers: 2, maxTasksPerChild: 2 });
      const futures = Array.from({ length: 12 }, () => executor.submit(tasks.raiseAndMove, move(bytesOf(5000))));
      expect((await Promise.all(futures)).every((bytes) => areRaised(bytes, 5000))).toBe(true);
    });

    it('is there for other workers when one has died', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const lost = executor.submit(tasks.exit, 3);
      const futures = Array.from({ length: 5 }, () => executor.submit(tasks.raiseAndMove, move(bytesOf(5000))));
      expect(await rejection(lost.result())).toBeInstanceOf(WorkerLostError);
      expect((await Promise.all(futures)).every((bytes) => areRaised(bytes, 5000))).toBe(true);
    });

    it.runIf(kind.shares)('can be given by a worker too', async () => {
      const executor = kind.make({ maxWorkers: 2 });
      for (const size of sizes) expect(await executor.submit(tasks.submitMoved, executor, size)).toEqual([0, size, 2]);
    });

    it('is checked', async () => {
      const executor = kind.make({ maxWorkers: 1 });
      const bytes = bytesOf(5000);
      const transfer = (list: unknown) => () =>
        executor.options({ transfer: list as [] }).submit(tasks.identity, bytes);
      expect(transfer([bytes])).toThrow(/^transfer\[0\] must be an ArrayBuffer.*list its buffer$/);
      expect(transfer([5])).toThrow(/^transfer\[0\] must be an ArrayBuffer.*got 5$/);
      expect(() => move({ bytes })).toThrow(/^value must be an ArrayBuffer.*list what is moved in transfer$/);
      expect(() => move(bytes, 5 as never)).toThrow('transfer must be an array, got 5');
      const twice = [bytes.buffer, bytes.buffer] as ArrayBuffer[];
      // With a worker that looks for a task, and with one that does not.
      for (let i = 0; i < 200; i++) {
        expect(() => executor.options({ transfer: twice }).submit(tasks.identity, bytes)).toThrow(/duplicate/);
        expect((await executor.submit(tasks.raiseAndMove, move(bytesOf(5000)))).length).toBe(5000);
      }
      expect(bytes.length).toBe(5000);
      expect(await rejection(executor.submit(tasks.moveTwice, bytes).result())).toBeInstanceOf(Error);
      structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
      expect(() => executor.submit(tasks.identity, bytes)).toThrow(NotSerializableError);
    });
  });

  if (kind.moves)
    describe('ports', () => {
      it('can be moved to a worker', async () => {
        const executor = kind.make({ maxWorkers: 1 });
        const { port1, port2 } = new MessageChannel();
        const heard = once(port1, 'message');
        await executor.options({ transfer: [port2] }).submit(tasks.answer, port2, 'hello');
        expect((await heard)[0]).toBe('hello');
        port1.close();
      });

      it('can be moved back', async () => {
        const executor = kind.make({ maxWorkers: 1 });
        const port = await executor.submit(tasks.openPort);
        expect(receiveMessageOnPort(port)).toEqual({ message: 'from the worker' });
        port.close();
      });
    });

  describe('what is copied', () => {
    it.each(sizes)('stays with the sender and arrives: %i bytes', async (size) => {
      const executor = kind.make({ maxWorkers: 1 });
      const bytes = bytesOf(size);
      const pool = Buffer.from(bytes);
      const floats = new Float64Array(size);
      floats[size - 1] = 0.5;
      expect(same(await executor.submit(tasks.copyOf, bytes), bytes)).toBe(true);
      const all = await executor.submit(tasks.identity, { bytes, pool, again: bytes, floats, part: bytes.subarray(1) });
      expect(same(all.bytes, bytes)).toBe(true);
      expect(all.again).toBe(all.bytes);
      expect(all.part.buffer).toBe(all.bytes.buffer);
      expect(Buffer.isBuffer(all.pool) && all.pool.equals(pool)).toBe(true);
      expect(all.floats instanceof Float64Array && same(all.floats, floats)).toBe(true);
      expect([bytes, pool, floats].map(({ length }) => length)).toEqual([size, size, size]);
    });
  });
}
