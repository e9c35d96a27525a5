/**
 * Functions as tasks name them: by a number, once their definition lies in shared memory.
 *
 * The client writes a definition when it meets a function for the first time; a worker reads it when it
 * meets the number for the first time. The definition lives as long as the function, and as the last task
 * in flight that names it.
 *
 *   definition   length in bytes │ number of handles │ handles │ bytes
 *
 * It owns one reference to each shared object that the function captures; every reader takes one more.
 *
 * A function keeps its number for as long as its definition stays the same. Which that is `steadinessOf` says:
 *
 *   constant   nothing in it can change: a look at a WeakMap decides
 *   lasting    it captures what may change: it is encoded, and the bytes are compared, each time
 *
 * Function objects that are made again and again at one place, and capture nothing, have one number together.
 */
import { decodeBytes, discard, encode, encodeForProcess, neededModulesOfBytes } from '../codec/codec.js';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { SharedArray } from '../shared/shared-array.js';
import { travel } from '../shipping/lane.js';
import { importModules, modulesLoaded } from '../shipping/modules.js';
import { Pace } from './pace.js';
import type { TaskOrigin } from './task-origin.js';
import { blockOf } from './task-table.js';

type Call = (...args: unknown[]) => unknown;

/** A function that this isolate has submitted, as it was then. */
export class KnownFunction {
  readonly number: number;
  readonly name: string;
  readonly isAsync: boolean;
  /** It cannot become another. */
  readonly isConstant: boolean;
  readonly definition: SharedArray<Int32Array>;
  readonly handle: number;
  /** Why it cannot go to processes; undefined when it can. */
  readonly obstacle: unknown;
  readonly pace = new Pace();
  /** Of a task whose own place nobody has noted: see `task-origin.ts`. */
  likely: TaskOrigin | undefined;

  /** @param item What `fn` was encoded as, with its references. */
  constructor(fn: Function, { bytes, length, handles }: EncodedItem, isConstant: boolean, number: number) {
    this.number = number;
    this.name = fn.name;
    this.isAsync = fn.constructor.name === 'AsyncFunction';
    this.isConstant = isConstant;
    const words = 2 + handles.length + ((length + 3) >> 2);
    try {
      this.definition = new SharedArray('i', words, { lock: false });
    } catch (error) {
      for (const handle of handles) engine.release(handle);
      throw error;
    }
    const { array } = this.definition;
    array[0] = length;
    array[1] = handles.length;
    array.set(handles, 2);
    bytesIn(array).set(bytes.subarray(0, length));
    this.definition._remember();
    this.handle = this.definition._handle;
    if (handles.length === 0) return;
    forgotten.register(this, handles.slice());
    if (!engine.supports.processSharedMemory) this.obstacle = obstacleOf(fn);
  }

  /** Whether a function that is encoded so is this one. */
  isWrittenAs({ bytes, length, handles }: EncodedItem): boolean {
    const { array } = this.definition;
    return (
      array[0] === length &&
      array[1] === handles.length &&
      handles.every((handle, i) => array[2 + i] === handle) &&
      Buffer.compare(bytesIn(array), bytes.subarray(0, length)) === 0
    );
  }
}

function obstacleOf(fn: Function): unknown {
  try {
    discard(encodeForProcess(fn, 'fn'));
    return undefined;
  } catch (refusal) {
    return refusal;
  }
}

/** A definition, whose handles stay its own. */
export function definitionAt(handle: number): { readonly bytes: Uint8Array; readonly handles: Int32Array } {
  const { array } = blockOf(handle);
  return { bytes: bytesIn(array).slice(), handles: array.slice(2, 2 + (array[1] as number)) };
}

/** The bytes of a definition. */
function bytesIn(array: Int32Array): Uint8Array {
  const [length, count] = array as unknown as [number, number];
  return new Uint8Array(array.buffer, array.byteOffset + 4 * (2 + count), length);
}

const forgotten = new FinalizationRegistry<readonly number[]>((handles) => {
  for (const handle of handles) engine.release(handle);
});

/** The functions of this isolate, by which it knows them again. Numbers are never used twice. */
const known = new WeakMap<Function, KnownFunction>();
/** Those that capture nothing, by what they have in common. */
const alikes = new WeakMap<object, KnownFunction>();
let last = 0;

/**
 * A function as it is now: known from before, unless it is new or captures something that has changed.
 *
 * @throws FunctionNotShippableError when it cannot travel.
 */
export function knownFunction(fn: Function): KnownFunction {
  const before = known.get(fn);
  return before?.isConstant ? before : define(fn, before);
}

function define(fn: Function, before: KnownFunction | undefined): KnownFunction {
  const item = encode(fn, 'fn');
  if (before?.isWrittenAs(item)) {
    discard(item);
    return before;
  }
  const { constant, alike } = travel().steadinessOf(fn);
  let now = alike && alikes.get(alike);
  if (now?.isWrittenAs(item)) discard(item);
  else {
    now = new KnownFunction(fn, item, constant, ++last);
    if (alike !== undefined) alikes.set(alike, now);
  }
  known.set(fn, now);
  return now;
}

/** Functions a worker keeps of each client; the one it has had for longest goes first, and is made anew when it is called again. */
export const KEPT = 1000;

/** A function as a worker has it. */
export class LoadedFunction {
  readonly call: Call;
  readonly pace = new Pace();

  constructor(call: Call) {
    this.call = call;
  }
}

/** The functions of one client, as a worker has them. */
export interface Functions {
  /** The function, a promise of it where modules have to be imported first. Throws, or rejects, what making it throws. */
  get(number: number, definition: number): LoadedFunction | Promise<LoadedFunction>;
}

/** Those that it runs itself. */
export class FunctionCache implements Functions {
  readonly #functions = new Map<number, LoadedFunction>();
  #lastNumber = 0;
  #last: LoadedFunction | undefined;

  get(number: number, handle: number): LoadedFunction | Promise<LoadedFunction> {
    if (number === this.#lastNumber && this.#last !== undefined) return this.#last;
    const found = this.#functions.get(number);
    if (found === undefined) return this.#make(number, handle);
    this.#lastNumber = number;
    this.#last = found;
    return found;
  }

  #make(number: number, handle: number): LoadedFunction | Promise<LoadedFunction> {
    const { bytes, handles } = definitionAt(handle);
    const decode = (): LoadedFunction => {
      for (const captured of handles) engine.retain(captured);
      const fn = new LoadedFunction(decodeBytes(bytes) as Call);
      if (this.#functions.size >= KEPT) this.#functions.delete(this.#functions.keys().next().value as number);
      this.#functions.set(number, fn);
      return fn;
    };
    const modules = neededModulesOfBytes(bytes);
    return modulesLoaded(modules) ? decode() : importModules(modules).then(decode);
  }
}
