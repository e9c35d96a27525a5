/** What a putter that died in the middle of a put leaves in the ring of a queue is no item. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { Discipline, ItemLane, Kind, PUTS_BEFORE_RING, Queue, RING_ENTRIES } from '#dist/memory/layout.js';
import { allItemsIn, itemsIn } from '#dist/queues/counts.js';

describe.skipIf(engine.name !== 'native')('a blank entry', () => {
  let queue: number;
  const put = (number: number) => {
    const item = { lane: ItemLane.NUMBER, number, string: '', bytes: new Uint8Array(0), length: 0, handles: [] };
    return engine.queuePut(queue, false, item, undefined);
  };
  const take = () => engine.queueTake(queue, false);
  const dieInAPut = async () => {
    await once(new Worker(new URL('./fixtures/half-a-put.mjs', import.meta.url), { workerData: { queue } }), 'exit');
  };

  beforeEach(() => {
    queue = engine.create(Kind.QUEUE);
    engine.queueInit(queue, Discipline.FIFO, 0);
    for (let i = 0; i < PUTS_BEFORE_RING; i++) put(i);
    for (let i = 0; i < PUTS_BEFORE_RING; i++) take();
    expect(engine.words[queue + Queue.RING]).not.toBe(0);
  });
  afterEach(() => engine.disown(queue));

  it('does not count', async () => {
    await dieInAPut();
    expect(itemsIn(queue)).toBe(0);
    put(1);
    await dieInAPut();
    put(2);
    await dieInAPut();
    for (let left = 2; left > 0; left--) {
      expect(itemsIn(queue)).toBe(left);
      expect(allItemsIn(queue)).toBe(left);
      expect(take()).toBe(3 - left);
    }
    expect(itemsIn(queue)).toBe(0);
    expect(take()).toBeUndefined();
    put(3);
    expect(itemsIn(queue)).toBe(1);
  });

  it('does not count in whichever ring', async () => {
    let items = 0;
    for (let part = 0; part < 3; part++) {
      await dieInAPut();
      for (let i = 0; i < RING_ENTRIES; i++) put(items++);
      expect(itemsIn(queue)).toBe(items);
    }
    for (let i = 0; i < items; i++) {
      expect(itemsIn(queue)).toBe(items - i);
      expect(take()).toBe(i);
    }
    expect(itemsIn(queue)).toBe(0);
  });
});
