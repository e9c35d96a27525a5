/** What scope analysis finds in a script: variables, references to them, functions, and what else depends on its place. */
import type { AnyNode, Identifier } from 'acorn';
import type { ClassNode, FunctionNode } from './syntax-tree.js';

export type VariableKind =
  | 'import'
  | 'const'
  | 'let'
  | 'var'
  | 'function'
  | 'class'
  | 'parameter'
  | 'catch'
  | 'own name';

export interface Scope {
  readonly parent: Scope | undefined;
  readonly node: AnyNode;
  /** `var` declarations land here. */
  readonly isFunction: boolean;
  readonly variables: Map<string, Variable>;
}

export interface Variable {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: VariableKind;
  /** ImportSpecifier and kin, VariableDeclarator, FunctionDeclaration, ClassDeclaration, or the pattern of a parameter. */
  readonly declaration: AnyNode;
  /** Written anywhere beside its one initialisation. */
  reassigned: boolean;
}

export interface Reference {
  readonly node: Identifier;
  /** Undefined: not declared in this script, so a global or a parameter of the module wrapper. */
  readonly variable: Variable | undefined;
  readonly write: boolean;
  /** `{ name }`: replacing it takes the key along. */
  readonly shorthand: boolean;
  /** Called as a plain function or template tag: replacing it by a member expression must not pass a `this`. */
  readonly callee: boolean;
  /** `name.member`: the one property that is used, when it is known. */
  readonly member: string | undefined;
  /** Innermost function, or class field initialiser, that runs later than the code around it. */
  readonly deferredBy: AnyNode | undefined;
}

export type SpecialKind =
  | 'this'
  | 'super'
  | 'new.target'
  | 'arguments'
  | 'eval'
  | 'with'
  | 'import.meta'
  | 'import()'
  | 'private name';

/** A construct that a function may take from its surroundings. */
export interface Special {
  readonly kind: SpecialKind;
  readonly node: AnyNode;
  /** What provides it: the function that binds `this`, the class that declares the private name; undefined when unbound or not bindable. */
  readonly boundBy: AnyNode | undefined;
  readonly name?: string;
}

/** A function or class of the script, in the form that `toString` shows. */
export interface FunctionSite {
  readonly node: FunctionNode | ClassNode;
  /** Where the text of `toString` begins: at the key for methods. */
  readonly start: number;
  readonly end: number;
  readonly form: 'function' | 'arrow' | 'class' | 'method' | 'accessor';
  /** Methods: the key, to be replaced when it is computed or private. */
  readonly key?: AnyNode;
  readonly computed?: boolean;
  readonly strict: boolean;
}

export interface ScriptScopes {
  readonly top: Scope;
  readonly references: readonly Reference[];
  readonly specials: readonly Special[];
  readonly sites: readonly FunctionSite[];
}
