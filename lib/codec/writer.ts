/** Writes any value that travels into bytes, in the format of `wire.ts`, and refuses the others by their path. */
import type { Handle } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { type SharedObject, travelOf } from '../engine/shared-object.js';
import { ByteWriter } from './byte-writer.js';
import { errorClass, errorClassOf, registrationOf } from './classes.js';
import { article, className, Sort, sortOf, whyNot } from './classify.js';
import { functionLane } from './functions.js';
import { isDetached, isShared, numberOf, OutgoingBuffer } from './outgoing-buffers.js';
import { Down, describeFunction, type KeptPath, type Place, Trail } from './trail.js';
import {
  END_OF_KEYS,
  ERROR_END,
  ERROR_HIDDEN_PROPERTY,
  ERROR_PROPERTY,
  HAS_TAIL,
  MAX_DEPTH,
  NO_TAIL,
  Tag,
  viewTypes,
} from './wire.js';

/** Objects up to this many are found by a scan, which beats a Map. */
const SCANNED = 12;

/** An object too deep to be written where it was met. */
interface Deferred {
  readonly object: object;
  readonly sort: Sort;
  readonly path: KeptPath;
}

type Entries = [unknown, unknown];
const mapEntries = Map.prototype.entries as (this: Map<unknown, unknown>) => IterableIterator<Entries>;
const setValues = Set.prototype.values as (this: Set<unknown>) => IterableIterator<unknown>;
export class Writer extends ByteWriter {
  /** Handles inside, each retained once for the message. */
  handles: Handle[] = [];

  /** Objects met so far, by number. */
  #objects: (object | undefined)[] = [];
  #count = 0;
  #numbers: Map<object, number> | undefined;
  #handleOwners: SharedObject[] = [];
  #modules: string[] = [];
  /** What the function lane calls for each module; one function per message, by which the lane knows the message. */
  #need: ((url: string) => void) | undefined;
  #buffers: OutgoingBuffer[] = [];
  /** Objects whose own encode() runs, or extra is written: nothing inside may lead back to them. */
  #open: number[] = [];
  #deferred: Deferred[] = [];
  readonly #trail = new Trail();
  /** Someone has put enumerable properties on Object.prototype. */
  #polluted = false;
  /** Leave out properties of errors that cannot travel, instead of refusing. */
  #lenient = false;

  /** Writes `value`: the message is `bytes[0, position)`. On a throw nothing stays retained. */
  encode(value: unknown, root: string, lenient = false): void {
    this.#trail.start(root);
    this.#lenient = lenient;
    this.position = 1;
    this.#polluted = hasEnumerable(Object.prototype);
    let done = false;
    try {
      this.#write(value);
      this.#writeDeferred(0);
      this.#writeTail();
      done = true;
    } finally {
      if (!done) {
        for (const handle of this.handles) engine.release(handle);
        this.handles = [];
        this.#trail.clear();
      }
      this.#forget();
    }
  }

