/**
 * Messages on a stream of bytes, as Python's `multiprocessing.connection` has them: the length in 4 bytes, the highest
 * first, and the bytes; beyond 2^31 - 1, -1 in 4 bytes and the length in 8.
 */
import { constants } from 'node:buffer';

const SHORT = 4;
const LONG = 12;
const LONGEST_SHORT = 0x7fffffff;
/** Chunks are joined up to this many bytes. */
const SMALL = 16 * 1024;

/** A message with its length before it, in memory of its own. */
export function frame(message: Uint8Array): Uint8Array {
  const isLong = message.length > LONGEST_SHORT;
  const header = isLong ? LONG : SHORT;
  const framed = Buffer.allocUnsafeSlow(header + message.length);
  framed.writeInt32BE(isLong ? -1 : message.length);
  if (isLong) framed.writeBigUInt64BE(BigInt(message.length), SHORT);
  framed.set(message, header);
  return framed;
}

/** No length at all: somebody speaks another language. */
export const BAD_LENGTH = -1;
/** Not known so far. */
export const UNKNOWN = -2;

/** Bytes as they come, until they are a message. Takes no memory before the bytes are there, whatever length they announce. */
export class Frames {
  #chunks: Buffer[] = [];
  /** Bytes that have come and not been taken. */
  size = 0;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const last = this.#chunks.at(-1);
    // Bytes that come one by one would take a hundred times their size.
    if (last !== undefined && last.length + chunk.length <= SMALL)
      this.#chunks[this.#chunks.length - 1] = Buffer.concat([last, chunk]);
    else this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** Length of the message that comes next, UNKNOWN or BAD_LENGTH. */
  next(): number {
    if (this.size < SHORT) return UNKNOWN;
    const short = this.#head(SHORT).readInt32BE(0);
    if (short >= 0) return short;
    if (short !== -1) return BAD_LENGTH;
    if (this.size < LONG) return UNKNOWN;
    const long = this.#head(LONG).readBigUInt64BE(SHORT);
    return long > BigInt(constants.MAX_LENGTH) ? BAD_LENGTH : Number(long);
  }

  /** Takes the message of that length, which `next()` told; undefined while it is not there as a whole. */
  take(length: number): Uint8Array | undefined {
    const header = this.#head(SHORT).readInt32BE(0) < 0 ? LONG : SHORT;
    if (this.size < header + length) return undefined;
    const message = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer, 0, length);
    // The header lies in the first chunk: see #head.
    let start = header;
    let at = 0;
    let whole = 0;
    for (;;) {
      const chunk = this.#chunks[whole] as Buffer;
      const end = Math.min(chunk.length, start + length - at);
      message.set(chunk.subarray(start, end), at);
      at += end - start;
      if (end < chunk.length) this.#chunks[whole] = chunk.subarray(end);
      else whole++;
      if (at === length) break;
      start = 0;
    }
    this.#chunks.splice(0, whole);
    this.size -= header + length;
    return message;
  }

  /** The first bytes in one piece. */
  #head(length: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= length) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
