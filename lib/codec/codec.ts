/**
 * Values to bytes and back: what a queue, a thread's arguments and its result travel as.
 *
 * Numbers, strings, booleans and byte arrays have lanes of their own; everything else is written in
 * the format of `wire.ts`. The item that `encode` returns, its bytes included, is one and the same
 * object each time: hand it to the engine before the next `encode`, or use `encodeOwned`.
 *
 * Whoever encodes owns the references in `item.handles` until the engine has taken them over:
 * `discard(item)` drops them when the item is not sent after all. Whoever takes a message decodes it
 * or drops it (`drop`), exactly once.
 */
import { inspect } from 'node:util';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { RemoteError } from '../errors.js';
import { Carriage } from './carriage.js';
import { Sort, sortOf } from './classify.js';
import { Lane } from './lanes.js';
import { isShared } from './outgoing-buffers.js';
import { Reader } from './reader.js';
import { HAS_TAIL } from './wire.js';
import { Audience, Writer } from './writer.js';

export { Carriage, detach } from './carriage.js';
export { type ClassOptions, registerClass } from './classes.js';
export { type FunctionLane, type FunctionParts, setFunctionLane } from './functions.js';
export { move, requireMovable } from './moved.js';
export { markShared } from './outgoing-buffers.js';
export { Audience } from './writer.js';

const NO_BYTES = new Uint8Array(0);
const NO_HANDLES: number[] = [];
/** What the shared item holds on to is let go of at the next turn when it is larger than this. */
const LARGE = 64 * 1024;

const item: EncodedItem = {
  lane: Lane.UNDEFINED,
  number: 0,
  string: '',
  bytes: NO_BYTES,
  length: 0,
  handles: NO_HANDLES,
};

// A getter, a custom encode() or decode() may put or take items itself: whoever is at work has left this empty.
let spareWriter: Writer | undefined;
let spareReader: Reader | undefined;

function lane(number: number): EncodedItem {
  item.lane = number;
  item.length = 0;
  item.handles = NO_HANDLES;
  return item;
}

/**
 * Encodes `value` into the shared item.
 *
 * @param root Name of the value in refusals: `item`, `args`.
 * @param carriage Gets what travels beside the message. Default: nothing does.
 * @param audience Who it is for. Default: who shares the arena.
 * @throws NotSerializableError, naming the path, for what cannot travel; nothing stays retained.
 */
export function encode(value: unknown, root = 'item', carriage?: Carriage, audience?: Audience): EncodedItem {
  switch (typeof value) {
    case 'number':
      item.number = value;
      return lane(Lane.NUMBER);
    case 'string':
      if (!value.isWellFormed()) break;
      item.string = value;
      if (value.length > LARGE) releaseSoon();
      return lane(Lane.STRING);
    case 'boolean':
      return lane(value ? Lane.TRUE : Lane.FALSE);
    case 'undefined':
      return lane(Lane.UNDEFINED);
    case 'object':
      if (value === null) return lane(Lane.NULL);
      if (value instanceof Uint8Array && travelsAlone(value) && !carriage?.takes(value)) {
        lane(Buffer.isBuffer(value) ? Lane.BUFFER : Lane.BYTES);
        item.bytes = value;
        item.length = value.length;
        if (value.length > LARGE) releaseSoon();
        return item;
      }
  }
  return encodeValue(value, root, false, carriage, audience);
}

/** A plain Uint8Array or Buffer over memory of this thread; the writer deals with (and refuses) the rest. */
function travelsAlone(bytes: Uint8Array): boolean {
  const sort = sortOf(bytes);
  return (sort === Sort.VIEW || sort === Sort.BUFFER) && bytes.length > 0 && !isShared(bytes.buffer);
}

function encodeValue(
  value: unknown,
  root: string,
  lenient: boolean,
  carriage?: Carriage,
  audience?: Audience,
): EncodedItem {
  const writer = spareWriter ?? new Writer();
  spareWriter = undefined;
  try {
    writer.encode(value, root, lenient, audience, carriage);
    lane(Lane.VALUE);
    item.bytes = writer.bytes;
    item.length = writer.position;
    if (writer.handles.length > 0) {
      item.handles = writer.handles;
      writer.handles = [];
    }
    if (item.length > LARGE) releaseSoon();
    return item;
  } finally {
    writer.shrink();
    spareWriter = writer;
  }
}

/**
 * Encodes what was thrown: as `encode`, but never throws. Properties of an error that cannot travel
 * are left out; any other value that cannot is described by a RemoteError.
 */
export function encodeThrown(thrown: unknown): EncodedItem {
  try {
    // The results before a chunk's failure may be marked as moved.
    return encodeValue(thrown, 'error', true, new Carriage(false));
  } catch (cause) {
    return encodeValue(describeThrown(thrown, cause), 'error', true);
  }
}

