/** Writes any value that travels into bytes, in the format of `wire.ts`, and refuses the others by their path. */
import { canBeProxied, kindOf } from '../engine/proxies/proxy.js';
import { type SharedObject, travelOf } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import type { Carriage } from './carriage.js';
import { errorClass, errorClassOf, type Registration, registrationOf } from './classes.js';
import { article, className, Sort, sortOf, whyNot } from './classify.js';
import { type FunctionParts, functionLane } from './functions.js';
import { type Deferred, MessageWriter } from './message-writer.js';
import { Moved } from './moved.js';
import { Down, describeFunction } from './trail.js';
import { END_OF_KEYS, ERROR_END, ERROR_HIDDEN_PROPERTY, ERROR_PROPERTY, MAX_DEPTH, Tag } from './wire.js';

type Entries = [unknown, unknown];
const mapEntries = Map.prototype.entries as (this: Map<unknown, unknown>) => IterableIterator<Entries>;
const setValues = Set.prototype.values as (this: Set<unknown>) => IterableIterator<unknown>;

/** Who a message is for, and so what may be in it. */
export const Audience = {
  /** Who shares the arena. */
  FAMILY: 0,
  /** A process of ours with an arena of its own: of shared objects, those that have proxies. */
  PROCESS: 1,
  /** A receiver outside of the family, who may trust us or not: values only. */
  FOREIGN: 2,
} as const;
export type Audience = (typeof Audience)[keyof typeof Audience];

export class Writer extends MessageWriter {
  /** Someone has put enumerable properties on Object.prototype. */
  #polluted = false;
  /** Functions being written: what they capture keeps its class. */
  #capturing = 0;
  /** Leave out properties of errors that cannot travel, instead of refusing. */
  #lenient = false;
  #audience: Audience = Audience.FAMILY;

