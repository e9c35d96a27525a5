/**
 * The middle of the writer: what a message keeps account of beside its bytes. The objects met so far,
 * by number, so that one that occurs twice is written once; the handles, modules and buffers of the
 * tail; where the value is at, for refusals; and the way back to an earlier state of all that.
 */
import type { Handle } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import type { SharedObject } from '../engine/shared-object.js';
import { ByteWriter } from './byte-writer.js';
import type { Carriage } from './carriage.js';
import { article, className, type Sort } from './classify.js';
import { isDetached, isShared, numberOf, OutgoingBuffer } from './outgoing-buffers.js';
import { type KeptPath, type Place, Trail } from './trail.js';
import { BUFFER_VIEW, CARRIED, HAS_TAIL, NO_TAIL, Tag, viewTypes } from './wire.js';

/** Objects up to this many are found by a scan, which beats a Map. */
const SCANNED = 12;

/** An object too deep to be written where it was met. */
export interface Deferred {
  readonly object: object;
  readonly sort: Sort;
  readonly path: KeptPath;
}

/** What a property of an error that cannot travel is rolled back to. */
interface Mark {
  readonly position: number;
  readonly place: Place;
  readonly objects: number;
  readonly handles: number;
  readonly deferred: number;
  readonly modules: number;
  readonly open: number;
  readonly buffers: OutgoingBuffer[];
}

export class MessageWriter extends ByteWriter {
  /** Handles inside, each retained once for the message. */
  handles: Handle[] = [];

  /** Objects met so far, by number. */
  #objects: (object | undefined)[] = [];
  protected count = 0;
  #numbers: Map<object, number> | undefined;
  /** Keep the objects behind `handles` alive. */
  #owners: SharedObject[] = [];
  #modules: string[] = [];
  #need: ((url: string) => void) | undefined;
  #buffers: OutgoingBuffer[] = [];
  /** What may travel beside the message; undefined where everything is to be among its bytes. */
  protected carriage: Carriage | undefined;
  /** Objects whose own encode() runs, or extra is written: nothing inside may lead back to them. */
  protected open: number[] = [];
  protected deferred: Deferred[] = [];
  protected readonly trail = new Trail();

