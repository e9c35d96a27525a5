/** SharedArray: numbers that all threads see. Python: `multiprocessing.Array`. */
import { markShared } from '../codec/codec.js';
import { requireInteger, show } from '../engine/arguments.js';
import { engine } from '../engine/select.js';
import { registerTravel } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import { Kind, SharedArray as Word } from '../memory/layout.js';
import { type AtomicNumbers, atomicNumbers } from './atomic-numbers.js';
import { GuardedObject, type GuardedOptions } from './guarded-object.js';
import {
  type ArrayOf,
  arrayClassOf,
  codeOrClassOf,
  type ElementOf,
  type NumberArray,
  type NumberArrayConstructor,
  requireElement,
  type TypeCode,
} from './type-code.js';

const MOST_BYTES = 0x7fffffff;

/** The memory of an array is freed with its wrapper, so whoever has the memory keeps the wrapper. */
const owners = new WeakMap<object, unknown>();

class SharedNumbers<A extends NumberArray> extends GuardedObject implements Iterable<ElementOf<A>> {
  /**
   * The numbers themselves: shared memory as a typed array. Plain reads and writes are not ordered
   * between threads; `Atomics` works on it. Keep the SharedArray for as long as views made of it
   * (`subarray`, its `buffer`) are in use: the memory is freed with it.
   */
  readonly array: A;
  readonly #numbers: AtomicNumbers<ElementOf<A>>;

  constructor(
    type: TypeCode | NumberArrayConstructor<A>,
    sizeOrItems: number | Iterable<ElementOf<A>> | ArrayLike<ElementOf<A>>,
    options?: GuardedOptions,
  ) {
    const code = codeOrClassOf(type);
    const items = typeof sizeOrItems === 'number' ? undefined : itemsOf<A>(sizeOrItems);
    const length = items?.length ?? (sizeOrItems as number);
    const ArrayClass = arrayClassOf(code);
    requireInteger('size', length, 0, Math.floor(MOST_BYTES / ArrayClass.BYTES_PER_ELEMENT));
    if (items !== undefined) {
      const sample = new ArrayClass(new ArrayBuffer(0), 0, 0);
      for (let i = 0; i < length; i++) requireElement(`items[${i}]`, items[i], sample);
    }
    super(Kind.ARRAY, Word.TYPE, Word.LOCK, code, options);
    if (!this.adopted) {
      wordsAt(this._handle)[this._handle + Word.LENGTH] = length;
      if (length > 0) engine.arrayAllocate(this._handle, length * ArrayClass.BYTES_PER_ELEMENT);
    }
    this.array = this.#view();
    this.#numbers = atomicNumbers(this.array);
    if (!this.adopted && items !== undefined) (this.array as { set(items: ArrayLike<unknown>): void }).set(items);
  }

  /** How many numbers there are. */
  get length(): number {
    return this.array.length;
  }

  /**
   * The number at `index`, read atomically; a negative index counts from the end.
   *
   * @throws RangeError when there is no such number.
   */
  get(index: number): ElementOf<A> {
    return this.#numbers.load(this.#place(index));
  }

  /** Writes the number at `index` atomically. */
  set(index: number, value: ElementOf<A>): void {
    requireElement('value', value, this.array);
    this.#numbers.store(this.#place(index), value);
  }

  /** Adds `n` to the number at `index` in one step; returns it as it was before. Integers wrap around as in C. */
  add(index: number, n: ElementOf<A>): ElementOf<A> {
    requireElement('n', n, this.array);
    return this.#numbers.add(this.#place(index), n);
  }

  /** Replaces the number at `index` by `to` if it is `from`, in one step; returns it as it was before. */
  compareExchange(index: number, from: ElementOf<A>, to: ElementOf<A>): ElementOf<A> {
    requireElement('from', from, this.array);
    requireElement('to', to, this.array);
    return this.#numbers.compareExchange(this.#place(index), from, to);
  }

  *[Symbol.iterator](): Generator<ElementOf<A>, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.#numbers.load(i);
  }

  #place(index: number): number {
    const place = index < 0 ? index + this.length : index;
    if (!Number.isInteger(place) || place < 0 || place >= this.length) {
      if (typeof index !== 'number') throw new TypeError(`index must be an integer, got ${show(index)}`);
      throw new RangeError(`index must be an integer from ${-this.length} to ${this.length - 1}, got ${index}`);
    }
    return place;
  }

  #view(): A {
    const ArrayClass = arrayClassOf(this.code) as NumberArrayConstructor<A>;
    const length = wordsAt(this._handle)[this._handle + Word.LENGTH] as number;
    if (length === 0) return new ArrayClass(new ArrayBuffer(0), 0, 0);
    const { buffer, byteOffset } = engine.arrayBuffer(this._handle);
    const array = new ArrayClass(buffer, byteOffset, length);
    owners.set(array, this);
    if (buffer instanceof ArrayBuffer) {
      // Of this array alone, and so is every view of it.
      owners.set(buffer, this);
      markShared(buffer);
    }
    return array;
  }
}
Object.defineProperty(SharedNumbers, 'name', { value: 'SharedArray' });

function itemsOf<A extends NumberArray>(
  items: Iterable<ElementOf<A>> | ArrayLike<ElementOf<A>>,
): ArrayLike<ElementOf<A>> {
  if (typeof items !== 'object' || items === null)
    throw new TypeError(`sizeOrItems must be a size or items, got ${show(items)}`);
  return Array.isArray(items) || ArrayBuffer.isView(items) ? (items as ArrayLike<ElementOf<A>>) : Array.from(items);
}

export type SharedArray<A extends NumberArray = NumberArray> = SharedNumbers<A>;

interface SharedArrayConstructor {
  /**
   * @param type What it holds: a `TypeCode`, or the constructor of a typed array.
   * @param sizeOrItems How many numbers, all 0 at the start; or the numbers.
   */
  new <C extends TypeCode>(
    type: C,
    sizeOrItems: number | Iterable<ElementOf<ArrayOf[C]>> | ArrayLike<ElementOf<ArrayOf[C]>>,
    options?: GuardedOptions,
  ): SharedArray<ArrayOf[C]>;
  new <A extends NumberArray>(
    type: NumberArrayConstructor<A>,
    sizeOrItems: number | Iterable<ElementOf<A>> | ArrayLike<ElementOf<A>>,
    options?: GuardedOptions,
  ): SharedArray<A>;
  readonly prototype: SharedArray;
}

/**
 * Numbers in shared memory, of a fixed length. `array` is a typed array over that memory, for plain
 * access at full speed; `get`, `set`, `add` and `compareExchange` are atomic. The memory is freed when
 * no thread has the array any more.
 *
 * Python: `multiprocessing.Array`.
 *
 * @example
 * ```ts
 * import { SharedArray } from 'heddle';
 * const totals = new SharedArray('d', [0.5, 1.5]);
 * totals.add(1, 2);
 * console.log([...totals]); // [0.5, 3.5]
 * totals.array.fill(0);
 * ```
 */
export const SharedArray: SharedArrayConstructor = SharedNumbers as unknown as SharedArrayConstructor;

registerTravel(SharedNumbers, { tag: 'SharedArray', revive: () => new SharedNumbers('i', 0) });
