/**
 * Reads values from the bytes of `wire.ts`, trusting none of them: whatever the bytes are, reading
 * ends in a value or a throw, and every handle of the message is adopted or released exactly once.
 */
import { reviveShared } from '../engine/shared-object.js';
import { NotSerializableError } from '../errors.js';
import { malformed } from './byte-reader.js';
import { errorClass, type Registration, registrationNamed } from './classes.js';
import { functionLane } from './functions.js';
import { MessageReader, NOTHING, UNMADE } from './message-reader.js';
import {
  BUFFER_VIEW,
  END_OF_KEYS,
  ERROR_END,
  ERROR_HIDDEN_PROPERTY,
  ERROR_PROPERTY,
  SMALL_INT_MIN,
  Tag,
  viewTypes,
} from './wire.js';

export class Reader extends MessageReader {
  /** From outside of the arena: holds no handles and no code, whoever wrote it. */
  #foreign = false;

  /** The value of the message `source[0, length)`, with what came beside it. */
  decode(source: Uint8Array, length: number, foreign = false, carried = NOTHING): unknown {
    if (foreign) this.refuseReferences(source, length);
    this.carried = carried;
    this.openMessage(source, length);
    this.#foreign = foreign;
    try {
      const value = this.#read();
      this.#readDeferred(0);
      if (this.position !== this.end) throw malformed('bytes are left over');
      return value;
    } finally {
      this.closeMessage();
    }
  }

