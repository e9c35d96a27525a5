/**
 * The ArrayBuffers of a message. Views of one ArrayBuffer share one on the other side too; what travels
 * of it is the range that they span, which is known when all of them have been met.
 */

/** Buffers of memory that is shared (a SharedArray's), a copy of which is never what was meant. */
const sharedBuffers = new WeakSet<ArrayBufferLike>();

/** Has the codec refuse views of `buffer`, as it refuses those of a SharedArrayBuffer. */
export function markShared(buffer: ArrayBufferLike): void {
  sharedBuffers.add(buffer);
}

/** Whether other threads see what is written to `buffer`. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return !(buffer instanceof ArrayBuffer) || sharedBuffers.has(buffer);
}

/** A detached buffer has no bytes, and cannot be viewed. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}

const resizable = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable')?.get;
const maxByteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'maxByteLength')?.get;

/** Aligned so that a view of any type keeps its alignment. */
const ALIGNMENT = 8;

export class OutgoingBuffer {
  readonly buffer: ArrayBuffer;
  start: number;
  end: number;
  alone = false;

  constructor(buffer: ArrayBuffer, start: number, end: number) {
    this.buffer = buffer;
    this.start = start - (start % ALIGNMENT);
    this.end = end;
  }

  /** Of which nothing but the range travels, and which no view joins. */
  static exactly(buffer: ArrayBuffer, start: number, end: number): OutgoingBuffer {
    const outgoing = new OutgoingBuffer(buffer, start, end);
    outgoing.start = start;
    outgoing.alone = true;
    return outgoing;
  }

  include(start: number, end: number): void {
    this.start = Math.min(this.start, start - (start % ALIGNMENT));
    this.end = Math.max(this.end, end);
  }

  /** The length it may grow to; undefined unless it is resizable and travels whole. */
  get maximum(): number | undefined {
    const whole = this.start === 0 && this.end === this.buffer.byteLength;
    return whole && resizable?.call(this.buffer) ? (maxByteLength?.call(this.buffer) as number) : undefined;
  }
}

/** The number of `buffer` among `buffers`, to which it is added. */
export function numberOf(buffers: OutgoingBuffer[], buffer: ArrayBuffer, start: number, end: number): number {
  const known = buffers.findIndex((outgoing) => outgoing.buffer === buffer && !outgoing.alone);
  if (known < 0) return buffers.push(new OutgoingBuffer(buffer, start, end)) - 1;
  (buffers[known] as OutgoingBuffer).include(start, end);
  return known;
}
