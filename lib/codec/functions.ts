/**
 * The hook by which functions travel inside values. The codec knows nothing of source text or
 * modules; `lib/shipping` installs a lane here. Without one, a function is not serialisable.
 */

/** What a function is made of on its way. */
export interface FunctionParts {
  /** Enough to make the function; must not lead back to the function itself. Any value the codec takes. */
  readonly code: unknown;
  /** What the function captures; may lead back to the function. Any value the codec takes, functions included. */
  readonly captured?: unknown;
}

export interface FunctionLane {
  /**
   * Takes a function apart. `need(url)` notes a module that must be loaded before the message can be
   * decoded; `neededModules` lists them on the other side. It is the same function throughout one
   * message, and another one in the next. `captured` is read once `code` has been written. Throws to refuse: a NotSerializableError or
   * FunctionNotShippableError goes to the caller as it is.
   */
  encode(fn: Function, need: (url: string) => void): FunctionParts;
  /**
   * The class by which an instance that a function captures is known on the other side; undefined to
   * have it travel as a plain object. Throws to refuse.
   */
  classOf(instance: object): Function | undefined;
  /** Whether a thread may import the module for a class that is registered there. */
  mayImport(url: string): boolean;
  /** Imports a module now, for a class that it registers. */
  load(url: string): void;
  /**
   * Makes the function. Its captured values are decoded afterwards and handed to `link`, so that
   * functions which capture each other, or themselves, find each other.
   */
  decode(code: unknown): { readonly fn: Function; link?(captured: unknown): void };
}

let lane: FunctionLane | undefined;

export function functionLane(): FunctionLane | undefined {
  return lane;
}

/** Installs the way in which functions travel; undefined removes it. */
export function setFunctionLane(to: FunctionLane | undefined): void {
  lane = to;
}
