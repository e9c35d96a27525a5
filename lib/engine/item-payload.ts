/** Items of queues as bytes, for who passes them on from one arena to another. */
import { ItemLane } from '../memory/layout.js';
import type { EncodedItem, Handle } from './engine.js';

const NO_BYTES = new Uint8Array(0);

/** The payload of an item as bytes. */
export function payloadOf(lane: number, value: number | string | Uint8Array): Uint8Array {
  if (lane === ItemLane.NUMBER) return new Uint8Array(new Float64Array([value as number]).buffer);
  // Unit for unit: lone surrogates survive.
  if (lane === ItemLane.STRING) return Buffer.from(value as string, 'utf16le');
  return value as Uint8Array;
}

/** The payload of an encoded item as bytes. */
export function payloadOfItem({ lane, number, string, bytes, length }: EncodedItem): Uint8Array {
  if (lane === ItemLane.NUMBER) return payloadOf(lane, number);
  return lane === ItemLane.STRING ? payloadOf(lane, string) : bytes.subarray(0, length);
}

/** And back. */
export function itemValueOf(lane: number, payload: Uint8Array): number | string | Uint8Array {
  if (lane === ItemLane.NUMBER) return new Float64Array(payload.slice().buffer)[0] as number;
  if (lane === ItemLane.STRING)
    return Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf16le');
  return payload.slice();
}

/** An item to be put again. */
export function encodedItem(lane: number, value: number | string | Uint8Array, handles: Handle[]): EncodedItem {
  const item: EncodedItem = { lane, number: 0, string: '', bytes: NO_BYTES, length: 0, handles };
  if (lane === ItemLane.NUMBER) item.number = value as number;
  else if (lane === ItemLane.STRING) item.string = value as string;
  else {
    item.bytes = value as Uint8Array;
    item.length = item.bytes.length;
  }
  return item;
}