  #forget(): void {
    // Emptied by hand: an assignment to an array's length costs more than a small message does.
    if (this.#count > 64) this.#objects = [];
    else for (let i = 0; i < this.#count; i++) this.#objects[i] = undefined;
    this.#count = 0;
    this.#numbers = undefined;
    if (this.#handleOwners.length > 0) this.#handleOwners = [];
    if (this.#modules.length > 0) this.#modules = [];
    this.#need = undefined;
    if (this.#buffers.length > 0) this.#buffers = [];
    if (this.#open.length > 0) this.#open = [];
    if (this.#deferred.length > 0) this.#deferred = [];
    this.#trail.end();
  }

  #write(value: unknown): void {
    switch (typeof value) {
      case 'number':
        return this.writeNumber(value);
      case 'string':
        return this.writeString(value);
      case 'object':
        if (value === null) return this.tag(Tag.NULL);
        return this.#writeObject(value);
      case 'boolean':
        return this.tag(value ? Tag.TRUE : Tag.FALSE);
      case 'undefined':
        return this.tag(Tag.UNDEFINED);
      case 'bigint':
        return this.writeBigInt(value);
      case 'function':
        return this.#writeFunction(value);
      default:
        return this.#trail.refuse(`the symbol ${String(value)}`, 'send a string');
    }
  }

  /** The number of `object`, or -1 after giving it the next one. */
  #number(object: object): number {
    const objects = this.#objects;
    const count = this.#count;
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
    this.#count = count + 1;
    return -1;
  }

  #writeReference(number: number): void {
    if (this.#open.length > 0 && this.#open.includes(number)) {
      this.#trail.refuse(
        'a reference to an object that contains it',
        'the encode() of a registered class must not lead back to the instance',
      );
    }
    this.tag(Tag.REF);
    this.varint(number);
  }

  #writeObject(object: object): void {
    const sort = sortOf(object);
    if (sort === Sort.ARRAY_BUFFER) return this.#writeArrayBuffer(object as ArrayBuffer);
    const known = this.#number(object);
    if (known >= 0) return this.#writeReference(known);
    switch (sort) {
      case Sort.PLAIN:
      case Sort.INSTANCE:
        if (this.#trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_OBJECT, object, sort);
        return this.#writeBody(object, sort);
      case Sort.ARRAY:
        if (this.#trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_ARRAY, object, sort);
        return this.#writeBody(object, sort);
      case Sort.MAP:
        if (this.#trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_MAP, object, sort);
        return this.#writeBody(object, sort);
      case Sort.SET:
        if (this.#trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_SET, object, sort);
        return this.#writeBody(object, sort);
      case Sort.DATE:
        this.reserve(9);
        this.bytes[this.position] = Tag.DATE;
        this.view.setFloat64(this.position + 1, Date.prototype.getTime.call(object), true);
        this.position += 9;
        return;
      case Sort.REGEXP:
        this.tag(Tag.REGEXP);
        this.writeString((object as RegExp).source);
        return this.writeString((object as RegExp).flags);
      case Sort.BOXED:
        return this.#writeBoxed(object);
      case Sort.BUFFER:
        return this.#writeBuffer(object as Buffer);
      case Sort.VIEW:
        return this.#writeView(object as ArrayBufferView);
      case Sort.ERROR:
        return this.#writeError(object as Error);
      case Sort.DOM_EXCEPTION:
        return this.#writeDomException(object as DOMException);
      case Sort.SHARED:
        return this.#writeShared(object as SharedObject);
      case Sort.REGISTERED:
        return this.#writeRegistered(object);
      default:
        return this.#refuseObject(object);
    }
  }

  /** Announces an object that is too deep to be written here; its body follows the root. */
  #defer(tag: number, object: object, sort: Sort): void {
    this.tag(tag);
    this.#deferred.push({ object, sort, path: this.#trail.keep() });
  }

  /**
   * Writes the bodies of the objects deferred since there were `first`. At the end of the message, and
   * wherever the receiver hands a part of it to others, who need all of it.
   */
  #writeDeferred(first: number): void {
    if (this.#deferred.length === first) return;
    const place = this.#trail.place();
    for (let i = first; i < this.#deferred.length; i++) {
      const { object, sort, path } = this.#deferred[i] as Deferred;
      this.#trail.jump(path);
      this.#writeBody(object, sort);
    }
    this.#deferred.length = first;
    this.#trail.back(place);
  }

  /** A value that the receiver hands to others before the message is read to its end. */
  #writePart(value: unknown): void {
    const first = this.#deferred.length;
    this.#write(value);
    this.#writeDeferred(first);
  }

  /** The inside of an object, which has its number. */
  #writeBody(object: object, sort: Sort): void {
    switch (sort) {
      case Sort.ARRAY:
        return this.#writeArray(object as unknown[]);
      case Sort.MAP:
        return this.#writeMap(object as Map<unknown, unknown>);
      case Sort.SET:
        return this.#writeSet(object as Set<unknown>);
      case Sort.PLAIN:
        this.tag(Tag.OBJECT);
        return this.#writePlain(object as Record<string, unknown>);
      default: {
        const keys = Object.keys(object);
        if (keys.length === 0 && sort === Sort.INSTANCE && Object.getOwnPropertySymbols(object).length > 0)
          return this.#refuseObject(object);
        this.tag(Tag.OBJECT);
        return this.#writeProperties(object, keys);
      }
    }
  }

  /** The properties of an object that inherits none that for-in would show: several times faster than by Object.keys. */
  #writePlain(object: Record<string, unknown>): void {
    if (this.#polluted) return this.#writeProperties(object, Object.keys(object));
    const depth = this.#trail.enter(object);
    for (const key in object) {
      this.writeKey(key);
      this.#trail.steps[depth] = key;
      this.#write(object[key]);
    }
    this.tag(END_OF_KEYS);
    this.#trail.leave(depth);
  }

  #writeProperties(object: object, keys: readonly string[]): void {
    const count = keys.length;
    const depth = this.#trail.enter(object);
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string;
      this.writeKey(key);
      this.#trail.steps[depth] = key;
      this.#write((object as Record<string, unknown>)[key]);
    }
    this.tag(END_OF_KEYS);
    this.#trail.leave(depth);
  }

