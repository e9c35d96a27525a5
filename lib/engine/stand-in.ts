/**
 * What the public faces export in place of the functions and classes that are loaded on demand: most of heddle, of which
 * most programs use little. `scripts/gather-modules.mjs` makes the faces do so; types are those of the originals.
 *
 * A stand-in is a Proxy of a function that gets all that the original has, `prototype` and static members included, once
 * its chunk is loaded. Whoever calls it, makes an instance, extends it or looks at it in any other way has that loaded. So
 * `instanceof`, subclasses and names are as if the original were there.
 *
 *     new Queue() ─► Proxy ─► construct: chunkAt('core.cjs').Queue ─► new
 *     x instanceof Queue ─► Proxy ─► its function's `prototype`, which is that of the original
 */
import { chunkAt, loadedChunks, onChunk } from './own-modules.js';

type Constructor = new (...args: never[]) => object;

/** Those that were made, by chunk and name: every face exports the same one. */
const standIns = new Map<string, Constructor>();

/** How they do. */
const handlers = new WeakMap<Function, Loaded>();

/** The export of a chunk that is loaded, or what stands for it. */
export function standIn(file: string, name: string): unknown {
  const key = `${file} ${name}`;
  const known = standIns.get(key) ?? loadedChunks()[file]?.[name];
  if (known !== undefined) return known;
  const handler = new Unloaded(name, () => chunkAt(file)[name] as Constructor);
  standIns.set(key, handler.proxy);
  handlers.set(handler.proxy, handler);
  onChunk(file, () => handler.dress());
  return handler.proxy;
}

/** What a stand-in stands for; of any other function, itself. */
export function originalOf(fn: Function): Function {
  return handlers.get(fn)?.original() ?? fn;
}

/** Handler of a stand-in whose original is there: to look at it is to look at the function. */
class Loaded implements ProxyHandler<Constructor> {
  readonly proxy: Constructor;
  original: () => Constructor;
  /** A bound function, whatever of, because it has no `prototype` of its own, which could not be replaced. */
  readonly #target = Object.bind(undefined) as unknown as Constructor;

  constructor(name: string, original: () => Constructor) {
    this.original = original;
    Object.defineProperty(this.#target, 'name', { value: name, configurable: true });
    this.proxy = new Proxy(this.#target, this);
  }

  apply(_target: Constructor, self: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.original(), self, args);
  }

  construct(_target: Constructor, args: never[], newTarget: Function): object {
    const original = this.original();
    return newTarget === this.proxy ? new original(...args) : (Reflect.construct(original, args, newTarget) as object);
  }

  /** Gives the function what the original has, and the original's instances the stand-in for their `constructor`. */
  dress(): void {
    const original = this.original();
    this.original = () => original;
    Object.setPrototypeOf(this, Loaded.prototype);
    Object.setPrototypeOf(this.#target, Object.getPrototypeOf(original) as object);
    Object.defineProperties(this.#target, Object.getOwnPropertyDescriptors(original));
    if (original.prototype?.constructor === original)
      Object.defineProperty(original.prototype, 'constructor', {
        value: this.proxy,
        writable: true,
        configurable: true,
      });
  }
}

/** Handler of a stand-in that nobody has looked at: whoever does has the original loaded before. */
class Unloaded extends Loaded {
  static {
    for (const look of [
      'defineProperty',
      'deleteProperty',
      'get',
      'getOwnPropertyDescriptor',
      'getPrototypeOf',
      'has',
      'isExtensible',
      'ownKeys',
      'preventExtensions',
      'set',
      'setPrototypeOf',
    ] as const) {
      const value = function (this: Unloaded, ...args: unknown[]): unknown {
        this.original();
        return Reflect.apply(Reflect[look], Reflect, args);
      };
      Object.defineProperty(Unloaded.prototype, look, { value });
    }
  }
}
