/**
 * The middle of the reader: what a message keeps account of beside its values. The objects made so
 * far, by number, and the handles, modules and buffers of its tail, of which every handle is adopted
 * or released exactly once.
 */
import type { Handle } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { wordsAt } from '../engine/words-at.js';
import { CELLS_START, Cell, FAR_RINGS_START, Kind, WORDS_PER_CELL } from '../memory/layout.js';
import { ByteReader, malformed } from './byte-reader.js';
import { CARRIED, HAS_TAIL, NO_TAIL } from './wire.js';

/** Stands for an object that is announced but not made yet. */
export const UNMADE = Symbol('unmade');

interface BufferEntry {
  readonly buffer: ArrayBuffer;
  readonly start: number;
}

/** Nothing travels beside the message. */
export const NOTHING: readonly unknown[] = [];
const NO_BUFFERS: readonly BufferEntry[] = [];
const NO_HANDLES: readonly Handle[] = [];

export class MessageReader extends ByteReader {
  protected objects: unknown[] = [];
  protected noted = 0;
  protected deferred: unknown[] = [];
  protected neededUrls: string[] = [];
  protected handles: readonly Handle[] = NO_HANDLES;
  protected taken: boolean[] = [];
  #buffers: readonly BufferEntry[] = NO_BUFFERS;
  /** What came beside the message. */
  protected carried: readonly unknown[] = NOTHING;

  /** Modules that must be loaded before the message can be decoded. */
  modules(source: Uint8Array, length: number): string[] {
    if (source[0] !== HAS_TAIL) return [];
    this.attach(source, length);
    const modules: string[] = [];
    this.position = this.#tailOffset(length);
    this.end = length - 4;
    const handles = this.count(4);
    this.advance(4 * handles);
    for (let count = this.count(1); count > 0; count--) modules.push(this.readText());
    this.#forget();
    return modules;
  }

  /** Throws for a message that refers to objects of the arena, or has modules loaded, before anything is touched. */
  protected refuseReferences(source: Uint8Array, length: number): void {
    if (source[0] !== HAS_TAIL) return;
    this.attach(source, length);
    try {
      this.position = this.#tailOffset(length);
      this.end = length - 4;
      if (this.varint() !== 0) throw malformed('shared objects do not travel over sockets');
      if (this.varint() !== 0) throw malformed('modules are not loaded for what comes over sockets');
    } finally {
      this.#forget();
    }
  }

  /** Releases the references of a message that nobody will decode. */
  release(source: Uint8Array, length: number): void {
    if (source[0] !== HAS_TAIL) return;
    this.attach(source, length);
    this.position = this.#tailOffset(length);
    this.end = length - 4;
    this.#readHandles();
    this.closeMessage();
  }

  protected openMessage(source: Uint8Array, length: number): void {
    this.attach(source, length);
    this.end = length;
    if (source[0] === HAS_TAIL) {
      const tail = this.#tailOffset(length);
      this.position = tail;
      this.end = length - 4;
      this.#readHandles();
      try {
        for (let count = this.count(1); count > 0; count--) this.neededUrls.push(this.readText());
        this.#readBuffers();
        if (this.position !== this.end) throw malformed('bytes are left over');
      } catch (error) {
        this.closeMessage();
        throw error;
      }
      this.end = tail;
    } else if (source[0] !== NO_TAIL) {
      throw malformed(`unknown format ${source[0]}`);
    }
    this.position = 1;
  }

  #tailOffset(length: number): number {
    if (length < 9) throw malformed('too short');
    const tail = this.view.getUint32(length - 4, true);
    if (tail < 2 || tail > length - 7) throw malformed('no tail');
    return tail;
  }

  #readHandles(): void {
    const count = this.count(4);
    if (count === 0) return;
    const handles: Handle[] = [];
    for (let i = 0; i < count; i++) {
      const handle = this.view.getUint32(this.advance(4), true);
      if (!isObjectHandle(handle)) throw malformed('a handle of nothing');
      handles.push(handle);
    }
    this.handles = handles;
    this.taken = handles.map(() => false);
  }

  #readBuffers(): void {
    const count = this.count(3);
    if (count === 0) return;
    const buffers: BufferEntry[] = [];
    for (let i = 0; i < count; i++) {
      const start = this.varint();
      const length = this.varint();
      const form = this.varint();
      if (form === CARRIED) {
        const buffer = this.carried[length];
        if (!(buffer instanceof ArrayBuffer)) throw malformed('a buffer that did not come with it');
        buffers.push({ buffer, start });
        continue;
      }
      const from = this.advance(length);
      // Without a maximum it is made from memory that is not zeroed first.
      const buffer = form === 0 ? unzeroed(length) : new ArrayBuffer(length, { maxByteLength: form - 2 });
      new Uint8Array(buffer).set(this.bytes.subarray(from, from + length));
      buffers.push({ buffer, start });
    }
    this.#buffers = buffers;
  }

  /** Releases what was not adopted and lets go of everything. */
  protected closeMessage(): void {
    if (this.handles !== NO_HANDLES) {
      for (const [i, handle] of this.handles.entries()) if (!this.taken[i]) engine.release(handle);
      this.handles = NO_HANDLES;
      this.taken = [];
    }
    this.#forget();
  }

  #forget(): void {
    if (this.noted > 64) this.objects = [];
    else for (let i = 0; i < this.noted; i++) this.objects[i] = undefined;
    this.noted = 0;
    if (this.deferred.length > 0) this.deferred.length = 0;
    if (this.neededUrls.length > 0) this.neededUrls = [];
    this.#buffers = NO_BUFFERS;
    this.carried = NOTHING;
    this.detach();
  }

  /** Gives an object its number. */
  protected note<T>(object: T): T {
    this.objects[this.noted++] = object;
    return object;
  }

  protected bufferEntry(): BufferEntry {
    const entry = this.#buffers[this.varint()];
    if (entry === undefined) throw malformed('a buffer that is not there');
    return entry;
  }

  /** A place for an object that is made only after what it consists of. */
  protected reserve(): number {
    this.objects[this.noted] = UNMADE;
    return this.noted++;
  }

  protected make<T>(number: number, object: T): T {
    this.objects[number] = object;
    return object;
  }
}

/** Whether a handle leads to a live shared object. The references of the message keep those of a sound one alive. */
function isObjectHandle(handle: Handle): boolean {
  if (handle < CELLS_START || handle >= FAR_RINGS_START || (handle - CELLS_START) % WORDS_PER_CELL !== 0) return false;
  const kind = Atomics.load(wordsAt(handle), handle + Cell.KIND);
  return kind !== Kind.FREE && kind !== Kind.NODE;
}

function unzeroed(length: number): ArrayBuffer {
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return buffer.byteLength === length ? (buffer as ArrayBuffer) : new ArrayBuffer(length);
}
