import { ItemLane } from '../memory/layout.js';

/** Lanes: the few forms in which an item crosses a queue. The common small values need no bytes at all. */
export const Lane = {
  UNDEFINED: 1,
  NULL: 2,
  TRUE: 3,
  FALSE: 4,
  /** `item.number`. */
  NUMBER: ItemLane.NUMBER,
  /** `item.string`, well formed (no lone surrogates), so that it may pass through UTF-8. */
  STRING: ItemLane.STRING,
  /** The bytes of a Uint8Array, as they are. */
  BYTES: ItemLane.BYTES,
  /** Any other value, in the format of `wire.ts`. */
  VALUE: 8,
  /** The bytes of a Node Buffer, as they are. */
  BUFFER: ItemLane.BUFFER,
  /** ENVELOPE_BYTES bytes, the last four of them the lane of an item, and that item's payload: for who passes items on. */
  ENVELOPE: 10,
} as const;

export const ENVELOPE_BYTES = 24;

export type Lane = (typeof Lane)[keyof typeof Lane];
