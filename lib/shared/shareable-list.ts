/**
 * ShareableList: a list of small values in shared memory, laid out as Python lays out its own, so that both can read
 * one. Python: `multiprocessing.shared_memory.ShareableList`.
 *
 *   8 bytes                 how many items, n
 *   8 bytes × (n + 1)       where the slot of each begins, and where the last ends, from the start of the slots
 *   slots                   8 bytes, or 8 × (⌊length / 8⌋ + 1) for a string or bytes
 *   8 bytes × n             format of each item: q, d, xxxxxxx?, 24s, xxxxxx?x
 *   1 byte × n              what it is read back as: see Kind
 *
 * An item is written format last: a reader sees the old value, the new one, or, in between, a mixture of
 * both, as Python's does. Whoever needs more holds a lock.
 */
import { registerClass } from '../codec/codec.js';
import { requireInteger, requireOptions, show } from '../engine/arguments.js';
import { SharedMemory } from './shared-memory.js';

/** What a ShareableList holds. An integer is read back as a number, beyond 2^53 as a bigint; undefined as null. */
export type Shareable = number | bigint | boolean | string | Uint8Array | null;

/** Options of `ShareableList`. */
export interface ShareableListOptions {
  /** Name of its shared memory: of a new one with items, to attach to without. */
  name?: string | undefined;
  /** See `SharedMemory`. Default: true. */
  track?: boolean | undefined;
}

const Kind = { NUMBER: 0, STRING: 1, BYTES: 2, NONE: 3 } as const;
const ALIGNMENT = 8;
const INTEGER = 'q';
const FLOAT = 'd';
const BOOLEAN = 'xxxxxxx?';
const NONE = 'xxxxxx?x';
const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;
/** A format has 8 characters. */
const LONGEST = 9_999_999 - ALIGNMENT;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An item as it is written. */
interface Packed {
  readonly kind: number;
  /** Undefined for a string or bytes, whose slot tells. */
  readonly format: string | undefined;
  /** As many bytes as the slot needs at least. */
  readonly bytes: Uint8Array;
}

function eightBytes(write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(ALIGNMENT));
  write(view);
  return new Uint8Array(view.buffer);
}

function pack(name: string, value: unknown): Packed {
  switch (typeof value) {
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return packInteger(BigInt(value));
      return { kind: Kind.NUMBER, format: FLOAT, bytes: eightBytes((view) => view.setFloat64(0, value, true)) };
    case 'bigint':
      if (value < LEAST || value > MOST) throw new RangeError(`${name} must be an integer of 64 bits, got ${value}`);
      return packInteger(value);
    case 'boolean':
      return { kind: Kind.NUMBER, format: BOOLEAN, bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, value ? 1 : 0) };
    case 'string':
      if (!value.isWellFormed()) throw new TypeError(`${name} must be a string without lone surrogates`);
      return packText(name, Kind.STRING, encoder.encode(value));
    default:
      if (value === null || value === undefined)
        return { kind: Kind.NONE, format: NONE, bytes: new Uint8Array(ALIGNMENT) };
      if (value instanceof Uint8Array) return packText(name, Kind.BYTES, value);
      throw new TypeError(
        `${name} must be a number, bigint, boolean, string, Uint8Array, null or undefined, got ${show(value)}`,
      );
  }
}

function packInteger(value: bigint): Packed {
  return { kind: Kind.NUMBER, format: INTEGER, bytes: eightBytes((view) => view.setBigInt64(0, value, true)) };
}

function packText(name: string, kind: number, bytes: Uint8Array): Packed {
  if (bytes.length > LONGEST) throw new RangeError(`${name} must have at most ${LONGEST} bytes, got ${bytes.length}`);
  return { kind, format: undefined, bytes };
}

function slotSize({ format, bytes }: Packed): number {
  return format === undefined ? ALIGNMENT * (Math.floor(bytes.length / ALIGNMENT) + 1) : ALIGNMENT;
}

function withoutTrailingNuls(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.slice(0, end);
}

