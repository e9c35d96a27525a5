/** What a function is turned into on its way: the `code` of a message, agreed between departure and arrival. */

/** A variable that is read from a module. */
export interface ImportedVariable {
  readonly local: string;
  readonly url: string;
  readonly name: string;
  readonly style: 'import' | 'require' | 'interop';
  /** The text reads it as `local.value`. */
  readonly boxed: boolean;
}

export interface SourceCode {
  readonly kind: 'source';
  readonly url: string;
  readonly text: string;
  /** Line and column of the text in its module, from 0. */
  readonly line: number;
  readonly column: number;
  readonly strict: boolean;
  readonly name: string;
  readonly imports: readonly ImportedVariable[];
  /** Names and kinds (`Ambient`) of what is made from a URL: its own, or that of the code. */
  readonly ambient: readonly (readonly [name: string, kind: string, url?: string])[];
  /** Names of captured variables that a class needs while it is being made. */
  readonly early: readonly string[];
  /** Names of captured variables that come after the function has been made. */
  readonly late: readonly string[];
}

export type NamedCode =
  | { readonly kind: 'global'; readonly path: string }
  | { readonly kind: 'export'; readonly url: string; readonly name: string; readonly required: boolean };

export interface BoundCode {
  readonly kind: 'bound';
  readonly name: string;
}

/** What `hideInstance` made. */
export interface InstanceCode {
  readonly kind: 'instance';
}

/** In JSON: it stays the same from message to message, so that the receiving side does its work once. */
export type Header = SourceCode | NamedCode | BoundCode | InstanceCode;

/** What the codec carries: the header, and early values or the parts of a bound function where there are any. */
export type FunctionCode = string | readonly [header: string, values: Readonly<Record<string, unknown>>];

/** Keys among the captured variables that no variable can have. */
export const Extra = {
  /** Own properties of the function. */
  PROPERTIES: 'its own properties',
  /** Properties of its `prototype`. */
  PROTOTYPE: 'its prototype',
  /** The constructor whose prototype its own inherits from (`util.inherits`). */
  PARENT: 'its parent class',
  /** Captured variables of functions made on the way which lead back to this class: [function, variables] pairs. */
  OWED: 'functions that use it',
} as const;

/** A variable that several functions may share, or that lives in a module. */
export interface Box {
  value: unknown;
}

/** Objects that the arrival side made from a module or its URL, so that they can travel on as what they are. */
export type Made =
  | { readonly kind: 'import'; readonly url: string; readonly name: string; readonly style: ImportedVariable['style'] }
  | { readonly kind: 'ambient'; readonly ambient: string; readonly url: string };
export const made = new WeakMap<object, Made>();
