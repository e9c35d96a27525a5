/** The fallback's heap: blocks never overlap, freed memory merges and is used again, exhaustion is told. */
import { describe, expect, test } from 'vitest';
import { Heap, UNIT_BYTES } from '#dist/engine/fallback/heap.js';
import { classSize, sizeClass } from '#dist/engine/fallback/size-class.js';
import { engine } from './harness.js';

const MEGABYTE = 2 ** 20;
const PENDING = 3;

function heapOf(maxByteLength: number) {
  const buffer = new SharedArrayBuffer(8 * MEGABYTE, { maxByteLength });
  const journals = new Int32Array(new SharedArrayBuffer(4096));
  return { heap: new Heap(buffer, journals, 0, () => false), buffer, journals };
}

describe.runIf(engine.name === 'fallback')('the heap of the fallback', () => {
  test('size classes are the smallest that fit', () => {
    for (let size = 1; size < 3000; size++) {
      const cls = sizeClass(size);
      expect(classSize(cls)).toBeGreaterThanOrEqual(size);
      if (cls > 0) expect(classSize(cls - 1)).toBeLessThan(size);
      expect(classSize(cls)).toBeLessThanOrEqual(size * 1.25 + 1);
    }
  });

  test('blocks of all sizes keep their contents among random others, and all of them can be freed', () => {
    const { heap } = heapOf(512 * MEGABYTE);
    let seed = 42;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    const blocks: { unit: number; bytes: number; mark: number }[] = [];
    const check = ({ unit, bytes, mark }: (typeof blocks)[number]) => {
      const at = unit * UNIT_BYTES;
      expect([heap.bytes[at], heap.bytes[at + bytes - 1]]).toEqual([mark, mark]);
    };
    for (let step = 0; step < 20_000; step++) {
      if (blocks.length < 300 && random(5) < 3) {
        const bytes = 1 + random([60, 500, 5000, 40_000, 400_000][random(5)]!);
        const unit = heap.allocate(bytes, PENDING);
        expect(unit).toBeGreaterThan(0);
        const block = { unit, bytes, mark: random(256) };
        heap.bytes.fill(block.mark, unit * UNIT_BYTES, unit * UNIT_BYTES + bytes);
        blocks.push(block);
      } else if (blocks.length > 0) {
        const [block] = blocks.splice(random(blocks.length), 1);
        check(block!);
        heap.free(block!.unit, PENDING);
      }
    }
    blocks.forEach(check);
    for (const { unit } of blocks) heap.free(unit, PENDING);
    expect(heap.liveBytes).toBe(0);
    // What is left is in one piece, but for a page kept by each class of small blocks.
    expect(heap.allocate(400 * MEGABYTE, PENDING)).toBeGreaterThan(0);
  });

  test('the journal names a block from its allocation until somebody clears it, and not after it is freed', () => {
    const { heap, journals } = heapOf(16 * MEGABYTE);
    for (const bytes of [1, 30_000, 300_000]) {
      const unit = heap.allocate(bytes, PENDING);
      expect(journals[PENDING]).toBe(unit);
      heap.free(unit, PENDING);
      expect(journals[PENDING]).toBe(0);
    }
  });

  test('memory that cannot be had is 0, and what is freed can be had again', () => {
    const { heap } = heapOf(16 * MEGABYTE);
    expect(heap.allocate(64 * MEGABYTE, PENDING)).toBe(0);
    const units: number[] = [];
    for (let unit = heap.allocate(MEGABYTE, PENDING); unit !== 0; unit = heap.allocate(MEGABYTE, PENDING))
      units.push(unit);
    expect(units.length).toBeGreaterThanOrEqual(10);
    for (const unit of units) heap.free(unit, PENDING);
    expect(heap.allocate(units.length * MEGABYTE, PENDING)).toBeGreaterThan(0);
  });

  test('a fresh block says so only when it reads as zero', () => {
    const { heap } = heapOf(64 * MEGABYTE);
    for (let round = 0; round < 6; round++) {
      const unit = heap.allocate(MEGABYTE * (1 + (round % 3)), PENDING);
      const bytes = heap.bytes.subarray(unit * UNIT_BYTES, unit * UNIT_BYTES + MEGABYTE);
      if (heap.fresh) expect(bytes.every((byte) => byte === 0)).toBe(true);
      else expect(round).toBeGreaterThan(0);
      bytes.fill(1);
      heap.free(unit, PENDING);
    }
  });

  test('views made by one thread reach what another has allocated since', () => {
    const { heap, buffer, journals } = heapOf(256 * MEGABYTE);
    const other = new Heap(buffer, journals, 1, () => false);
    const unit = heap.allocate(100 * MEGABYTE, PENDING);
    const last = unit * UNIT_BYTES + 100 * MEGABYTE - 1;
    heap.bytes[last] = 77;
    other.reach(unit, 100 * MEGABYTE);
    expect(other.bytes[last]).toBe(77);
    other.free(unit, PENDING);
  });
});