function describeThrown(thrown: unknown, cause: unknown): RemoteError {
  let description: string;
  try {
    description = inspect(thrown, { depth: 2 });
  } catch (error) {
    description = `a ${typeof thrown} whose inspection fails: ${String(error)}`;
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RemoteError(`thrown: ${description} (${why})`);
}

/** Encodes into an item of its own, for a put that waits until later. */
export function encodeOwned(value: unknown, root = 'item'): EncodedItem {
  return own(encode(value, root));
}

/** The audience of another process of this program, which may have an arena of its own. */
export function processAudience(): Audience {
  return engine.supports.processSharedMemory ? Audience.FAMILY : Audience.PROCESS;
}

/** `encodeOwned` for another process: where that has an arena of its own, objects that have no proxies are refused. */
export function encodeForProcess(value: unknown, root: string): EncodedItem {
  return own(encodeValue(value, root, false, undefined, processAudience()));
}

/** An independent copy of the shared item. */
export function own(shared: EncodedItem): EncodedItem {
  const copy: EncodedItem = { ...shared, bytes: NO_BYTES };
  if (shared.length > 0) copy.bytes = copyOf(shared.bytes, shared.length);
  return copy;
}

/** Drops the references of an item that is not sent after all. */
export function discard(unsent: EncodedItem): void {
  const { handles } = unsent;
  unsent.handles = NO_HANDLES;
  for (const handle of handles) engine.release(handle);
}

/**
 * The value of a message as `queueTake` left it: the lane, what it returned, the engine's scratch and
 * the length within it, and what came beside it. Adopts each handle of the message once, or releases it when this throws.
 */
export function decode(
  laneNumber: number,
  taken: number | string | Uint8Array | undefined,
  scratch: Uint8Array,
  length: number,
  carried?: readonly unknown[],
): unknown {
  switch (laneNumber) {
    case Lane.NUMBER:
    case Lane.STRING:
      return taken;
    case Lane.UNDEFINED:
      return undefined;
    case Lane.NULL:
      return null;
    case Lane.TRUE:
      return true;
    case Lane.FALSE:
      return false;
    case Lane.BYTES: {
      const bytes = taken === undefined ? copyOf(scratch, length) : (taken as Uint8Array);
      return Object.getPrototypeOf(bytes) === Uint8Array.prototype
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    case Lane.BUFFER: {
      const bytes = taken === undefined ? copyOf(scratch, length) : (taken as Uint8Array);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    case Lane.VALUE: {
      const source = taken === undefined ? scratch : (taken as Uint8Array);
      const reader = spareReader ?? new Reader();
      spareReader = undefined;
      try {
        return reader.decode(source, taken === undefined ? length : source.length, false, carried);
      } finally {
        spareReader = reader;
      }
    }
    default:
      throw new TypeError(`malformed message: unknown lane ${laneNumber}`);
  }
}

/** Drops a message that nobody will decode: releases what it holds. */
export function drop(
  laneNumber: number,
  taken: number | string | Uint8Array | undefined,
  scratch: Uint8Array,
  length: number,
): void {
  if (laneNumber !== Lane.VALUE) return;
  const source = taken === undefined ? scratch : (taken as Uint8Array);
  new Reader().release(source, taken === undefined ? length : source.length);
}

/** URLs of the modules that functions in a message need loaded before it is decoded. */
export function neededModules(
  laneNumber: number,
  taken: number | string | Uint8Array | undefined,
  scratch: Uint8Array,
  length: number,
): readonly string[] {
  const source = taken === undefined ? scratch : (taken as Uint8Array);
  if (laneNumber !== Lane.VALUE || source[0] !== HAS_TAIL) return NO_MODULES;
  return new Reader().modules(source, taken === undefined ? length : source.length);
}

const NO_MODULES: readonly string[] = [];

/**
 * A value as bytes of its own, for transports other than queues. The references inside belong to the
 * bytes: decode them (`decodeBytes`) or drop them (`dropBytes`) exactly once.
 */
export function encodeBytes(value: unknown, root = 'item'): Uint8Array {
  const encoded = encodeValue(value, root, false);
  return copyOf(encoded.bytes, encoded.length);
}

/** `encodeBytes` for what was thrown; never throws. See `encodeThrown`. */
export function encodeThrownBytes(thrown: unknown): Uint8Array {
  const encoded = encodeThrown(thrown);
  return copyOf(encoded.bytes, encoded.length);
}

/**
 * `encodeBytes` for a receiver outside of the arena, such as the other side of a socket: shared objects and functions,
 * which mean nothing there, are refused.
 */
export function encodeForeign(value: unknown, root = 'item'): Uint8Array {
  const writer = new Writer();
  writer.encode(value, root, false, Audience.FOREIGN);
  return copyOf(writer.bytes, writer.position);
}

/** The value of bytes from outside of the arena, which nobody need have meant well with: no code runs, no handle is touched. */
export function decodeForeign(bytes: Uint8Array): unknown {
  return new Reader().decode(bytes, bytes.length, true);
}

export function decodeBytes(bytes: Uint8Array): unknown {
  return decode(Lane.VALUE, bytes, NO_BYTES, 0);
}

export function dropBytes(bytes: Uint8Array): void {
  drop(Lane.VALUE, bytes, NO_BYTES, 0);
}

/** URLs of the modules that functions in `bytes` need loaded before `decodeBytes`. */
export function neededModulesOfBytes(bytes: Uint8Array): readonly string[] {
  return neededModules(Lane.VALUE, bytes, NO_BYTES, 0);
}

function copyOf(bytes: Uint8Array, length: number): Uint8Array {
  // Not zeroed first, and not a slice of the pool.
  const copy = Buffer.allocUnsafeSlow(length);
  copy.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return new Uint8Array(copy.buffer, 0, length);
}

let releasing = false;
/** Lets the garbage collector have a large payload although the shared item outlives it. */
function releaseSoon(): void {
  if (releasing) return;
  releasing = true;
  queueMicrotask(() => {
    releasing = false;
    item.string = '';
    item.bytes = NO_BYTES;
    item.length = 0;
  });
}
