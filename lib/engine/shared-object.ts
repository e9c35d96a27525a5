/**
 * Base of every object that lives in the arena: its handle, its lifetime, and how it travels.
 *
 * An isolate has at most one wrapper per handle, so an object that comes back through a queue is
 * the object that was sent. The wrapper holds the isolate's one reference; it is dropped when the
 * wrapper is collected or `close`d, and with the isolate's slot when the isolate dies.
 */
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
const travelOfClass = new Map<unknown, Travel<SharedObject>>();
const wrappers = new Map<Handle, { ref: WeakRef<SharedObject> }>();

const collected = new FinalizationRegistry<{ handle: Handle; entry: object }>(({ handle, entry }) => {
  // A newer wrapper may have taken over the isolate's reference.
  if (wrappers.get(handle) !== entry) return;
  wrappers.delete(handle);
  engine.disown(handle);
});

/** Handle that the constructor running now shall take over, 0 to create a cell. */
let adopting: Handle = 0;

export abstract class SharedObject {
  /** @internal */
  readonly _handle: Handle;
  /** True when this wrapper stands for an object made elsewhere. */
  protected readonly adopted: boolean;

  constructor(kind: number) {
    this.adopted = adopting !== 0;
    this._handle = this.adopted ? adopting : engine.create(kind);
    adopting = 0;
    const entry = { ref: new WeakRef<SharedObject>(this) };
    wrappers.set(this._handle, entry);
    collected.register(this, { handle: this._handle, entry }, this);
  }

  /** Gives up this isolate's reference now instead of at garbage collection. The wrapper must not be used after. */
  protected releaseHandle(): void {
    if (!wrappers.delete(this._handle)) return;
    collected.unregister(this);
    engine.disown(this._handle);
  }
}

/** Declares that instances of exactly `cls` travel. */
export function registerTravel<T extends SharedObject>(cls: abstract new (...args: never[]) => T, travel: Travel<T>): void {
  const erased = travel as unknown as Travel<SharedObject>;
  travels.set(travel.tag, erased);
  travelOfClass.set(cls, erased);
}

/** How `object` travels; for an instance of a subclass, as its nearest registered base class. */
export function travelOf(object: SharedObject): Travel<SharedObject> {
  for (let cls = object.constructor as unknown; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
    const travel = travelOfClass.get(cls);
    if (travel !== undefined) return travel;
  }
  throw new TypeError(`${object.constructor.name} has no way to travel`);
}

/**
 * The wrapper for a handle that arrived in a message, together with the message's reference to it,
 * which this call uses up.
 */
export function reviveShared(tag: string, handle: Handle, extra: unknown): SharedObject {
  const known = wrappers.get(handle)?.ref.deref();
  engine.adopt(handle);
  if (known !== undefined) return known;
  const travel = travels.get(tag);
  if (travel === undefined) throw new TypeError(`a shared object of unknown class ${tag} arrived`);
  adopting = handle;
  try {
    return travel.revive(extra);
  } finally {
    adopting = 0;
  }
}
