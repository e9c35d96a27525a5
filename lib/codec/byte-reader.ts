/** The lower half of the reader: numbers and text from the bytes of `wire.ts`, none of which it trusts. */
import { engine } from '../engine/select.js';
import { SHORT_TEXT, shortText } from './short-text.js';
import { LONG_KEY, Tag } from './wire.js';

/** Keys seen before, by a hash of their bytes: reading one again makes no string. None is on Object.prototype. */
const KEY_SLOTS = 1024;
const keyCache: (string | undefined)[] = new Array(KEY_SLOTS).fill(undefined);

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

export class ByteReader {
  protected bytes: Buffer = NO_BYTES;
  protected view: DataView = NO_VIEW;
  protected source: Uint8Array | undefined;
  protected position = 0;
  /** End of the values. */
  protected end = 0;
  /** Whether Object.prototype has the key read last. */
  protected inherited = false;

  protected attach(source: Uint8Array, length: number): void {
    if (length > source.length || length < 2) throw malformed('too short');
    if (this.source === source) return;
    this.source = source;
    this.bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** The engine's scratch is worth keeping attached; bytes that belong to one message are not. */
  protected detach(): void {
    if (this.source === engine.scratch) return;
    this.source = undefined;
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
  }

  /** Before code of others runs, which may take another message into the scratch we read from. */
  protected keepBytes(): void {
    if (this.source !== engine.scratch) return;
    const copy = Buffer.allocUnsafeSlow(this.end);
    this.bytes.copy(copy, 0, 0, this.end);
    this.source = copy;
    this.bytes = copy;
    this.view = new DataView(copy.buffer);
  }

  /** Moves past `count` bytes; where they begin. */
  protected advance(count: number): number {
    const from = this.position;
    if (!(from + count <= this.end)) throw malformed('ends too early');
    this.position = from + count;
    return from;
  }

  protected byte(): number {
    return this.bytes[this.advance(1)] as number;
  }

  protected varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
      if (scale > Number.MAX_SAFE_INTEGER) throw malformed('a number is too long');
    }
    if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is too long');
    return value;
  }

  /** A count of things of at least `size` bytes each, which must fit what is left. */
  protected count(size: number): number {
    const count = this.varint();
    if (count * size > this.end - this.position) throw malformed('a count is too large');
    return count;
  }

  protected readText(): string {
    const tag = this.byte();
    if (tag >= Tag.SHORT_STRING && tag <= Tag.SHORT_STRING_MAX) return this.latin1(tag - Tag.SHORT_STRING);
    if (tag === Tag.LATIN1 || tag === Tag.UTF8 || tag === Tag.UTF16) return this.readLongText(tag);
    throw malformed('text expected');
  }

  protected readLongText(tag: number): string {
    const size = this.view.getUint32(this.advance(4), true);
    if (tag === Tag.LATIN1) return this.latin1(size);
    const from = this.advance(size);
    return this.bytes.toString(tag === Tag.UTF16 ? 'utf16le' : 'utf8', from, from + size);
  }

  protected latin1(length: number): string {
    const from = this.advance(length);
    const bytes = this.bytes;
    return length > SHORT_TEXT ? bytes.toString('latin1', from, from + length) : shortText(bytes, from, length);
  }

  protected readKey(): string {
    const length = this.byte();
    this.inherited = false;
    if (length === LONG_KEY) return this.#rareKey(this.readText());
    const from = this.advance(length);
    const bytes = this.bytes;
    let hash = length;
    for (let i = from; i < from + length; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    hash = (hash ^ (hash >>> 10)) & (KEY_SLOTS - 1);
    const known = keyCache[hash];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[from + i]) i++;
      if (i === length) return known;
    }
    const key = this.#rareKey(bytes.toString('latin1', from, from + length));
    if (!this.inherited) keyCache[hash] = key;
    return key;
  }

  /** A key of which it is not known whether Object.prototype has it, where it might be a setter or frozen. */
  #rareKey(key: string): string {
    this.inherited = key in Object.prototype;
    return key;
  }

  protected readBigInt(): bigint {
    const negative = this.byte() === 1;
    const length = this.varint();
    const from = this.advance(length);
    const magnitude = BigInt(`0x${this.bytes.toString('hex', from, from + length) || '0'}`);
    return negative ? -magnitude : magnitude;
  }
}

export function malformed(how: string): Error {
  return new TypeError(`malformed message: ${how}`);
}
