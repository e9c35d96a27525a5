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
 */
import { decodeBytes, encode, neededModulesOfBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { SharedArray } from '../shared/shared-array.js';
import '../shipping/lane.js';
import { importModules, modulesLoaded } from '../shipping/modules.js';
import { blockOf } from './task-table.js';

type Call = (...args: unknown[]) => unknown;

/** A function that this isolate has submitted. */
export class KnownFunction {
  readonly number: number;
  readonly definition: SharedArray<Int32Array>;
  readonly handle: number;
  /** Where it was submitted, for the stack of errors: see `submit-site.ts`. */
  site: { stack?: string } | undefined;
  readonly isAsync: boolean;

  constructor(fn: Function, number: number) {
    this.number = number;
    const { bytes, length, handles } = encode(fn, 'fn');
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
    const target = new Uint8Array(array.buffer, array.byteOffset + 4 * (2 + handles.length), length);
    target.set(bytes.subarray(0, length));
    this.definition._remember();
    this.handle = this.definition._handle;
    this.isAsync = fn.constructor.name === 'AsyncFunction';
    if (handles.length > 0) forgotten.register(this, handles.slice());
  }
}

const forgotten = new FinalizationRegistry<readonly number[]>((handles) => {
  for (const handle of handles) engine.release(handle);
});

/** The functions of this isolate, by which it knows them again. Numbers are never used twice. */
const known = new WeakMap<Function, KnownFunction>();
let last = 0;

/**
 * Makes a function known, if it is not yet.
 *
 * @throws FunctionNotShippableError when it cannot travel.
 */
export function knownFunction(fn: Function): KnownFunction {
  let found = known.get(fn);
  if (found === undefined) {
    found = new KnownFunction(fn, ++last);
    known.set(fn, found);
  }
  return found;
}

/** Definitions a worker keeps of each client; the one unused for longest goes first. */
const KEPT = 1000;

/** A function as a worker has it. */
export class LoadedFunction {
  readonly call: Call;
  /** How long it took of late, on average, in milliseconds; at first none knows. */
  usual = 1;

  constructor(call: Call) {
    this.call = call;
  }

  took(ms: number): void {
    this.usual += (ms - this.usual) / 4;
  }
}

/** The functions of one client, as a worker has them. */
export class FunctionCache {
  readonly #functions = new Map<number, LoadedFunction>();
  #lastNumber = 0;
  #last: LoadedFunction | undefined;

  /** The function, a promise of it where modules have to be imported first. Throws, or rejects, what making it throws. */
  get(number: number, handle: number): LoadedFunction | Promise<LoadedFunction> {
    if (number === this.#lastNumber && this.#last !== undefined) return this.#last;
    const found = this.#functions.get(number);
    if (found === undefined) return this.#make(number, handle);
    this.#lastNumber = number;
    this.#last = found;
    return found;
  }

  #make(number: number, handle: number): LoadedFunction | Promise<LoadedFunction> {
    const { array } = blockOf(handle);
    const [length, count] = array as unknown as [number, number];
    const bytes = new Uint8Array(length);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset + 4 * (2 + count), length));
    const handles = array.slice(2, 2 + count);
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