/**
 * A list of fixed length in shared memory, of numbers, booleans, strings, bytes and nulls. Every process that has its
 * name, a Python program too, sees what is written to it. A string or bytes may be replaced by one that fits the slot of the
 * first, the next multiple of 8 bytes above its length; all else fits everywhere. NULs at the end of a string
 * or bytes are lost.
 *
 * It travels, as its shared memory does, by name.
 *
 * Python: `multiprocessing.shared_memory.ShareableList`.
 *
 * @example
 * ```ts
 * import { engine, ShareableList } from 'heddle';
 *
 * if (engine.supports.namedSharedMemory) {
 *   const list = new ShareableList(['howdy', 273, 1.5, true, null]);
 *   const again = new ShareableList(undefined, { name: list.shm.name });
 *   again.set(1, 274);
 *   console.log(list.get(1) === 274);
 *   again.shm.close();
 *   list.shm.close();
 *   list.shm.unlink();
 * }
 * ```
 */
export class ShareableList implements Iterable<Shareable> {
  /** Its memory: to close, and, by the last who needs it, to unlink. */
  readonly shm: SharedMemory;
  /** How many items there are. */
  readonly length: number;
  readonly #offsets: readonly number[];

  /**
   * @param items The items of a new list. Without them the list attaches to the one that `options.name` names.
   * @throws TypeError or RangeError for an item that it cannot hold, or when there are neither items nor a name, or when the
   * memory holds no list; otherwise as `SharedMemory`.
   */
  constructor(items?: Iterable<Shareable | undefined>, options?: ShareableListOptions) {
    requireOptions('options', options);
    if (items === undefined) {
      if (options?.name === undefined)
        throw new TypeError('items must be given for a new list, or a name to attach to');
      this.shm = new SharedMemory({ name: options.name });
      this.#offsets = this.#readOffsets();
      this.length = this.#offsets.length - 1;
      return;
    }
    if (typeof (items as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function')
      throw new TypeError(`items must be iterable, got ${show(items)}`);
    const packed = Array.from(items, (item, index) => pack(`items[${index}]`, item));
    const offsets = [0];
    for (const item of packed) offsets.push((offsets.at(-1) as number) + slotSize(item));
    this.#offsets = offsets;
    this.length = packed.length;
    this.shm = new SharedMemory({ name: options?.name, create: true, size: this.#size, track: options?.track });
    const view = this.#view;
    for (const [index, offset] of offsets.entries()) view.setBigInt64(ALIGNMENT * (index + 1), BigInt(offset), true);
    for (const [index, item] of packed.entries()) this.#write(index, item);
    // Last: until then it reads as a list of nothing.
    view.setBigInt64(0, BigInt(this.length), true);
  }

  /**
   * The item at `index`; a negative index counts from the end. Python: `list[index]`.
   *
   * @throws RangeError when there is none; InvalidStateError once its memory is closed.
   */
  get(index: number): Shareable {
    const place = this.#place(index);
    const bytes = this.#slot(place);
    switch (this.shm.buf[this.#kinds + place]) {
      case Kind.NONE:
        return null;
      case Kind.STRING:
        return decoder.decode(withoutTrailingNuls(bytes));
      case Kind.BYTES:
        return withoutTrailingNuls(bytes);
      default:
        return this.#number(place, bytes);
    }
  }

  /**
   * Replaces the item at `index`, by one of another type too. Python: `list[index] = value`.
   *
   * @throws RangeError when there is no such item, or a string or bytes do not fit its slot; TypeError for what it cannot hold.
   */
  set(index: number, value: Shareable | undefined): void {
    const place = this.#place(index);
    const packed = pack('value', value);
    const room = this.#slotBytes(place);
    if (packed.bytes.length > room) {
      throw new RangeError(
        `value must fit the ${room} bytes that item ${index} was made with, but it has ${packed.bytes.length}`,
      );
    }
    this.#write(place, packed);
  }

  /** The formats of all items, as Python's `struct` has them. Python: `format`. */
  get format(): string {
    return Array.from({ length: this.length }, (_, place) => this.#formatAt(place)).join('');
  }

  /** How many items are equal to `value`. */
  count(value: Shareable | undefined): number {
    let count = 0;
    for (const item of this) if (same(item, value)) count++;
    return count;
  }

  /** The place of the first item that is equal to `value`; -1 when there is none, where Python raises ValueError. */
  index(value: Shareable | undefined): number {
    let place = 0;
    for (const item of this) {
      if (same(item, value)) return place;
      place++;
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<Shareable, void, undefined> {
    for (let place = 0; place < this.length; place++) yield this.get(place);
  }

  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.shm.buf;
    return new DataView(buffer, byteOffset, byteLength);
  }

  get #slots(): number {
    return ALIGNMENT * (this.#offsets.length + 1);
  }

  get #formats(): number {
    return this.#slots + (this.#offsets.at(-1) as number);
  }

  get #kinds(): number {
    return this.#formats + ALIGNMENT * (this.#offsets.length - 1);
  }

  get #size(): number {
    return this.#kinds + this.#offsets.length - 1;
  }

  #slotBytes(place: number): number {
    return (this.#offsets[place + 1] as number) - (this.#offsets[place] as number);
  }

  #slot(place: number): Uint8Array {
    const start = this.#slots + (this.#offsets[place] as number);
    return this.shm.buf.subarray(start, start + this.#slotBytes(place));
  }

  #formatAt(place: number): string {
    const start = this.#formats + ALIGNMENT * place;
    return Buffer.from(withoutTrailingNuls(this.shm.buf.subarray(start, start + ALIGNMENT))).toString('latin1');
  }

  #number(place: number, bytes: Uint8Array): Shareable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const format = this.#formatAt(place);
    switch (format) {
      case INTEGER: {
        const value = view.getBigInt64(0, true);
        const number = Number(value);
        return Number.isSafeInteger(number) ? number : value;
      }
      case FLOAT:
        return view.getFloat64(0, true);
      case BOOLEAN:
        return bytes[ALIGNMENT - 1] !== 0;
      default:
        throw new TypeError(
          `item ${place} of the shared memory '${this.shm.name}' is of an unknown format, ${show(format)}`,
        );
    }
  }

  #write(place: number, { kind, format, bytes }: Packed): void {
    const slot = this.#slot(place);
    slot.set(bytes);
    // Of what was longer.
    if (format === undefined) slot.fill(0, bytes.length);
    const start = this.#formats + ALIGNMENT * place;
    const text = (format ?? `${slot.length}s`).padEnd(ALIGNMENT, '\0');
    this.shm.buf.set(Buffer.from(text, 'latin1'), start);
    this.shm.buf[this.#kinds + place] = kind;
  }

  #place(index: number): number {
    requireInteger('index', index, -this.length, this.length - 1);
    return index < 0 ? index + this.length : index;
  }

  /** What others may have written: any bytes are a list, or none. */
  #readOffsets(): readonly number[] {
    const view = this.#view;
    const offsets: number[] = [];
    const size = view.byteLength;
    const count = size < 2 * ALIGNMENT ? -1n : view.getBigInt64(0, true);
    if (count >= 0n && count <= BigInt(Math.floor(size / ALIGNMENT) - 2)) {
      for (let i = 0; i <= Number(count); i++) offsets.push(Number(view.getBigInt64(ALIGNMENT * (i + 1), true)));
    }
    const rising = offsets.every((offset, i) =>
      i === 0 ? offset === 0 : offset >= (offsets[i - 1] as number) + ALIGNMENT,
    );
    if (offsets.length > 0 && rising) {
      const end =
        ALIGNMENT * (offsets.length + 1) + (offsets.at(-1) as number) + (ALIGNMENT + 1) * (offsets.length - 1);
      if (end <= size) return offsets;
    }
    this.shm.close();
    throw new TypeError(`the shared memory '${this.shm.name}' holds no ShareableList`);
  }
}

/** Equal as Python's items are: by what they hold. */
function same(item: Shareable, value: Shareable | undefined): boolean {
  if (item instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(item, value) === 0;
  // As written: 5n reads back as 5.
  if (typeof item === 'number' && typeof value === 'bigint')
    return Number.isSafeInteger(item) && BigInt(item) === value;
  return item === (value ?? null);
}

registerClass<ShareableList, string>(ShareableList, {
  name: 'heddle:ShareableList',
  encode: (list) => list.shm.name,
  decode: (name) => new ShareableList(undefined, { name }),
});
