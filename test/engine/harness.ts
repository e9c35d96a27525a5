/** What the tests of the engine interface share: the chosen engine, and ways to begin, settle and encode. */
import { engine } from '#dist/engine/select.js';
import { CELLS_START, Cell, Discipline, FIRST_TICKET, Header, Kind, Outcome, WaiterMode } from '#dist/memory/layout.js';

export { CELLS_START, Cell, Discipline, engine, FIRST_TICKET, Header, Kind, Outcome, WaiterMode };
export const { LOOP, THREAD } = WaiterMode;
export const FOREVER = -1;

export type Item = Parameters<typeof engine.queuePut>[2];
const NO_BYTES = new Uint8Array(0);

export function number(value: number): Item {
  return { lane: 5, number: value, string: '', bytes: NO_BYTES, length: 0, handles: [] };
}
export function string(value: string): Item {
  return { lane: 6, number: 0, string: value, bytes: NO_BYTES, length: 0, handles: [] };
}
export function bytes(value: Uint8Array, handles: number[] = [], lane = 7): Item {
  return { lane, number: 0, string: '', bytes: value, length: value.length, handles };
}

/** The key of a number: see `native/core/priority_key.h`. */
export function numberKey(value: number): Uint8Array {
  const key = new Uint8Array(10);
  const view = new DataView(key.buffer);
  view.setFloat64(1, value);
  const negative = (key[1]! & 0x80) !== 0;
  for (let i = 1; i < 9; i++) key[i] = negative ? ~key[i]! : key[i]!;
  if (!negative) key[1]! |= 0x80;
  key[0] = 0x10;
  return key;
}

/** The key of a string without NUL. */
export function stringKey(value: string): Uint8Array {
  return Uint8Array.from([0x20, ...new TextEncoder().encode(value), 0, 0]);
}

/** Takes an item whose bytes, if any, are copied out of the scratch memory. */
export function take(handle: number, reserved = false): unknown {
  const value = engine.queueTake(handle, reserved);
  return value === undefined && engine.out[0]! > 0 ? engine.scratch.slice(0, engine.out[1]) : value;
}

/** All tickets that are ready now: [ticket, outcome, value]. */
export function drainAll(): [number, number, number][] {
  const all: [number, number, number][] = [];
  for (;;) {
    const count = engine.drain();
    for (let i = 0; i < count; i++) {
      all.push([engine.ready[3 * i]!, engine.ready[3 * i + 1]!, engine.ready[3 * i + 2]!]);
    }
    if (3 * count < engine.ready.length) return all;
  }
}

/** Waits, in slices, for a begin in mode THREAD; from now on for `timeout` ms at most. */
export function block(begun: number, timeout = FOREVER): number {
  const deadline = performance.now() + timeout;
  let outcome = begun;
  if (begun >= FIRST_TICKET) {
    do outcome = engine.wait(begun, timeout < 0 ? FOREVER : Math.max(0, deadline - performance.now()));
    while (outcome === Outcome.PENDING);
  }
  return outcome;
}

/** Resolves once `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

export function state(handle: number): number {
  return Atomics.load(engine.words, handle + Cell.STATE);
}
export function references(handle: number): number {
  return Atomics.load(engine.words, handle + Cell.REFS);
}
export function liveCells(): number {
  return Atomics.load(engine.words, Header.CELLS_LIVE);
}
