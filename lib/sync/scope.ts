/**
 * Scopes: what owns an RLock in async code, where one thread runs many tasks in turns.
 *
 * A scope is begun by `rlock.withLock(fn)` for everything that `fn` does and awaits, and by a guard of
 * `rlock.guard()` for the rest of the block it is declared in. AsyncLocalStorage carries it along.
 * Scopes nest: who runs in a scope also owns what the scopes around it own, so that a task can enter
 * again what it holds, while two tasks begun side by side exclude each other.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { engine } from '../engine/select.js';
import { Header, SLOTS_START, Slot, WORDS_PER_SLOT } from '../memory/layout.js';

const words = engine.words;
const identWord = SLOTS_START + engine.self * WORDS_PER_SLOT + Slot.IDENT;

export interface Scope {
  /** Identifier, unlike that of any other scope or thread of the family. */
  readonly ident: number;
  /** The nearest scope around it that had not ended when this one began. */
  readonly parent: Scope | undefined;
  /** True once its lock is released. Code that it left behind runs on, but owns nothing by it. */
  ended: boolean;
}

const storage = new AsyncLocalStorage<Scope | undefined>();
/** False until the first scope begins: asking AsyncLocalStorage costs more than all the rest. */
let inUse = false;

/** The innermost scope that the caller runs in and that has not ended. */
export function currentScope(): Scope | undefined {
  if (!inUse) return undefined;
  let scope = storage.getStore();
  while (scope?.ended) scope = scope.parent;
  return scope;
}

/** A new scope within the current one. */
export function newScope(): Scope {
  const parent = currentScope();
  inUse = true;
  return { ident: newIdent(), parent, ended: false };
}

/** Runs `fn`, and all that it awaits, in the scope. */
export function runIn<T>(scope: Scope, fn: () => T): T {
  return storage.run(scope, fn);
}

/** Puts the rest of the running async function in the scope; returns how to leave it again. */
export function enter(scope: Scope): () => void {
  const before = storage.getStore();
  storage.enterWith(scope);
  return () => {
    if (storage.getStore() === scope) storage.enterWith(before);
  };
}

function newIdent(): number {
  let ident: number;
  do ident = Atomics.add(words, Header.NEXT_IDENT, 1) + 1;
  while (ident === 0);
  return ident | 0;
}

/** Stands for the thread in isolates that run none of ours. */
let ownIdent = 0;

/** Identifier of the running thread. */
export function threadIdent(): number {
  const ident = words[identWord] as number;
  if (ident !== 0) return ident;
  if (ownIdent === 0) ownIdent = newIdent();
  return ownIdent;
}
