/** What kind of thing an object is to the codec, and why some cannot travel. */
import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import { SHARED, SharedObject } from '../engine/shared-object.js';
import { whyItStays } from '../engine/stays.js';
import { onRegistration, registrationOf } from './classes.js';

export const Sort = {
  PLAIN: 1,
  ARRAY: 2,
  MAP: 3,
  SET: 4,
  DATE: 5,
  REGEXP: 6,
  ERROR: 7,
  DOM_EXCEPTION: 8,
  /** Typed array or DataView. */
  VIEW: 9,
  BUFFER: 10,
  ARRAY_BUFFER: 11,
  BOXED: 12,
  SHARED: 13,
  REGISTERED: 14,
  /** Instance of a class nobody registered: travels as a plain object. */
  INSTANCE: 15,
  REFUSED: 16,
} as const;
export type Sort = (typeof Sort)[keyof typeof Sort];

/** The sort of most objects follows from their prototype; forgotten when a class is registered. */
let sorts = new WeakMap<object, Sort>();
onRegistration(() => {
  sorts = new WeakMap();
});

/** Sorts of which an object must also have the innards, which its prototype alone does not prove. */
const proofs: Partial<Record<Sort, (object: object) => boolean>> = {
  [Sort.MAP]: types.isMap,
  [Sort.SET]: types.isSet,
  [Sort.DATE]: types.isDate,
  [Sort.REGEXP]: types.isRegExp,
  [Sort.BOXED]: types.isBoxedPrimitive,
  [Sort.ARRAY_BUFFER]: types.isArrayBuffer,
  [Sort.VIEW]: ArrayBuffer.isView,
  [Sort.BUFFER]: ArrayBuffer.isView,
};

export function sortOf(object: object): Sort {
  if (types.isProxy(object)) return Sort.REFUSED;
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === Object.prototype || prototype === null) return Sort.PLAIN;
  if (Array.isArray(object)) return registrationOf(prototype) === undefined ? Sort.ARRAY : Sort.REGISTERED;
  const known = sorts.get(prototype);
  if (known === undefined) {
    const sort = examine(object, prototype);
    sorts.set(prototype, sort);
    return sort;
  }
  const proof = proofs[known];
  return proof === undefined || proof(object) ? known : Sort.INSTANCE;
}

function examine(object: object, prototype: object): Sort {
  if (object instanceof SharedObject) return Sort.SHARED;
  if (registrationOf(prototype) !== undefined) return types.isNativeError(object) ? Sort.ERROR : Sort.REGISTERED;
  if (Buffer.isBuffer(object)) return Sort.BUFFER;
  if (ArrayBuffer.isView(object)) return Sort.VIEW;
  if (types.isMap(object)) return Sort.MAP;
  if (types.isSet(object)) return Sort.SET;
  if (types.isDate(object)) return Sort.DATE;
  if (types.isRegExp(object)) return Sort.REGEXP;
  if (types.isArrayBuffer(object)) return Sort.ARRAY_BUFFER;
  if (types.isBoxedPrimitive(object)) return Sort.BOXED;
  if (object instanceof DOMException) return Sort.DOM_EXCEPTION;
  if (types.isNativeError(object) || object instanceof Error) return Sort.ERROR;
  return whyNot(object) === undefined ? Sort.INSTANCE : Sort.REFUSED;
}

/** What an object that cannot travel is, and what to do instead. */
export interface Reason {
  readonly what: string;
  readonly remedy: string;
}

const HERE = 'it belongs to the thread that made it; make it where it is used, or send plain data';

/** Why `object` cannot travel; undefined when it can (as far as its class tells). */
export function whyNot(object: object): Reason | undefined {
  if (types.isProxy(object)) return { what: 'a Proxy', remedy: 'send the object behind it, or a copy of it' };
  const what = article(className(object));
  const staying = whyItStays(object);
  if (staying !== undefined) return { what: staying.what ?? what, remedy: staying.remedy };
  if (SHARED in object)
    return {
      what: `${what} of another copy of heddle`,
      remedy: 'let both sides load one copy of the package (npm ls heddle tells which there are)',
    };
  if (types.isPromise(object)) return { what, remedy: 'await it first' };
  if (types.isSharedArrayBuffer(object)) return { what, remedy: 'use a SharedArray' };
  if (types.isWeakMap(object) || types.isWeakSet(object) || object instanceof WeakRef)
    return { what, remedy: 'weak references end at the border of a thread; send a Map, a Set or the object' };
  if (object instanceof MessagePort) return { what, remedy: 'use a Queue' };
  if (object instanceof AbortSignal || object instanceof AbortController) return { what, remedy: 'use an Event' };
  if (types.isKeyObject(object) || types.isCryptoKey(object)) return { what, remedy: 'send what its export() returns' };
  if (
    /(?:Iterator|Generator)\]$/.test(Object.prototype.toString.call(object)) &&
    typeof (object as Iterator<unknown>).next === 'function'
  )
    return { what: 'an iterator', remedy: 'send an array of what it yields' };
  if (object instanceof EventEmitter || object instanceof EventTarget || isOfHost(object))
    return { what, remedy: HERE };
  return undefined;
}

/** Whether the class, or a base class below Object, is built in: what its instances hold is out of the reach of a copy. */
function isOfHost(object: object): boolean {
  for (
    let p = Object.getPrototypeOf(object) as object | null;
    p !== null;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    // The end of the chain is this realm's Object.prototype or another's.
    if (Object.getPrototypeOf(p) === null) return false;
    const cls: unknown = Object.getOwnPropertyDescriptor(p, 'constructor')?.value;
    if (typeof cls !== 'function') continue;
    if (cls.name in globalThis && (globalThis as Record<string, unknown>)[cls.name] === cls) return true;
    if (/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(cls))) return true;
  }
  return false;
}

export function className(object: object): string {
  for (
    let p = Object.getPrototypeOf(object) as object | null;
    p !== null;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    const cls: unknown = Object.getOwnPropertyDescriptor(p, 'constructor')?.value;
    if (typeof cls === 'function' && cls.name !== '') return cls.name;
  }
  return 'Object';
}

export function article(name: string): string {
  return `${/^(?:[AEIO]|U(?!int|R[LI]))/i.test(name) ? 'an' : 'a'} ${name}`;
}