  /** Lets go of everything but the bytes. */
  protected forget(): void {
    // Emptied by hand: an assignment to an array's length costs more than a small message does.
    if (this.count > 64) this.#objects = [];
    else for (let i = 0; i < this.count; i++) this.#objects[i] = undefined;
    this.count = 0;
    this.#numbers = undefined;
    if (this.#owners.length > 0) this.#owners = [];
    if (this.#modules.length > 0) this.#modules = [];
    this.#need = undefined;
    if (this.#buffers.length > 0) this.#buffers = [];
    this.carriage = undefined;
    if (this.open.length > 0) this.open = [];
    if (this.deferred.length > 0) this.deferred = [];
    this.trail.end();
  }

  /** The number of `object`, or -1 after giving it the next one. */
  protected number(object: object): number {
    const objects = this.#objects;
    const count = this.count;
    if (count <= SCANNED) {
      for (let i = 0; i < count; i++) if (objects[i] === object) return i;
    } else {
      let numbers = this.#numbers;
      if (numbers === undefined) {
        numbers = new Map();
        for (let i = 0; i < count; i++) numbers.set(objects[i] as object, i);
        this.#numbers = numbers;
      }
      const known = numbers.get(object);
      if (known !== undefined) return known;
      numbers.set(object, count);
    }
    objects[count] = object;
    this.count = count + 1;
    return -1;
  }

  /** Writes that an object met before stands here. */
  protected writeReference(number: number): void {
    if (this.open.length > 0 && this.open.includes(number)) {
      this.trail.refuse(
        'a reference to an object that contains it',
        'the encode() of a registered class must not lead back to the instance',
      );
    }
    this.tag(Tag.REF);
    this.varint(number);
  }

  /** Takes a reference for the message; its place in the tail. */
  protected hold(object: SharedObject): number {
    engine.retain(object._handle);
    this.#owners.push(object);
    return this.handles.push(object._handle) - 1;
  }

  /** What the function lane calls for each module; one function per message, by which the lane knows the message. */
  protected get need(): (url: string) => void {
    this.#need ??= (url) => {
      if (!this.#modules.includes(url)) this.#modules.push(url);
    };
    return this.#need;
  }

  /** Drops the references taken; nothing is sent. */
  protected abandon(): void {
    for (const handle of this.handles) engine.release(handle);
    this.handles = [];
    this.trail.clear();
  }

  /** What `rewind` comes back to. */
  protected mark(): Mark {
    return {
      position: this.position,
      place: this.trail.place(),
      objects: this.count,
      handles: this.handles.length,
      deferred: this.deferred.length,
      modules: this.#modules.length,
      open: this.open.length,
      buffers: this.#buffers.map(({ buffer, start, end }) => new OutgoingBuffer(buffer, start, end)),
    };
  }

  protected rewind(mark: Mark): void {
    this.position = mark.position;
    this.trail.back(mark.place);
    for (let i = mark.objects; i < this.count; i++) {
      this.#numbers?.delete(this.#objects[i] as object);
      this.#objects[i] = undefined;
    }
    this.count = mark.objects;
    for (const handle of this.handles.splice(mark.handles)) engine.release(handle);
    this.deferred.length = mark.deferred;
    this.#modules.length = mark.modules;
    this.open.length = mark.open;
    this.#buffers = mark.buffers;
  }

  /** Ends the message. */
  protected writeTail(): void {
    if (this.handles.length === 0 && this.#modules.length === 0 && this.#buffers.length === 0) {
      this.bytes[0] = NO_TAIL;
      return;
    }
    const tail = this.position;
    this.varint(this.handles.length);
    for (const handle of this.handles) this.uint32(handle);
    this.varint(this.#modules.length);
    for (const url of this.#modules) this.writeString(url);
    this.varint(this.#buffers.length);
    for (const { buffer, start, end, maximum } of this.#buffers) {
      const number = this.carriage === undefined ? -1 : this.carriage.numberOf(buffer, start, end, maximum);
      if (number >= 0) {
        // What is given away goes whole.
        this.varint(this.carriage?.gives(buffer) ? 0 : start);
        this.varint(number);
        this.varint(CARRIED);
        continue;
      }
      this.varint(start);
      this.varint(end - start);
      this.varint(maximum === undefined ? 0 : maximum + 2);
      this.reserve(end - start);
      this.bytes.set(new Uint8Array(buffer, start, end - start), this.position);
      this.position += end - start;
    }
    this.uint32(tail);
    this.bytes[0] = HAS_TAIL;
  }

  /** A Buffer travels alone: what else its memory pool holds is none of the receiver's business. */
  protected writeBuffer(buffer: Buffer): void {
    this.#refuseShared(buffer, buffer.buffer);
    if (this.carriage?.takes(buffer)) return this.#writeCarriedBuffer(buffer);
    this.tag(Tag.BUFFER);
    this.varint(buffer.length);
    this.reserve(buffer.length);
    this.bytes.set(buffer, this.position);
    this.position += buffer.length;
  }

  /** As a view of what travels beside the message: of the memory given away, or of a copy of its own. */
  #writeCarriedBuffer(buffer: Buffer): void {
    const { byteOffset, length } = buffer;
    const memory = buffer.buffer as ArrayBuffer;
    const number = this.carriage?.gives(memory)
      ? numberOf(this.#buffers, memory, byteOffset, byteOffset + length)
      : this.#buffers.push(OutgoingBuffer.exactly(memory, byteOffset, byteOffset + length)) - 1;
    this.tag(Tag.VIEW);
    this.tag(BUFFER_VIEW);
    this.varint(number);
    this.varint(byteOffset);
    this.varint(length);
  }

  /** Views of one ArrayBuffer share one on the other side too; what travels of it is what they span. */
  protected writeView(view: ArrayBufferView): void {
    this.#refuseShared(view, view.buffer);
    const type = viewTypes.findIndex((cls) => cls !== undefined && view instanceof cls);
    if (type < 0) return this.trail.refuse(article(className(view)), 'send a typed array');
    const { byteOffset, byteLength } = view;
    const number = numberOf(this.#buffers, view.buffer as ArrayBuffer, byteOffset, byteOffset + byteLength);
    this.tag(Tag.VIEW);
    this.tag(type);
    this.varint(number);
    this.varint(byteOffset);
    this.varint(byteLength / (viewTypes[type]?.BYTES_PER_ELEMENT ?? 1));
  }

  protected writeArrayBuffer(buffer: ArrayBuffer): void {
    this.#refuseShared(buffer, buffer);
    const number = numberOf(this.#buffers, buffer, 0, buffer.byteLength);
    this.tag(Tag.ARRAY_BUFFER);
    this.varint(number);
  }

  #refuseShared(object: object, buffer: ArrayBufferLike): void {
    if (isShared(buffer)) {
      const what =
        buffer instanceof ArrayBuffer || object !== buffer
          ? `${article(className(object))} over shared memory`
          : 'a SharedArrayBuffer';
      this.trail.refuse(what, 'send the SharedArray itself to share it, or a slice() to copy it');
    }
    if (isDetached(buffer))
      this.trail.refuse(`${article(className(object))} that is detached`, 'it has been transferred away');
  }
}