  #read(): unknown {
    const tag = this.byte();
    if (tag >= Tag.SMALL_INT) return tag - Tag.SMALL_INT + SMALL_INT_MIN;
    if (tag >= Tag.SHORT_STRING) return this.latin1(tag - Tag.SHORT_STRING);
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.INT32:
        return this.view.getInt32(this.advance(4), true);
      case Tag.FLOAT64:
        return this.view.getFloat64(this.advance(8), true);
      case Tag.BIGINT64:
        return this.view.getBigInt64(this.advance(8), true);
      case Tag.BIGINT:
        return this.readBigInt();
      case Tag.LATIN1:
      case Tag.UTF8:
      case Tag.UTF16:
        return this.readLongText(tag);
      case Tag.REF:
        return this.#readReference();
      case Tag.OBJECT:
        return this.#readPlain(this.note({}));
      case Tag.ARRAY:
      case Tag.SPARSE_ARRAY:
      case Tag.INT_ARRAY:
      case Tag.FLOAT_ARRAY:
        return this.#readArray(this.note([]), tag);
      case Tag.MAP:
        return this.#readMap(this.note(new Map()));
      case Tag.SET:
        return this.#readSet(this.note(new Set()));
      case Tag.DATE:
        return this.note(new Date(this.view.getFloat64(this.advance(8), true)));
      case Tag.REGEXP:
        return this.#readRegExp();
      case Tag.BOXED:
        return this.#readBoxed();
      case Tag.BUFFER:
        return this.#readBuffer();
      case Tag.VIEW:
        return this.#readView();
      case Tag.ARRAY_BUFFER:
        return this.bufferEntry().buffer;
      case Tag.ERROR:
        return this.#readError();
      case Tag.DOM_EXCEPTION:
        return this.#readDomException();
      case Tag.SHARED:
        return this.#readShared();
      case Tag.CLASS:
        return this.#readProperties(this.note(this.#instance()));
      case Tag.CUSTOM:
        return this.#readCustom();
      case Tag.FUNCTION:
        return this.#readFunction();
      case Tag.INSTANCE:
        return this.#readInstance(this.note({}));
      case Tag.SYMBOL:
        return Symbol.for(this.readText());
      case Tag.WELL_KNOWN_SYMBOL:
        return this.#readWellKnownSymbol();
      case Tag.CARRIED:
        return this.#readCarried();
      case Tag.DEFERRED_OBJECT:
        return this.#defer({});
      case Tag.DEFERRED_ARRAY:
        return this.#defer([]);
      case Tag.DEFERRED_MAP:
        return this.#defer(new Map());
      case Tag.DEFERRED_SET:
        return this.#defer(new Set());
      case Tag.DEFERRED_CLASS:
        return this.#defer(this.#instance());
      default:
        throw malformed(`unknown tag ${tag}`);
    }
  }

  #defer(object: object): object {
    this.deferred.push(object);
    return this.note(object);
  }

  /** Fills the objects deferred since there were `first`. */
  #readDeferred(first: number): void {
    if (this.deferred.length === first) return;
    for (let i = first; i < this.deferred.length; i++) this.#readBody(this.deferred[i] as object);
    this.deferred.length = first;
  }

  /** A value to hand to others before the message is read to its end. */
  #readPart(): unknown {
    const first = this.deferred.length;
    const value = this.#read();
    this.#readDeferred(first);
    return value;
  }

  /** Fills an object that was announced by a DEFERRED tag. */
  #readBody(object: object): void {
    const tag = this.byte();
    if (Array.isArray(object)) this.#readArray(object, tag);
    else if (object instanceof Map && tag === Tag.MAP) this.#readMap(object);
    else if (object instanceof Set && tag === Tag.SET) this.#readSet(object);
    else if (tag === Tag.OBJECT && Object.getPrototypeOf(object) === Object.prototype)
      this.#readPlain(object as Record<string, unknown>);
    else if (tag === Tag.OBJECT) this.#readProperties(object);
    else if (tag === Tag.INSTANCE && Object.getPrototypeOf(object) === Object.prototype) this.#readInstance(object);
    else throw malformed('a body of another kind');
  }

  #readReference(): unknown {
    const number = this.varint();
    if (number >= this.noted || this.objects[number] === UNMADE) throw malformed('a reference to nothing');
    return this.objects[number];
  }

  #readPlain(object: Record<string, unknown>): object {
    while (this.#moreKeys()) {
      const key = this.readKey();
      if (this.inherited) define(object, key, this.#read(), true);
      else object[key] = this.#read();
    }
    return object;
  }

  /** As `readPlain`, into an object that may inherit setters of any name. */
  #readProperties(object: object): object {
    while (this.#moreKeys()) {
      const key = this.readKey();
      define(object, key, this.#read(), true);
    }
    return object;
  }

  #readArray(array: unknown[], tag: number): unknown[] {
    switch (tag) {
      case Tag.ARRAY: {
        const length = this.count(1);
        for (let i = 0; i < length; i++) array.push(this.#read());
        return array;
      }
      case Tag.INT_ARRAY: {
        const length = this.count(4);
        const from = this.advance(4 * length);
        for (let i = 0; i < length; i++) array.push(this.view.getInt32(from + 4 * i, true));
        return array;
      }
      case Tag.FLOAT_ARRAY: {
        const length = this.count(8);
        const from = this.advance(8 * length);
        for (let i = 0; i < length; i++) array.push(this.view.getFloat64(from + 8 * i, true));
        return array;
      }
      case Tag.SPARSE_ARRAY:
        array.length = this.varint();
        this.#readProperties(array);
        return array;
      default:
        throw malformed('a body of another kind');
    }
  }

  #readMap(map: Map<unknown, unknown>): Map<unknown, unknown> {
    while (this.#more()) {
      const key = this.#read();
      map.set(key, this.#read());
    }
    return map;
  }

  #readSet(set: Set<unknown>): Set<unknown> {
    while (this.#more()) set.add(this.#read());
    return set;
  }

  /** False at END, which it passes. */
  #more(): boolean {
    if (this.position >= this.end) throw malformed('ends too early');
    if (this.bytes[this.position] !== Tag.END) return true;
    this.position++;
    return false;
  }

  /** False at END_OF_KEYS, which it passes. */
  #moreKeys(): boolean {
    if (this.position >= this.end) throw malformed('ends too early');
    if (this.bytes[this.position] !== END_OF_KEYS) return true;
    this.position++;
    return false;
  }

  #readRegExp(): RegExp {
    const number = this.reserve();
    const source = this.readText();
    return this.make(number, new RegExp(source, this.readText()));
  }

  #readBoxed(): object {
    const number = this.reserve();
    const value = this.#read();
    if (value === null || value === undefined || typeof value === 'object' || typeof value === 'function')
      throw malformed('a primitive expected');
    return this.make(number, Object(value) as object);
  }

  #readBuffer(): Buffer {
    const length = this.varint();
    const from = this.advance(length);
    const copy = Buffer.allocUnsafeSlow(length);
    this.bytes.copy(copy, 0, from, from + length);
    return this.note(copy);
  }

  #readView(): ArrayBufferView {
    const number = this.byte();
    const type = viewTypes[number];
    if (type === undefined && number !== BUFFER_VIEW) throw malformed('a view of unknown type');
    const { buffer, start } = this.bufferEntry();
    const offset = this.varint() - start;
    const length = this.varint();
    return this.note(type === undefined ? Buffer.from(buffer, offset, length) : new type(buffer, offset, length));
  }

  #readCarried(): object {
    const object = this.carried[this.varint()];
    if (typeof object !== 'object' || object === null) throw malformed('an object that did not come with it');
    return this.note(object);
  }

  #instance(): object {
    const name = this.readText();
    const registration = this.#registrationNamed(name);
    if (registration === undefined || registration.decode !== undefined) throw unknownClass(name);
    return Object.create(registration.cls.prototype as object) as object;
  }

  /** What is not registered here may be by a module that came with the message. */
  #registrationNamed(name: string): Registration | undefined {
    const known = registrationNamed(name);
    if (known !== undefined || this.neededUrls.length === 0) return known;
    this.keepBytes();
    for (const url of this.neededUrls) functionLane()?.load(url);
    return registrationNamed(name);
  }

  #readCustom(): object {
    const number = this.reserve();
    const name = this.readText();
    const data = this.#readPart();
    const registration = this.#registrationNamed(name);
    if (registration?.decode === undefined) throw unknownClass(name);
    this.keepBytes();
    return this.make(number, registration.decode(data));
  }

  #readError(): Error {
    const known = this.readText();
    const registered = this.readText();
    const limit = Error.stackTraceLimit;
    // The stack that counts is the one that comes with it.
    Error.stackTraceLimit = 0;
    const cls = registered === '' ? undefined : this.#registrationNamed(registered)?.cls;
    // The constructor of Error alone runs, whatever the class.
    const error = this.note(Reflect.construct(Error, [], cls ?? errorClass(known)) as Error);
    Error.stackTraceLimit = limit;
    if (registered !== '' && cls === undefined) define(error, 'name', registered, false);
    for (;;) {
      const flags = this.byte();
      if (flags === ERROR_END) return error;
      if (flags !== ERROR_PROPERTY && flags !== ERROR_HIDDEN_PROPERTY) throw malformed('an error of unknown form');
      const key = this.readKey();
      define(error, key, this.#read(), flags === ERROR_PROPERTY);
    }
  }

  #readDomException(): DOMException {
    const number = this.reserve();
    const message = this.readText();
    const error = this.make(number, new DOMException(message, this.readText()));
    const stack = this.#read();
    if (stack !== undefined) define(error, 'stack', stack, false);
    return error;
  }

  #readShared(): object {
    const number = this.reserve();
    const tag = this.readText();
    const place = this.varint();
    const extra = this.#readPart();
    const handle = this.handles[place];
    if (handle === undefined || this.taken[place] !== false) throw malformed('a handle that is not there');
    this.taken[place] = true;
    this.keepBytes();
    return this.make(number, reviveShared(tag, handle, extra));
  }

  /** The class may lead back to the instance, so that exists first. */
  #readInstance(instance: object): object {
    const cls = this.#read();
    const prototype: unknown = typeof cls === 'function' ? cls.prototype : undefined;
    if (typeof prototype !== 'object') throw malformed('an instance of no class');
    Object.setPrototypeOf(instance, prototype);
    return this.#readProperties(instance);
  }

  #readWellKnownSymbol(): symbol {
    const name = this.readText();
    const symbol: unknown = Object.hasOwn(Symbol, name)
      ? (Symbol as unknown as Record<string, unknown>)[name]
      : undefined;
    if (typeof symbol !== 'symbol') throw malformed(`no symbol ${name} here`);
    return symbol;
  }

  #readFunction(): Function {
    if (this.#foreign) throw new NotSerializableError('a function arrived over a socket, where none travel');
    const number = this.reserve();
    const code = this.#readPart();
    const lane = functionLane();
    if (lane === undefined) throw new NotSerializableError('a function arrived where functions do not travel');
    this.keepBytes();
    const { fn, link } = lane.decode(code);
    this.make(number, fn);
    const captured = this.#readPart();
    link?.(captured);
    return fn;
  }
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

function unknownClass(name: string): Error {
  return new NotSerializableError(
    `an instance of the registered class '${name}' arrived in a thread where that class is not registered: import the module that calls registerClass() there, or give registerClass() the option module: import.meta.url`,
  );
}
