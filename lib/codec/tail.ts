/** The handles of a message where they lie, for who passes messages on and decodes none. */
import { ENVELOPE_BYTES, Lane } from './lanes.js';
import { HAS_TAIL } from './wire.js';

/**
 * Calls `change` with each handle of an item and writes what it returns in its place.
 */
export function changeHandles(lane: number, bytes: Uint8Array, change: (handle: number) => number): void {
  if (lane !== Lane.ENVELOPE && (lane !== Lane.VALUE || bytes[0] !== HAS_TAIL)) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (lane === Lane.ENVELOPE) {
    changeHandles(view.getInt32(ENVELOPE_BYTES - 4, true), bytes.subarray(ENVELOPE_BYTES), change);
    return;
  }
  let at = view.getUint32(bytes.length - 4, true);
  let count = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++] as number;
    count += (byte & 127) * shift;
    if (byte < 128) break;
  }
  for (; count > 0; count--, at += 4) view.setUint32(at, change(view.getUint32(at, true)), true);
}

/** The handles of an item. */
export function handlesOf(lane: number, bytes: Uint8Array): number[] {
  const handles: number[] = [];
  changeHandles(lane, bytes, (handle) => {
    handles.push(handle);
    return handle;
  });
  return handles;
}
