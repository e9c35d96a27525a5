/** Classes whose instances keep their class on the way: those registered by users, and errors. */
import * as heddleErrors from '../errors.js';

type AnyClass<T extends object> = abstract new (...args: never[]) => T;

/** Options of `registerClass`. */
export interface ClassOptions<T extends object, D = unknown> {
  /** Name of the class in messages; the same in every thread that registers it, and unique. */
  name: string;
  /** What travels for an instance: any value that travels. Default: its own enumerable properties. */
  encode?(instance: T): D;
  /**
   * URL of the module that registers the class, `import.meta.url` as a rule. A thread that does not know the
   * class when an instance arrives imports this module. It must not be the module that the program was started with.
   * Default: each thread imports the module by itself.
   */
  module?: string | URL;
  /** Makes an instance from what `encode` returned. Default: an object with the prototype and those properties; no constructor runs. */
  decode?(data: D): T;
}

export interface Registration {
  readonly cls: AnyClass<object>;
  readonly name: string;
  readonly module: string | undefined;
  readonly encode: ((instance: object) => unknown) | undefined;
  readonly decode: ((data: unknown) => object) | undefined;
}

/** Built-in classes whose contents are not properties. */
const holders = [
  Map,
  Set,
  Array,
  Date,
  RegExp,
  Promise,
  ArrayBuffer,
  DataView,
  Object.getPrototypeOf(Uint8Array) as new () => object,
];

const byName = new Map<string, Registration>();
const byPrototype = new Map<object, Registration>();
const changed: (() => void)[] = [];

/** Has `listener` called whenever a class is registered. */
export function onRegistration(listener: () => void): void {
  changed.push(listener);
}

/**
 * Lets instances of a class arrive as instances of that class, in queues, arguments and results.
 *
 * Register the class in a module that both sides import. An instance of a subclass travels as its
 * nearest registered base class. Classes that are not registered arrive as plain objects, errors as
 * their nearest built-in class with the name kept. Python: `copyreg.pickle`, `__reduce__`.
 *
 * @param options.name Name of the class in messages, unique in the program.
 * @param options.module URL of the module that makes this call; threads that do not know the class import it.
 * @param options.encode What travels for an instance; needed when state is in private fields. Give `decode` with it.
 * @param options.decode Makes an instance from what `encode` returned.
 * @throws TypeError when `cls` is no class, `name` is no string or names another class already, or
 * only one of `encode` and `decode` is given, or `module` is no `file:` URL.
 *
 * @example
 * ```ts
 * import { Queue, registerClass } from 'heddle';
 *
 * class Point {
 *   #x: number;
 *   #y: number;
 *   constructor(x: number, y: number) {
 *     this.#x = x;
 *     this.#y = y;
 *   }
 *   static {
 *     registerClass<Point, [number, number]>(Point, {
 *       name: 'Point',
 *       encode: (point) => [point.#x, point.#y],
 *       decode: ([x, y]) => new Point(x, y),
 *     });
 *   }
 *   get length() {
 *     return Math.hypot(this.#x, this.#y);
 *   }
 * }
 *
 * const queue = new Queue<Point>();
 * queue.putNowait(new Point(3, 4));
 * console.log(queue.getNowait().length); // 5
 * ```
 */
export function registerClass<T extends object, D = unknown>(cls: AnyClass<T>, options: ClassOptions<T, D>): void {
  if (typeof cls !== 'function' || typeof cls.prototype !== 'object' || cls.prototype === null)
    throw new TypeError('cls must be a class');
  const { name, encode, decode } = options;
  if (typeof name !== 'string' || name === '') throw new TypeError('name must be a non-empty string');
  if ((encode === undefined) !== (decode === undefined))
    throw new TypeError(`registerClass(${name}): give both encode and decode, or neither`);
  const module = options.module === undefined ? undefined : String(options.module);
  if (module !== undefined && !module.startsWith('file:'))
    throw new TypeError(`registerClass(${name}): module must be a file: URL such as import.meta.url, got '${module}'`);
  if (encode === undefined && holders.some((holder) => cls.prototype instanceof holder)) {
    throw new TypeError(
      `registerClass(${name}): a class with contents of its own kind, such as a Map, needs encode and decode`,
    );
  }
  const known = byName.get(name);
  // The same class made again, as when a module is evaluated twice, takes the place of the one before.
  if (known !== undefined && known.cls !== cls && String(known.cls) !== String(cls)) {
    throw new TypeError(`name '${name}' is registered for another class already`);
  }
  const registration: Registration = {
    cls,
    name,
    module,
    encode: encode as ((instance: object) => unknown) | undefined,
    decode: decode as ((data: unknown) => object) | undefined,
  };
  byName.set(name, registration);
  byPrototype.set(cls.prototype as object, registration);
  for (const listener of changed) listener();
}

/** The registration of the nearest registered class in a prototype chain. */
export function registrationOf(prototype: object | null): Registration | undefined {
  for (let p = prototype; p !== null; p = Object.getPrototypeOf(p) as object | null) {
    const registration = byPrototype.get(p);
    if (registration !== undefined) return registration;
  }
  return undefined;
}

export function registrationNamed(name: string): Registration | undefined {
  return byName.get(name);
}

const errorsByName = new Map<string, AnyClass<Error>>();
const errorNames = new Map<object, string>();
for (const cls of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError])
  knowError(cls.name, cls);
for (const cls of Object.values(heddleErrors)) knowError(`heddle:${cls.name}`, cls as AnyClass<Error>);

function knowError(name: string, cls: AnyClass<Error>): void {
  errorsByName.set(name, cls);
  errorNames.set(cls.prototype as object, name);
}

/** The nearest error class in the prototype chain of `error` that every isolate knows. */
export function errorClassOf(error: object): string {
  for (
    let p = Object.getPrototypeOf(error) as object | null;
    p !== null;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    const name = errorNames.get(p);
    if (name !== undefined) return name;
  }
  return 'Error';
}

/** The class that `errorClassOf` named; Error when it is not known here. */
export function errorClass(name: string): AnyClass<Error> {
  return errorsByName.get(name) ?? Error;
}

// Kept whole because their state is in private fields, where copying properties would lose it.
registerClass(URL, { name: 'URL', encode: (url) => url.href, decode: (href: string) => new URL(href) });
registerClass(URLSearchParams, {
  name: 'URLSearchParams',
  encode: (query) => query.toString(),
  decode: (query: string) => new URLSearchParams(query),
});
