/** Items that pass through an isolate which decodes none of them. Whoever has one owns the references in it. */
import { Lane } from '../codec/lanes.js';
import { handlesOf } from '../codec/tail.js';
import type { EncodedItem, Handle } from '../engine/engine.js';
import { encodedItem } from '../engine/item-payload.js';
import { engine } from '../engine/select.js';

export interface RawItem {
  readonly lane: number;
  readonly value: number | string | Uint8Array;
}

export const NOTHING: RawItem = { lane: Lane.UNDEFINED, value: new Uint8Array(0) };

/** An encoded item, with its references, in memory of its own. */
export function rawOf({ lane, number, string, bytes, length }: EncodedItem): RawItem {
  if (lane === Lane.NUMBER) return { lane, value: number };
  // Of a Buffer, `slice` would be a view.
  return { lane, value: lane === Lane.STRING ? string : Uint8Array.prototype.slice.call(bytes, 0, length) };
}

/** And back. */
export function encodedOf(item: RawItem): EncodedItem {
  return encodedItem(item.lane, item.value, handlesIn(item));
}

/** The handles in an item. */
export function handlesIn({ lane, value }: RawItem): Handle[] {
  return value instanceof Uint8Array ? handlesOf(lane, value) : [];
}

/** Drops an item that nobody will decode. */
export function dropRaw(item: RawItem): void {
  for (const handle of handlesIn(item)) engine.release(handle);
}