  #writeArray(array: readonly unknown[]): void {
    const length = array.length;
    // Holes or named properties show in the count of keys, and, when they even out, in the last key.
    const keys = Object.keys(array);
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) {
      this.tag(Tag.SPARSE_ARRAY);
      this.varint(length);
      return this.#writeProperties(array, keys);
    }
    if (length > 2 && typeof array[0] === 'number' && this.#writeNumbers(array)) return;
    const depth = this.#trail.enter(array);
    this.tag(Tag.ARRAY);
    this.varint(length);
    for (let i = 0; i < length; i++) {
      this.#trail.steps[depth] = i;
      this.#write(array[i]);
    }
    this.#trail.leave(depth);
  }

  /** Writes an array that holds only numbers without a tag for each; false when it holds something else. */
  #writeNumbers(array: readonly unknown[]): boolean {
    const length = array.length;
    const start = this.position;
    this.tag(Tag.INT_ARRAY);
    this.varint(length);
    this.reserve(4 * length);
    let position = this.position;
    let i = 0;
    for (; i < length; i++) {
      const value = array[i];
      if (typeof value !== 'number' || (value | 0) !== value || (value === 0 && 1 / value < 0)) break;
      this.view.setInt32(position, value, true);
      position += 4;
    }
    if (i < length) {
      this.position = start;
      for (let k = i; k < length; k++) if (typeof array[k] !== 'number') return false;
      this.tag(Tag.FLOAT_ARRAY);
      this.varint(length);
      this.reserve(8 * length);
      position = this.position;
      for (let k = 0; k < length; k++) {
        this.view.setFloat64(position, array[k] as number, true);
        position += 8;
      }
    }
    this.position = position;
    return true;
  }

  #writeMap(map: Map<unknown, unknown>): void {
    const depth = this.#trail.enter(map);
    this.tag(Tag.MAP);
    let index = 0;
    for (const [key, value] of mapEntries.call(map)) {
      this.#trail.ways[depth] = Down.MAP_KEY;
      this.#trail.steps[depth] = index++;
      this.#write(key);
      this.#trail.ways[depth] = Down.MAP_VALUE;
      this.#trail.steps[depth] = key;
      this.#write(value);
    }
    this.tag(Tag.END);
    this.#trail.leave(depth);
  }

  #writeSet(set: Set<unknown>): void {
    const depth = this.#trail.enter(set);
    this.#trail.ways[depth] = Down.SET_VALUE;
    this.tag(Tag.SET);
    let index = 0;
    for (const value of setValues.call(set)) {
      this.#trail.steps[depth] = index++;
      this.#write(value);
    }
    this.tag(Tag.END);
    this.#trail.leave(depth);
  }

  #writeBoxed(object: object): void {
    const value: unknown = (object as { valueOf(): unknown }).valueOf();
    if (typeof value === 'symbol' || typeof value === 'object')
      return this.#trail.refuse(article(className(object)), 'send a string');
    this.tag(Tag.BOXED);
    this.#write(value);
  }

  /** A Buffer travels alone: what else its memory pool holds is none of the receiver's business. */
  #writeBuffer(buffer: Buffer): void {
    this.#refuseShared(buffer, buffer.buffer);
    this.tag(Tag.BUFFER);
    this.varint(buffer.length);
    this.reserve(buffer.length);
    this.bytes.set(buffer, this.position);
    this.position += buffer.length;
  }

  /** Views of one ArrayBuffer share one on the other side too; what travels of it is what they span. */
  #writeView(view: ArrayBufferView): void {
    this.#refuseShared(view, view.buffer);
    const type = viewTypes.findIndex((cls) => cls !== undefined && view instanceof cls);
    if (type < 0) return this.#trail.refuse(article(className(view)), 'send a typed array');
    const { byteOffset, byteLength } = view;
    const number = numberOf(this.#buffers, view.buffer as ArrayBuffer, byteOffset, byteOffset + byteLength);
    this.tag(Tag.VIEW);
    this.tag(type);
    this.varint(number);
    this.varint(byteOffset);
    this.varint(byteLength / (viewTypes[type]?.BYTES_PER_ELEMENT ?? 1));
  }

  #writeArrayBuffer(buffer: ArrayBuffer): void {
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
      this.#trail.refuse(what, 'send the SharedArray itself to share it, or a slice() to copy it');
    }
    if (isDetached(buffer))
      this.#trail.refuse(`${article(className(object))} that is detached`, 'it has been transferred away');
  }

  #writeFunction(fn: Function): void {
    const lane = functionLane;
    if (lane === undefined)
      return this.#trail.refuse(describeFunction(fn), 'send what it returns, or the name of an exported function');
    const known = this.#number(fn);
    if (known >= 0) return this.#writeReference(known);
    const number = this.#count - 1;
    this.#need ??= (url) => {
      if (!this.#modules.includes(url)) this.#modules.push(url);
    };
    const parts = lane.encode(fn, this.#need);
    const depth = this.#trail.enter(fn);
    this.tag(Tag.FUNCTION);
    this.#open.push(number);
    this.#trail.steps[depth] = 'code';
    this.#writePart(parts.code);
    this.#open.pop();
    this.#trail.steps[depth] = 'captured';
    this.#writePart(parts.captured);
    this.#trail.leave(depth);
  }

  #writeShared(object: SharedObject): void {
    let travel: ReturnType<typeof travelOf>;
    try {
      travel = travelOf(object);
    } catch (error) {
      return this.#trail.refuse(article(className(object)), error instanceof Error ? error.message : String(error));
    }
    const number = this.#count - 1;
    engine.retain(object._handle);
    const place = this.handles.push(object._handle) - 1;
    this.#handleOwners.push(object);
    this.tag(Tag.SHARED);
    this.writeString(travel.tag);
    this.varint(place);
    const depth = this.#trail.enter(object);
    this.#trail.steps[depth] = 'extra';
    this.#open.push(number);
    this.#writePart(travel.extra?.(object));
    this.#open.pop();
    this.#trail.leave(depth);
  }

  #writeRegistered(object: object): void {
    const registration = registrationOf(object);
    if (registration === undefined) return this.#refuseObject(object);
    if (registration.encode === undefined) {
      const deep = this.#trail.below >= MAX_DEPTH;
      if (deep) this.#defer(Tag.DEFERRED_CLASS, object, Sort.REGISTERED);
      else this.tag(Tag.CLASS);
      this.writeString(registration.name);
      if (deep) return;
      return this.#writeProperties(object, Object.keys(object));
    }
    const number = this.#count - 1;
    this.tag(Tag.CUSTOM);
    this.writeString(registration.name);
    this.#open.push(number);
    this.#writePart(registration.encode(object));
    this.#open.pop();
  }

  #writeError(error: Error): void {
    const registration = registrationOf(error);
    if (registration?.encode !== undefined) return this.#writeRegistered(error);
    const known = errorClassOf(error);
    this.tag(Tag.ERROR);
    this.writeString(known);
    this.writeString(registration?.name ?? '');
    const depth = this.#trail.enter(error);
    const own = Object.getOwnPropertyNames(error);
    for (const key of own) {
      const shown = Object.prototype.propertyIsEnumerable.call(error, key);
      if (!shown && !HIDDEN_OF_ERRORS.has(key)) continue;
      const value = (error as unknown as Record<string, unknown>)[key];
      if (key === 'stack' && typeof value !== 'string') continue;
      this.#errorProperty(shown ? ERROR_PROPERTY : ERROR_HIDDEN_PROPERTY, key, value);
    }
    if (!own.includes('message') && error.message) this.#errorProperty(ERROR_HIDDEN_PROPERTY, 'message', error.message);
    // `stack` is an accessor of Error.prototype on some engines.
    if (!own.includes('stack') && typeof error.stack === 'string')
      this.#errorProperty(ERROR_HIDDEN_PROPERTY, 'stack', error.stack);
    if (!own.includes('name') && registration === undefined) {
      const base = (errorClass(known).prototype as Error).name;
      const name = error.name !== base ? error.name : className(error);
      if (name !== base && typeof name === 'string') this.#errorProperty(ERROR_HIDDEN_PROPERTY, 'name', name);
    }
    this.tag(ERROR_END);
    this.#trail.leave(depth);
  }

  #errorProperty(flags: number, key: string, value: unknown): void {
    const before = this.#lenient ? this.#mark() : undefined;
    this.tag(flags);
    this.writeKey(key);
    this.#trail.steps[this.#trail.depth - 1] = key;
    if (before === undefined) return this.#write(value);
    try {
      this.#write(value);
    } catch {
      // What was thrown matters more than a property of it that cannot travel.
      this.#rewind(before);
    }
  }

  #writeDomException(error: DOMException): void {
    this.tag(Tag.DOM_EXCEPTION);
    this.writeString(error.message);
    this.writeString(error.name);
    this.#write(typeof error.stack === 'string' ? error.stack : undefined);
  }

  #mark(): Mark {
    return {
      position: this.position,
      place: this.#trail.place(),
      objects: this.#count,
      handles: this.handles.length,
      deferred: this.#deferred.length,
      modules: this.#modules.length,
      open: this.#open.length,
      buffers: this.#buffers.map(({ buffer, start, end }) => new OutgoingBuffer(buffer, start, end)),
    };
  }

  #rewind(mark: Mark): void {
    this.position = mark.position;
    this.#trail.back(mark.place);
    for (let i = mark.objects; i < this.#count; i++) {
      this.#numbers?.delete(this.#objects[i] as object);
      this.#objects[i] = undefined;
    }
    this.#count = mark.objects;
    for (const handle of this.handles.splice(mark.handles)) engine.release(handle);
    this.#deferred.length = mark.deferred;
    this.#modules.length = mark.modules;
    this.#open.length = mark.open;
    this.#buffers = mark.buffers;
  }

  #writeTail(): void {
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
      this.varint(start);
      this.varint(end - start);
      this.varint(maximum === undefined ? 0 : maximum + 1);
      this.reserve(end - start);
      this.bytes.set(new Uint8Array(buffer, start, end - start), this.position);
      this.position += end - start;
    }
    this.uint32(tail);
    this.bytes[0] = HAS_TAIL;
  }

  #refuseObject(object: object): never {
    const reason = whyNot(object) ?? {
      what: article(className(object)),
      remedy: 'its state is not in properties; register its class with registerClass(), or send plain data',
    };
    return this.#trail.refuse(reason.what, reason.remedy);
  }
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

/** Properties of errors that are part of them though not enumerable. */
const HIDDEN_OF_ERRORS = new Set(['message', 'stack', 'cause', 'errors', 'name', 'error', 'suppressed']);

function hasEnumerable(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
