/** Value: one number that all threads see. Python: `multiprocessing.Value`. */
import { registerTravel } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import { Kind, Value as Word } from '../memory/layout.js';
import { type AtomicNumbers, atomicNumbers } from './atomic-numbers.js';
import { GuardedObject, type GuardedOptions } from './guarded-object.js';
import {
  arrayClassOf,
  type BigIntCode,
  codeOf,
  type NumberArray,
  type NumberCode,
  requireElement,
  type TypeCode,
} from './type-code.js';

class SharedValue<T extends number | bigint> extends GuardedObject {
  readonly #array: NumberArray;
  readonly #numbers: AtomicNumbers<T>;

  constructor(type: TypeCode, initial?: T, options?: GuardedOptions) {
    const code = codeOf(type);
    super(Kind.VALUE, Word.TYPE, Word.LOCK, code, options);
    const ArrayClass = arrayClassOf(this.code);
    const words = wordsAt(this._handle);
    this.#array = new ArrayClass(words.buffer, words.byteOffset + 4 * (this._handle + Word.DATA), 1);
    this.#numbers = atomicNumbers<T>(this.#array);
    if (!this.adopted && initial !== undefined) this.value = initial;
  }

  /**
   * The number, read and written at once. `value.value += 1` is two steps, between which another thread
   * may write: use `add`, or hold `getLock()`. Integers wrap around as in C.
   *
   * @throws TypeError when set to what the type cannot hold: a fraction for an integer, a number for a bigint.
   */
  get value(): T {
    return this.#numbers.load(0);
  }

  set value(value: T) {
    requireElement('value', value, this.#array);
    this.#numbers.store(0, value);
  }

  /** Adds `n` in one step; returns the number as it was before. Integers wrap around as in C. */
  add(n: T): T {
    requireElement('n', n, this.#array);
    return this.#numbers.add(0, n);
  }

  /** Replaces the number by `to` if it is `from`, in one step; returns the number as it was before. */
  compareExchange(from: T, to: T): T {
    requireElement('from', from, this.#array);
    requireElement('to', to, this.#array);
    return this.#numbers.compareExchange(0, from, to);
  }
}
Object.defineProperty(SharedValue, 'name', { value: 'Value' });

export type Value<T extends number | bigint = number> = SharedValue<T>;

interface ValueConstructor {
  /**
   * @param type What it holds; see `TypeCode`.
   * @param initial The number at the start. Default: 0.
   */
  new (type: NumberCode, initial?: number, options?: GuardedOptions): Value<number>;
  new (type: BigIntCode, initial?: bigint, options?: GuardedOptions): Value<bigint>;
  /** With the kind of number said outright: `new Value<number>(type)`. */
  new <T extends number | bigint = never>(
    type: [T] extends [never] ? never : TypeCode,
    initial?: NoInfer<T>,
    options?: GuardedOptions,
  ): Value<T>;
  readonly prototype: Value<number | bigint>;
}

/**
 * One number in shared memory: what a global variable is to Python's threads. Reads and writes are
 * atomic, and so are `add` and `compareExchange`.
 *
 * Python: `multiprocessing.Value`.
 *
 * @example
 * ```ts
 * import { Value } from 'heddle';
 * const counter = new Value('i', 40);
 * counter.add(2);
 * console.log(counter.value); // 42
 * ```
 */
export const Value = SharedValue as unknown as ValueConstructor;

registerTravel(SharedValue, { tag: 'Value', revive: () => new SharedValue('i') });
