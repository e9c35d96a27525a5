/**
 * The format of lane VALUE: what the writer and the reader agree on.
 *
 *   message   HAS_TAIL or NO_TAIL (1 byte), value, [deferred bodies], [tail, offset of the tail (u32)]
 *   value     a tag (1 byte) and what belongs to it
 *   varint    7 bits a byte, lowest first, up to 2^53
 *   key       length (1 byte) and that many Latin-1 bytes, or LONG_KEY and a string value
 *   tail      handles: varint count, u32 each
 *             modules: varint count, string value each
 *             buffers: varint count, each: start, length, form (varints), then
 *                      form 0, or maxByteLength + 2 of a resizable one: bytes; CARRIED: nothing, it travels beside the
 *                      message, under the number that stands for the length
 *
 * Objects are numbered as their tags appear; REF leads back to one. Numbers are little-endian.
 *
 * An object nested deeper than MAX_DEPTH is announced by a DEFERRED_* tag in its place and its body
 * follows, in the order of the announcements: at the end of the message or of the part of it that is
 * handed to others (the data of CUSTOM, the code and captured values of FUNCTION, the extra of SHARED).
 * So no nesting is too deep.
 */
export const NO_TAIL = 0;
export const HAS_TAIL = 1;

export const Tag = {
  UNDEFINED: 1,
  NULL: 2,
  TRUE: 3,
  FALSE: 4,
  INT32: 5,
  FLOAT64: 6,
  BIGINT64: 7,
  /** sign byte, varint length, magnitude from the lowest byte. */
  BIGINT: 8,
  /** Length in bytes (u32), bytes. */
  LATIN1: 9,
  /** As LATIN1: a string that is well formed. */
  UTF8: 10,
  /** As LATIN1, 2 bytes a code unit: keeps lone surrogates. */
  UTF16: 11,
  /** varint number of an object before. */
  REF: 12,
  /** (key, value) each, END_OF_KEYS. */
  OBJECT: 13,
  /** varint length, values. */
  ARRAY: 14,
  /** Holes or named properties: varint length, (key, value) each, END_OF_KEYS. */
  SPARSE_ARRAY: 15,
  /** varint length, 4 bytes each. */
  INT_ARRAY: 16,
  /** varint length, 8 bytes each. */
  FLOAT_ARRAY: 17,
  /** (value, value) until END. */
  MAP: 18,
  /** values until END. */
  SET: 19,
  END: 20,
  /** 8 bytes. */
  DATE: 21,
  /** source, flags: two string values. */
  REGEXP: 22,
  /** The primitive value. */
  BOXED: 23,
  /** varint length, bytes. */
  BUFFER: 24,
  /** ViewType byte, varint number of the buffer, varint byteOffset, varint length in elements. */
  VIEW: 25,
  /** varint number of the buffer. */
  ARRAY_BUFFER: 26,
  /** nearest known class, name of the registered class or '' (string values), then (flags byte, key, value) until ERROR_END. */
  ERROR: 27,
  /** message, name: two string values; stack: a value. */
  DOM_EXCEPTION: 28,
  /** class tag (string value), varint place in the handles of the tail, extra (value). */
  SHARED: 29,
  /** name (string value), (key, value) each, END_OF_KEYS. */
  CLASS: 30,
  /** name (string value), what its encode() returned (value). */
  CUSTOM: 31,
  /** what the function lane made of it: code (value), captured (value). */
  FUNCTION: 32,
  /** DEFERRED_X stands for X; the body follows later. */
  DEFERRED_OBJECT: 33,
  DEFERRED_ARRAY: 34,
  DEFERRED_MAP: 35,
  DEFERRED_SET: 36,
  /** name (string value). */
  DEFERRED_CLASS: 37,
  /** class (a function), (key, value) each, END_OF_KEYS. Only inside what a function captures. */
  INSTANCE: 38,
  /** its key (string value), by which Symbol.for() finds it. */
  SYMBOL: 39,
  /** its name (string value) as a property of Symbol. */
  WELL_KNOWN_SYMBOL: 40,
  /** varint number of what travels beside the message. */
  CARRIED: 41,
  /** 64…95: a Latin-1 string of 0…31 bytes. */
  SHORT_STRING: 64,
  SHORT_STRING_MAX: 95,
  /** 96…255: the integers -32…127. */
  SMALL_INT: 96,
} as const;

export const SMALL_INT_MIN = -32;
export const SMALL_INT_MAX = 127;
export const LONG_KEY = 255;
export const END_OF_KEYS = 254;

/** Form of a buffer that travels beside the message. */
export const CARRIED = 1;

/** Deeper than this, bodies are deferred. Small enough for the stack of any thread, large enough to be rare. */
export const MAX_DEPTH = 200;

/** Flags of an error's property. */
export const ERROR_PROPERTY = 1;
export const ERROR_HIDDEN_PROPERTY = 2;
export const ERROR_END = 0;

type ViewConstructor = {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
};

/** View classes by their number on the wire. Float16Array is there on newer Node versions only. */
export const viewTypes: readonly (ViewConstructor | undefined)[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  (globalThis as { Float16Array?: ViewConstructor }).Float16Array,
];
/** In place of the number of a class: a Buffer, of memory that travels beside the message. */
export const BUFFER_VIEW = 64;
