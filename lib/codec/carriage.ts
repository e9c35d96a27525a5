/**
 * What of a message travels beside its bytes, through a MessagePort: the one way in which memory gets from one isolate
 * into another without being copied. The message refers to it by number.
 *
 *   listed   what the sender gives away: buffers, ports and the like. They are moved. Small buffers are written among
 *            the bytes all the same, which is quicker, and detached here.
 *   copies   large buffers that the sender keeps: copied once, here, and the copies moved, so that the receiver has
 *            nothing to copy.
 *
 * Without a port, listed buffers of any size are written among the bytes.
 */
import type { Moved } from './moved.js';

/** Copies of this size and more go beside the message. Smaller ones are quicker among its bytes: the memory that they come out into has been used before. */
export const CARRIED_BYTES = 16 * 1024 * 1024;
/** Buffers that are given away go beside the message from this size on. */
export const MOVED_BYTES = 4096;

const NONE: readonly object[] = [];

export class Carriage {
  /** There is a port. */
  readonly hasPort: boolean;
  /** What the sender gives away, each once. */
  listed: readonly object[] = NONE;
  /** What travels beside the message, by number: some of what is listed, and copies. */
  carried: readonly object[] = NONE;

  constructor(hasPort: boolean) {
    this.hasPort = hasPort;
  }

  /** The value inside of what is given away. */
  unwrap(moved: Moved): unknown {
    const more = moved.transfer.filter((item) => !this.listed.includes(item));
    if (more.length > 0) this.listed = [...this.listed, ...more];
    return moved.value;
  }

  /** Whether bytes that could travel as they are, in a message of their own, need one that leads beside it. */
  takes(bytes: Uint8Array): boolean {
    return this.hasPort && (bytes.length >= CARRIED_BYTES || this.gives(bytes.buffer as ArrayBuffer));
  }

  /** Whether a buffer is moved. */
  gives(buffer: ArrayBuffer): boolean {
    return this.hasPort && buffer.byteLength >= MOVED_BYTES && this.listed.includes(buffer);
  }

  /**
   * The number of a buffer that does not go among the bytes, of which the receiver needs `[start, end)`; -1 for others.
   * `maximum`: the length it may grow to, undefined unless the receiver's can grow as well.
   */
  numberOf(buffer: ArrayBuffer, start: number, end: number, maximum: number | undefined): number {
    if (this.gives(buffer)) return this.#add(buffer);
    if (!this.hasPort || end - start < CARRIED_BYTES || maximum !== undefined) return -1;
    return this.#add(copyOf(buffer, start, end));
  }

  /** The number of an object that is moved, and is no buffer; -1 for others. */
  numberOfObject(object: object): number {
    if (!this.hasPort || this.listed.length === 0 || !this.listed.includes(object)) return -1;
    return this.#add(object);
  }

  #add(item: object): number {
    this.carried = [...this.carried, item];
    return this.carried.length - 1;
  }

  /** What is listed and does not travel beside the message: to be detached, for its bytes have been written. */
  get written(): readonly object[] {
    return this.carried.length === 0 ? this.listed : this.listed.filter((item) => !this.carried.includes(item));
  }

  /** All that leaves this isolate: what is listed, and what travels beside the message. */
  get leaving(): readonly object[] {
    const { listed, carried } = this;
    return listed.length === 0 ? carried : [...listed, ...carried.filter((item) => !listed.includes(item))];
  }

  /**
   * Takes away from this isolate what is listed, detached here from now on; returns what travels beside the message.
   *
   * @throws DataCloneError, with nothing taken, for what cannot be moved, or is listed twice.
   */
  load(): object[] {
    const { listed, carried } = this;
    if (listed.length === 0) return [...carried];
    const moved = structuredClone(listed, { transfer: listed as unknown as ArrayBuffer[] });
    return carried.map((item) => {
      const place = listed.indexOf(item);
      return place < 0 ? item : (moved[place] as object);
    });
  }
}

/** Takes away from this isolate what is listed. @throws As `load`. */
export function detach(listed: readonly object[]): void {
  structuredClone(undefined, { transfer: listed as ArrayBuffer[] });
}

function copyOf(buffer: ArrayBuffer, start: number, end: number): ArrayBuffer {
  // Not zeroed first, and not a slice of the pool, which cannot be moved.
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(new Uint8Array(buffer, start, end - start));
  return copy.buffer as ArrayBuffer;
}
