/** The lower half of the writer: room, numbers and text, in the format of `wire.ts`. */
import { END_OF_KEYS, LONG_KEY, SMALL_INT_MAX, SMALL_INT_MIN, Tag } from './wire.js';

const FIRST_SCRATCH = 16 * 1024;
/** Scratch that one large value needed is not kept for the next. */
const KEPT_SCRATCH = 256 * 1024;
/** Strings up to this length are written character by character. */
const SHORT_TEXT = 31;
/** Room for a text up to this length is taken for the worst case; the bytes of a longer one are counted. */
const COUNTED_TEXT = 4096;

export class ByteWriter {
  /** What is written so far is `bytes[0, position)`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_SCRATCH);
  position = 0;
  protected view = new DataView(this.bytes.buffer);

  /** Lets go of what a large message needed. The bytes stay with whoever took them. */
  shrink(): void {
    if (this.bytes.length <= KEPT_SCRATCH) return;
    this.bytes = Buffer.allocUnsafeSlow(FIRST_SCRATCH);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` bytes more. */
  protected reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count + 64));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  protected tag(tag: number): void {
    this.reserve(1);
    this.bytes[this.position++] = tag;
  }

  protected varint(value: number): void {
    this.reserve(8);
    while (value > 0x7fffffff) {
      this.bytes[this.position++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    while (value > 127) {
      this.bytes[this.position++] = (value & 127) | 128;
      value >>>= 7;
    }
    this.bytes[this.position++] = value;
  }

  protected writeNumber(value: number): void {
    this.reserve(9);
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= SMALL_INT_MIN && value <= SMALL_INT_MAX) {
        this.bytes[this.position++] = Tag.SMALL_INT + value - SMALL_INT_MIN;
        return;
      }
      this.bytes[this.position] = Tag.INT32;
      this.view.setInt32(this.position + 1, value, true);
      this.position += 5;
      return;
    }
    this.bytes[this.position] = Tag.FLOAT64;
    this.view.setFloat64(this.position + 1, value, true);
    this.position += 9;
  }

  protected writeString(text: string): void {
    const length = text.length;
    if (length <= SHORT_TEXT) {
      this.reserve(1 + length);
      const bytes = this.bytes;
      let position = this.position;
      bytes[position++] = Tag.SHORT_STRING + length;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 255) return this.#writeLongString(text);
        bytes[position++] = unit;
      }
      this.position = position;
      return;
    }
    this.#writeLongString(text);
  }

  #writeLongString(text: string): void {
    const length = text.length;
    if (!text.isWellFormed()) {
      this.reserve(5 + 2 * length);
      this.bytes[this.position] = Tag.UTF16;
      this.view.setUint32(this.position + 1, 2 * length, true);
      this.position += 5 + this.bytes.write(text, this.position + 5, 'utf16le');
      return;
    }
    // The length is known only when the text is written: its place is kept until then.
    const most = length > COUNTED_TEXT ? Buffer.byteLength(text, 'utf8') : 3 * length;
    this.reserve(5 + most);
    const start = this.position;
    const size = this.bytes.write(text, start + 5, 'utf8');
    // As many bytes as characters: all ASCII, of which Latin-1 is the cheaper reading.
    this.bytes[start] = size === length ? Tag.LATIN1 : Tag.UTF8;
    this.view.setUint32(start + 1, size, true);
    this.position = start + 5 + size;
  }

  protected writeKey(key: string): void {
    const length = key.length;
    if (length < END_OF_KEYS) {
      this.reserve(1 + length);
      const bytes = this.bytes;
      let position = this.position;
      bytes[position++] = length;
      let all = 0;
      for (let i = 0; i < length; i++) {
        const unit = key.charCodeAt(i);
        all |= unit;
        bytes[position++] = unit;
      }
      if (all <= 255) {
        this.position = position;
        return;
      }
    }
    this.tag(LONG_KEY);
    this.writeString(key);
  }

  protected writeBigInt(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.reserve(9);
      this.bytes[this.position] = Tag.BIGINT64;
      this.view.setBigInt64(this.position + 1, value, true);
      this.position += 9;
      return;
    }
    const negative = value < 0n;
    let hex = (negative ? -value : value).toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    const size = hex.length / 2;
    this.tag(Tag.BIGINT);
    this.tag(negative ? 1 : 0);
    this.varint(size);
    this.reserve(size);
    this.bytes.write(hex, this.position, 'hex');
    this.position += size;
  }

  protected uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }
}