  /**
   * Writes `value`: the message is `bytes[0, position)`, and what travels beside it is in `carriage`. On a throw nothing
   * stays retained.
   */
  encode(
    value: unknown,
    root: string,
    lenient = false,
    audience: Audience = Audience.FAMILY,
    carriage?: Carriage,
  ): void {
    this.trail.start(root);
    this.carriage = carriage;
    this.#lenient = lenient;
    this.#audience = audience;
    this.#capturing = 0;
    this.position = 1;
    this.#polluted = hasEnumerable(Object.prototype);
    let done = false;
    try {
      this.#write(value);
      this.#writeDeferred(0);
      this.writeTail();
      done = true;
    } finally {
      if (!done) this.abandon();
      this.forget();
    }
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
        return this.#writeSymbol(value as symbol);
    }
  }

  #writeObject(object: object): void {
    const sort = sortOf(object);
    if (sort === Sort.ARRAY_BUFFER) return this.writeArrayBuffer(object as ArrayBuffer);
    if (sort === Sort.INSTANCE && object instanceof Moved) return this.#writeMoved(object);
    const known = this.number(object);
    if (known >= 0) return this.writeReference(known);
    if (this.carriage !== undefined && this.#isCarried(object)) return;
    switch (sort) {
      case Sort.PLAIN:
      case Sort.INSTANCE:
        if (this.trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_OBJECT, object, sort);
        return this.#writeBody(object, sort);
      case Sort.ARRAY:
        if (this.trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_ARRAY, object, sort);
        return this.#writeBody(object, sort);
      case Sort.MAP:
        if (this.trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_MAP, object, sort);
        return this.#writeBody(object, sort);
      case Sort.SET:
        if (this.trail.below >= MAX_DEPTH) return this.#defer(Tag.DEFERRED_SET, object, sort);
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
        return this.writeBuffer(object as Buffer);
      case Sort.VIEW:
        return this.writeView(object as ArrayBufferView);
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

  /** Writes the value that is moved; what it lists goes beside the message. */
  #writeMoved(moved: Moved): void {
    if (this.carriage === undefined)
      return this.trail.refuse('what move() returned', 'move() is for arguments and results of tasks');
    this.#write(this.carriage.unwrap(moved));
  }

  /** What is moved, and is no buffer. */
  #isCarried(object: object): boolean {
    const number = this.carriage?.numberOfObject(object) ?? -1;
    if (number < 0) return false;
    this.tag(Tag.CARRIED);
    this.varint(number);
    return true;
  }

  /** Announces an object that is too deep to be written here; its body follows the root. */
  #defer(tag: number, object: object, sort: Sort): void {
    this.tag(tag);
    this.deferred.push({ object, sort, path: this.trail.keep() });
  }

  /**
   * Writes the bodies of the objects deferred since there were `first`. At the end of the message, and
   * wherever the receiver hands a part of it to others, who need all of it.
   */
  #writeDeferred(first: number): void {
    if (this.deferred.length === first) return;
    const place = this.trail.place();
    for (let i = first; i < this.deferred.length; i++) {
      const { object, sort, path } = this.deferred[i] as Deferred;
      this.trail.jump(path);
      this.#writeBody(object, sort);
    }
    this.deferred.length = first;
    this.trail.back(place);
  }

  /** A value that the receiver hands to others before the message is read to its end. */
  #writePart(value: unknown): void {
    const first = this.deferred.length;
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
        const cls = this.#capturing > 0 && sort === Sort.INSTANCE ? functionLane()?.classOf(object) : undefined;
        if (cls === undefined) {
          this.tag(Tag.OBJECT);
        } else {
          this.tag(Tag.INSTANCE);
          this.#writeClass(object, cls);
        }
        return this.#writeProperties(object, keys);
      }
    }
  }

  /** Refusals of what the class captures are in the name of the class. */
  #writeClass(instance: object, cls: Function): void {
    const depth = this.trail.enter(instance);
    this.trail.steps[depth] = 'constructor';
    this.#writeFunction(cls);
    this.trail.leave(depth);
  }

  /** The properties of an object that inherits none that for-in would show: several times faster than by Object.keys. */
  #writePlain(object: Record<string, unknown>): void {
    if (this.#polluted) return this.#writeProperties(object, Object.keys(object));
    const depth = this.trail.enter(object);
    for (const key in object) {
      this.writeKey(key);
      this.trail.steps[depth] = key;
      this.#write(object[key]);
    }
    this.tag(END_OF_KEYS);
    this.trail.leave(depth);
  }

  #writeProperties(object: object, keys: readonly string[]): void {
    const count = keys.length;
    const depth = this.trail.enter(object);
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string;
      this.writeKey(key);
      this.trail.steps[depth] = key;
      this.#write((object as Record<string, unknown>)[key]);
    }
    this.tag(END_OF_KEYS);
    this.trail.leave(depth);
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
    const depth = this.trail.enter(array);
    this.tag(Tag.ARRAY);
    this.varint(length);
    for (let i = 0; i < length; i++) {
      this.trail.steps[depth] = i;
      this.#write(array[i]);
    }
    this.trail.leave(depth);
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
    const depth = this.trail.enter(map);
    this.tag(Tag.MAP);
    let index = 0;
    for (const [key, value] of mapEntries.call(map)) {
      this.trail.ways[depth] = Down.MAP_KEY;
      this.trail.steps[depth] = index++;
      this.#write(key);
      this.trail.ways[depth] = Down.MAP_VALUE;
      this.trail.steps[depth] = key;
      this.#write(value);
    }
    this.tag(Tag.END);
    this.trail.leave(depth);
  }

  #writeSet(set: Set<unknown>): void {
    const depth = this.trail.enter(set);
    this.trail.ways[depth] = Down.SET_VALUE;
    this.tag(Tag.SET);
    let index = 0;
    for (const value of setValues.call(set)) {
      this.trail.steps[depth] = index++;
      this.#write(value);
    }
    this.tag(Tag.END);
    this.trail.leave(depth);
  }

  #writeBoxed(object: object): void {
    const value: unknown = (object as { valueOf(): unknown }).valueOf();
    if (typeof value === 'symbol' || typeof value === 'object')
      return this.trail.refuse(article(className(object)), 'send a string');
    this.tag(Tag.BOXED);
    this.#write(value);
  }

  /** A symbol that every thread has under the same name. */
  #writeSymbol(symbol: symbol): void {
    const key = Symbol.keyFor(symbol);
    const name = key ?? wellKnownSymbols.get(symbol);
    if (name === undefined)
      return this.trail.refuse(
        `the symbol ${String(symbol)}`,
        'a symbol exists in its thread only; use one of Symbol.for(), or send a string',
      );
    this.tag(key === undefined ? Tag.WELL_KNOWN_SYMBOL : Tag.SYMBOL);
    this.writeString(name);
  }

  #writeFunction(fn: Function): void {
    if (this.#audience === Audience.FOREIGN)
      return this.trail.refuse(
        describeFunction(fn),
        'functions do not go over sockets; send a name that the other side knows it by',
      );
    const lane = functionLane();
    if (lane === undefined)
      return this.trail.refuse(describeFunction(fn), 'send what it returns, or the name of an exported function');
    const known = this.number(fn);
    if (known >= 0) return this.writeReference(known);
    const number = this.count - 1;
    let parts: FunctionParts;
    try {
      parts = lane.encode(fn, this.need);
    } catch (error) {
      throw this.trail.blamed(error);
    }
    const depth = this.trail.enter(fn);
    this.tag(Tag.FUNCTION);
    this.open.push(number);
    this.#capturing++;
    this.trail.steps[depth] = 'code';
    this.#writePart(parts.code);
    this.open.pop();
    this.trail.steps[depth] = 'captured';
    this.#writePart(parts.captured);
    this.#capturing--;
    this.trail.leave(depth);
  }

  #writeShared(object: SharedObject): void {
    if (this.#audience === Audience.FOREIGN)
      return this.trail.refuse(
        article(className(object)),
        'shared objects do not go over sockets; use a Pipe(), or a Manager',
      );
    if (this.#audience === Audience.PROCESS && !canBeProxied(kindOf(wordsAt(object._handle), object._handle)))
      return this.trail.refuse(
        article(className(object)),
        'processes share no memory here (engine.supports.processSharedMemory): only locks, events, semaphores, conditions, barriers, queues and pipes reach others, by proxy; send values through a Queue, or run on the native engine, on Linux',
      );
    let travel: ReturnType<typeof travelOf>;
    try {
      travel = travelOf(object);
    } catch (error) {
      return this.trail.refuse(article(className(object)), error instanceof Error ? error.message : String(error));
    }
    const number = this.count - 1;
    const place = this.hold(object);
    this.tag(Tag.SHARED);
    this.writeString(travel.tag);
    this.varint(place);
    const depth = this.trail.enter(object);
    this.trail.steps[depth] = 'extra';
    this.open.push(number);
    this.#writePart(travel.extra?.(object));
    this.open.pop();
    this.trail.leave(depth);
  }

  #writeRegistered(object: object): void {
    const registration = registrationOf(object);
    if (registration === undefined) return this.#refuseObject(object);
    this.#needModuleOf(registration);
    if (registration.encode === undefined) {
      const deep = this.trail.below >= MAX_DEPTH;
      if (deep) this.#defer(Tag.DEFERRED_CLASS, object, Sort.REGISTERED);
      else this.tag(Tag.CLASS);
      this.writeString(registration.name);
      if (deep) return;
      return this.#writeProperties(object, Object.keys(object));
    }
    const number = this.count - 1;
    this.tag(Tag.CUSTOM);
    this.writeString(registration.name);
    this.open.push(number);
    this.#writePart(registration.encode(object));
    this.open.pop();
  }

  #needModuleOf({ module }: Registration): void {
    if (module !== undefined && this.#audience !== Audience.FOREIGN && functionLane()?.mayImport(module))
      this.need(module);
  }

  #writeError(error: Error): void {
    const registration = registrationOf(error);
    if (registration?.encode !== undefined) return this.#writeRegistered(error);
    if (registration !== undefined) this.#needModuleOf(registration);
    const known = errorClassOf(error);
    this.tag(Tag.ERROR);
    this.writeString(known);
    this.writeString(registration?.name ?? '');
    const depth = this.trail.enter(error);
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
    this.trail.leave(depth);
  }

  #errorProperty(flags: number, key: string, value: unknown): void {
    const before = this.#lenient ? this.mark() : undefined;
    const capturing = this.#capturing;
    this.tag(flags);
    this.writeKey(key);
    this.trail.steps[this.trail.depth - 1] = key;
    if (before === undefined) return this.#write(value);
    try {
      this.#write(value);
    } catch {
      // What was thrown matters more than a property of it that cannot travel.
      this.rewind(before);
      this.#capturing = capturing;
    }
  }

  #writeDomException(error: DOMException): void {
    this.tag(Tag.DOM_EXCEPTION);
    this.writeString(error.message);
    this.writeString(error.name);
    this.#write(typeof error.stack === 'string' ? error.stack : undefined);
  }

  #refuseObject(object: object): never {
    const reason = whyNot(object) ?? {
      what: article(className(object)),
      remedy: 'its state is not in properties; register its class with registerClass(), or send plain data',
    };
    return this.trail.refuse(reason.what, reason.remedy);
  }
}

/** Properties of errors that are part of them though not enumerable. */
const HIDDEN_OF_ERRORS = new Set(['message', 'stack', 'cause', 'errors', 'name', 'error', 'suppressed']);

const wellKnownSymbols = new Map<symbol, string>(
  Object.entries(Object.getOwnPropertyDescriptors(Symbol))
    .filter(([, { value }]) => typeof value === 'symbol')
    .map(([name, { value }]) => [value as symbol, name]),
);

function hasEnumerable(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
