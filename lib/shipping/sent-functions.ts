/**
 * Functions that are sent to the same receivers again and again, as tasks are to the workers of an
 * executor: each is defined once, and is a small integer from then on.
 *
 * A function keeps its number for as long as its definition, the bytes that the codec makes of it and
 * of everything it captures, stays the same. Which functions that is settled by `steadinessOf`:
 *
 *   constant   nothing in it can change: a Map entry decides, nothing is encoded
 *   lasting    it captures data that may change: it is encoded and the bytes are compared
 *
 * Function objects without a number yet (0) travel inside the message. One gets a number when it is
 * seen for the second time unchanged, so that closures made for one task each leave nothing behind;
 * functions that a module exports, and those that capture nothing, get theirs at once.
 */
import { discard, encodeOwned } from '../codec/codec.js';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { type SharedObject, wrapperOf } from '../engine/shared-object.js';
import { steadinessOf } from './steadiness.js';
import './lane.js';

/** A function whose captured data changes from task to task stops getting numbers after so many. */
const REDEFINITIONS = 8;

interface Sent {
  /** 0: none yet. */
  id: number;
  readonly constant: boolean;
  redefinitions: number;
  /** What it was when it last travelled without a number. */
  last: Uint8Array | undefined;
}

interface Definition {
  readonly item: EncodedItem;
  /** Keep the shared objects in the definition alive, instead of references that would outlive this isolate. */
  readonly owners: readonly (SharedObject | undefined)[];
}

export class SentFunctions {
  /** By number, which begins at 1. */
  readonly #definitions: (Definition | undefined)[] = [undefined];
  readonly #sent = new WeakMap<Function, Sent>();
  /** Functions that capture nothing, by what they have in common: where they are written. */
  readonly #alike = new WeakMap<object, Sent>();
  #lastConstant: Function | undefined;
  #lastId = 0;

  /** The highest number given. */
  get count(): number {
    return this.#definitions.length - 1;
  }

  /**
   * The number of `fn`, whose `definition` a receiver needs once; 0 when `fn` has to travel inside
   * the message, as any value does.
   *
   * @param name What refusals call it: `fn`, `args[0]`.
   * @throws FunctionNotShippableError
   */
  idOf(fn: Function, name = 'fn'): number {
    if (fn === this.#lastConstant) return this.#lastId;
    const sent = this.#sent.get(fn);
    if (sent === undefined) return this.#meet(fn, name);
    if (!sent.constant) return this.#compare(fn, sent, name);
    if (sent.id === 0) sent.id = this.#define(encodeOwned(fn, name));
    this.#lastConstant = fn;
    this.#lastId = sent.id;
    return sent.id;
  }

  /** The message that makes the function of this number, with references of its own: put it, or `discard` it. */
  definition(id: number): EncodedItem {
    const definition = this.#definitions[id];
    if (definition === undefined) throw new RangeError(`no function has the number ${id}`);
    const { item } = definition;
    for (const handle of item.handles) engine.retain(handle);
    return { ...item, handles: [...item.handles] };
  }

  /** Lets go of all definitions. */
  close(): void {
    this.#definitions.fill(undefined);
    this.#lastConstant = undefined;
  }

  #meet(fn: Function, name: string): number {
    const { constant, alike } = steadinessOf(fn);
    const known = alike && this.#alike.get(alike);
    const sent = known ?? { id: 0, constant, redefinitions: 0, last: undefined };
    this.#sent.set(fn, sent);
    if (alike === undefined) return 0;
    this.#alike.set(alike, sent);
    return this.idOf(fn, name);
  }

  #compare(fn: Function, sent: Sent, name: string): number {
    if (sent.id === 0 && sent.redefinitions >= REDEFINITIONS) return 0;
    const item = encodeOwned(fn, name);
    const defined = sent.id === 0 ? undefined : this.#definitions[sent.id];
    if (defined !== undefined && same(defined.item.bytes, item.bytes)) {
      discard(item);
      return sent.id;
    }
    if (sent.last === undefined || !same(sent.last, item.bytes)) {
      sent.last = item.bytes;
      discard(item);
      return 0;
    }
    sent.last = undefined;
    if (++sent.redefinitions > REDEFINITIONS) {
      sent.id = 0;
      discard(item);
      return 0;
    }
    sent.id = this.#define(item);
    return sent.id;
  }

  #define(item: EncodedItem): number {
    const owners = item.handles.map((handle) => wrapperOf(handle));
    const handles = [...item.handles];
    discard(item);
    return this.#definitions.push({ item: { ...item, handles }, owners }) - 1;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
