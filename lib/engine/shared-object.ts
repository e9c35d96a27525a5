/**
 * Base of every object that lives in the arena: its handle, its lifetime, and how it travels.
 *
 * An isolate has at most one wrapper per handle, so an object that comes back through a queue is
 * the object that was sent. The wrapper holds the isolate's one reference; it is dropped when the
 * wrapper is collected or `close`d, and with the isolate's slot when the isolate dies.
 */
import { loadClassOf } from './classes-on-demand.js';
import type { Handle } from './engine.js';
import { engine } from './select.js';

/** How a class of shared objects is written into a message and made again from it. */
export interface Travel<T extends SharedObject> {
  /** Stable name of the class, unique in heddle. */
  readonly tag: string;
  /** Makes the wrapper; runs with the handle already set, so its constructor must not initialise the cell when `adopted`. */
  revive(extra: unknown): T;
  /** What travels beside the handle (any value the codec takes), or undefined. */
  extra?(object: T): unknown;
}

const travels = new Map<string, Travel<SharedObject>>();
const travelOfPrototype = new Map<object, Travel<SharedObject>>();

/** A wrapper as the finalizer knows it. `ref` is set once the object has travelled: only then can its handle come back. */
interface Entry {
  readonly handle: Handle;
  ref: WeakRef<SharedObject> | undefined;
}

/** Wrappers of objects that have travelled. */
const wrappers = new Map<Handle, Entry>();

const collected = new FinalizationRegistry<Entry>((entry) => {
  if (entry.ref !== undefined) {
    // A newer wrapper may have taken over the isolate's reference.
    if (wrappers.get(entry.handle) !== entry) return;
    wrappers.delete(entry.handle);
  }
  engine.disown(entry.handle);
});

/** Handle that the constructor running now shall take over, 0 to create a cell. */
let adopting: Handle = 0;

/** Marks a shared object of whatever copy of heddle, so that another one does not take it for data. */
export const SHARED: unique symbol = Symbol.for('heddle.shared');

export abstract class SharedObject {
  /** @internal */
  readonly _handle: Handle;
  /** True when this wrapper stands for an object made elsewhere. */
  protected readonly adopted: boolean;
  readonly #entry: Entry;

  /** @internal */
  get [SHARED](): true {
    return true;
  }

  constructor(kind: number) {
    this.adopted = adopting !== 0;
    this._handle = this.adopted ? adopting : engine.create(kind);
    adopting = 0;
    this.#entry = { handle: this._handle, ref: undefined };
    collected.register(this, this.#entry, this.#entry);
    if (this.adopted) this._remember();
  }

  /** Makes the handle lead back to this wrapper; from the first time the object travels. @internal */
  _remember(): void {
    if (this.#entry.ref !== undefined) return;
    this.#entry.ref = new WeakRef<SharedObject>(this);
    wrappers.set(this._handle, this.#entry);
  }

  /** Gives up this isolate's reference now instead of at garbage collection. The wrapper must not be used after. */
  protected releaseHandle(): void {
    if (!collected.unregister(this.#entry)) return;
    if (wrappers.get(this._handle) === this.#entry) wrappers.delete(this._handle);
    engine.disown(this._handle);
  }
}

/** Declares that instances of exactly `cls` travel. */
export function registerTravel<T extends SharedObject>(
  cls: abstract new (...args: never[]) => T,
  travel: Travel<T>,
): void {
  const erased = travel as unknown as Travel<SharedObject>;
  travels.set(travel.tag, erased);
  travelOfPrototype.set(cls.prototype, erased);
}

/** How `object`, which is about to travel, does so; an instance of a subclass travels as its nearest registered base class. */
export function travelOf(object: SharedObject): Travel<SharedObject> {
  object._remember();
  for (
    let p = Object.getPrototypeOf(object) as object | null;
    p !== null;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    const travel = travelOfPrototype.get(p);
    if (travel !== undefined) return travel;
  }
  throw new TypeError(`${object.constructor.name} has no way to travel`);
}

/** This isolate's wrapper of an object that has travelled, if it has one. */
export function wrapperOf(handle: Handle): SharedObject | undefined {
  return wrappers.get(handle)?.ref?.deref();
}

/**
 * The wrapper for a handle that arrived in a message, together with the message's reference to it,
 * which this call uses up.
 */
export function reviveShared(tag: string, handle: Handle, extra: unknown): SharedObject {
  const known = wrapperOf(handle);
  if (known !== undefined) {
    engine.adopt(handle);
    return known;
  }
  if (!travels.has(tag)) loadClassOf(tag);
  const travel = travels.get(tag);
  if (travel === undefined) {
    engine.release(handle);
    throw new TypeError(`a shared object of class ${tag}, which is not known in this thread, arrived`);
  }
  engine.adopt(handle);
  adopting = handle;
  try {
    return travel.revive(extra);
  } finally {
    // Still set: no wrapper was made that would drop the reference one day.
    if (adopting !== 0) engine.disown(handle);
    adopting = 0;
  }
}
