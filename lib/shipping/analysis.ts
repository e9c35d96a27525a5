/** Finds out, once per function, what it is and what it captures. */
import { SharedObject } from '../engine/shared-object.js';
import { FunctionNotShippableError } from '../errors.js';
import {
  type BoundFunction,
  type Inspection,
  inspectBound,
  inspectFunction,
  inspectorRefusal,
  type LoadedScript,
} from './inspection.js';
import { searchModules } from './module-search.js';
import { type Plan, planOf, refuse } from './plan.js';
import {
  builtinReference,
  exportReference,
  type FunctionReference,
  globalReference,
  isNative,
  ownReference,
} from './references.js';
import { isOwnSpecifier, isOwnUrl } from './resolution.js';
import type { FunctionSite, Variable } from './scope-model.js';
import { Script } from './script.js';

export type Analysis =
  | { readonly kind: 'reference'; readonly reference: FunctionReference; readonly site?: FunctionSite | undefined }
  | { readonly kind: 'bound'; readonly bound: BoundFunction }
  | SourceAnalysis;

export interface SourceAnalysis {
  readonly kind: 'source';
  readonly plan: Plan;
  readonly values: ReadonlyMap<string, unknown>;
  /** Its variables keep their values for ever. */
  readonly lasting: boolean;
}

const analyses = new WeakMap<Function, Analysis>();
/** Scripts taken apart, as long as `inspection.ts` keeps them. */
const scripts = new WeakMap<LoadedScript, Script>();

/** What was found of a function before, for ever: undefined when its variables may change, or nobody has asked. */
export function lastingAnalysis(fn: Function): Analysis | undefined {
  return analyses.get(fn);
}

/** What `fn` is. Values of variables that may change are read anew each time. */
export function analyse(fn: Function): Analysis {
  const known = analyses.get(fn);
  if (known !== undefined) return known;
  const own = ownReference(fn);
  if (own !== undefined) return remember(fn, { kind: 'reference', reference: own });
  if (isNative(fn)) return remember(fn, analyseNative(fn));
  const refusal = inspectorRefusal();
  if (refusal !== undefined) return analyseUninspected(fn);
  const inspection = inspectFunction(fn);
  if (inspection === undefined) return analyseSource(fn, undefined, isolatedScript(fn));
  const { url } = inspection.script;
  if (url.startsWith('node:')) {
    const reference =
      globalReference(fn) ??
      builtinReference(fn, url) ??
      refuse(fn, `is internal to Node.js (${url})`, 'send a function of yours that calls it');
    return remember(fn, { kind: 'reference', reference });
  }
  const script = scriptFor(fn, inspection.script);
  const site = siteOf(fn, inspection, script);
  const reference = exportReference(fn, script, site);
  if (reference !== undefined && !holdsShared(fn)) return remember(fn, { kind: 'reference', reference, site });
  return analyseSource(fn, inspection, script);
}

/** Without the inspector: by reference where a module is found to export it, else from its own text. */
function analyseUninspected(fn: Function): Analysis {
  const named = globalReference(fn) ?? builtinReference(fn, '');
  if (named !== undefined) return remember(fn, { kind: 'reference', reference: named });
  const found = searchModules(fn);
  if (found === undefined) return analyseSource(fn, undefined, isolatedScript(fn));
  const { reference, script, site } = found;
  if (script !== undefined && site !== undefined) refuseSharedObjects(fn, script, site);
  return remember(fn, { kind: 'reference', reference, site });
}

/** A shared object in a variable of the module would be another one in each thread, and no value tells. */
function refuseSharedObjects(fn: Function, script: Script, site: FunctionSite): void {
  for (const { name, variable } of planOf(script, site, fn, () => false).captured) {
    const init = variable?.declaration.type === 'VariableDeclarator' ? variable.declaration.init : undefined;
    if (init?.type !== 'NewExpression' || init.callee.type !== 'Identifier') continue;
    const made = script.scopes.top.variables.get(init.callee.name);
    if (made === undefined || !isOwnSpecifier(script.importOf(made)?.specifier ?? '')) continue;
    refuse(
      fn,
      `uses \`${name}\`, a ${init.callee.name} of its module, which would be another one in each thread where node:inspector is not available`,
      'pass it as an argument',
      inspectorRefusal(),
    );
  }
}

function remember(fn: Function, analysis: Analysis): Analysis {
  analyses.set(fn, analysis);
  return analysis;
}

function siteOf(fn: Function, inspection: Inspection, script: Script): FunctionSite | undefined {
  return script.siteAt(Function.prototype.toString.call(fn), inspection.line, inspection.column);
}

function scriptFor(fn: Function, loaded: LoadedScript): Script {
  let script = scripts.get(loaded);
  if (script === undefined) {
    try {
      script = new Script(loaded);
    } catch (error) {
      refuse(
        fn,
        `is in ${loaded.url || 'a script'} whose source cannot be read`,
        'export it from a module of plain JavaScript',
        error,
      );
    }
    scripts.set(loaded, script);
  }
  return script;
}

/** Without the inspector only the function's own text is known. */
function isolatedScript(fn: Function): Script {
  const text = Function.prototype.toString.call(fn);
  const about = { id: '', url: '', isModule: false, startLine: 0, startColumn: 0 };
  let failure: unknown;
  for (const source of [`(${text}\n)`, `({${text}\n})`]) {
    try {
      return new Script({ ...about, source });
    } catch (error) {
      failure = error;
    }
  }
  return refuse(fn, 'cannot be read from its own source text', 'export it from a module', failure);
}

function analyseNative(fn: Function): Analysis {
  const global = globalReference(fn);
  if (global !== undefined) return { kind: 'reference', reference: global };
  const bound = inspectorRefusal() === undefined ? inspectBound(fn) : undefined;
  if (bound !== undefined) return { kind: 'bound', bound };
  const builtin = builtinReference(fn, '');
  if (builtin !== undefined) return { kind: 'reference', reference: builtin };
  if (fn.name.startsWith('bound ') && inspectorRefusal() !== undefined)
    refuse(
      fn,
      'was made by bind(), and what it was made of cannot be read without node:inspector',
      'send the function, and what is bound as arguments',
      inspectorRefusal(),
    );
  return refuse(fn, 'is native code without a name that leads to it', 'send a function of yours that calls it');
}

function analyseSource(fn: Function, inspection: Inspection | undefined, script: Script): Analysis {
  const length = Function.prototype.toString.call(fn).length;
  const site =
    inspection === undefined
      ? script.scopes.sites.find(({ end, start }) => end - start >= length)
      : siteOf(fn, inspection, script);
  if (site === undefined)
    refuse(fn, `is not found in the source of ${script.url || 'its script'}`, 'export it from a module');
  const places = inspection === undefined ? [] : [...inspection.scopes, parentOf(fn, site)];
  const scopeOf = (name: string) => places.find((place) => Object.hasOwn(place, name));
  const plan = planOf(script, site, fn, (name) => scopeOf(name) !== undefined);
  const values = new Map<string, unknown>();
  let lasting = true;
  for (const { name, variable } of plan.captured) {
    const scope = scopeOf(name);
    if (scope === undefined) {
      refuse(
        fn,
        `uses the variable \`${name}\` of the code around it, whose value cannot be read here`,
        'pass it as an argument, or export the function from a module',
      );
    }
    const value = scope[name];
    if (value === undefined && variable !== undefined && isNeverUndefined(variable)) {
      refuse(
        fn,
        `uses \`${name}\`, which has no value yet because its declaration has not run`,
        'send the function after that',
      );
    }
    values.set(name, value);
    if (variable === undefined || variable.reassigned || value === undefined) lasting = false;
  }
  if (inspection === undefined) refuseUnknownNames(fn, plan);
  const analysis: Analysis = { kind: 'source', plan, values, lasting };
  return lasting ? remember(fn, analysis) : analysis;
}

/** Expressions that have a value whatever they consist of. */
const VALUED = new Set([
  'ArrowFunctionExpression',
  'FunctionExpression',
  'ClassExpression',
  'ObjectExpression',
  'ArrayExpression',
  'NewExpression',
  'TemplateLiteral',
  'Literal',
]);

/** V8 shows variables before their declaration as undefined; of these it is known that they never are. */
function isNeverUndefined({ kind, reassigned, declaration }: Variable): boolean {
  if (reassigned) return false;
  if (kind === 'class') return true;
  return (
    (kind === 'const' || kind === 'let') &&
    declaration.type === 'VariableDeclarator' &&
    declaration.id.type === 'Identifier' &&
    VALUED.has(declaration.init?.type ?? '')
  );
}

/** The class that a class extends, under the name it has there: V8 keeps it in no scope when methods do not use it. */
function parentOf(fn: Function, { node }: FunctionSite): Readonly<Record<string, unknown>> {
  if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return {};
  if (node.superClass?.type !== 'Identifier') return {};
  return { [node.superClass.name]: Object.getPrototypeOf(fn) as unknown };
}

/** Without scopes, a free name that is no global is a captured variable, and its value is out of reach. */
function refuseUnknownNames(fn: Function, plan: Plan): void {
  for (const { node, variable } of plan.script.scopes.references) {
    if (variable === undefined && !(node.name in globalThis)) {
      refuse(
        fn,
        `uses the variable \`${node.name}\`, and captured variables cannot be read without node:inspector`,
        'pass it as an argument, or export the function from another module than the program itself',
        inspectorRefusal(),
      );
    }
  }
}

/** How far `holdsShared` looks into plain data: so deep, and at so many values in all. */
const DEPTH = 4;
const LIMIT = 1000;

interface Budget {
  left: number;
}

const sharing = new WeakMap<Function, boolean>();

/**
 * True for a shared object (Lock, Queue, …), plain data that has one inside, and a function that uses
 * one through a variable of its module: importing the module again would make another one.
 */
export function holdsShared(value: unknown, depth = DEPTH, budget: Budget = { left: LIMIT }): boolean {
  if (typeof value === 'function') return sharesVariable(value);
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof SharedObject) return true;
  if (depth === 0 || --budget.left < 0) return false;
  return someOf(partsOf(value, budget.left), depth, budget);
}

/** The first so many values of a collection or of an object's own properties. */
function partsOf(value: object, limit: number): readonly unknown[] {
  if (Array.isArray(value)) return value.slice(0, limit);
  if (value instanceof Set) return [...value].slice(0, limit);
  if (value instanceof Map) return [...value].slice(0, limit).flat();
  const prototype = Object.getPrototypeOf(value) as object | null;
  const builtin =
    prototype !== null &&
    prototype !== Object.prototype &&
    typeof prototype.constructor === 'function' &&
    isNative(prototype.constructor);
  if (builtin) return [];
  const names = Object.keys(value).slice(0, limit);
  // Getters are left alone.
  return names.map((name) => Object.getOwnPropertyDescriptor(value, name)?.value as unknown);
}

function someOf(values: readonly unknown[], depth: number, budget: Budget): boolean {
  return values.some((value) => holdsShared(value, depth - 1, budget));
}

function sharesVariable(fn: Function): boolean {
  const known = sharing.get(fn);
  if (known !== undefined) return known;
  // Functions that use each other: the answer comes from what else they use.
  sharing.set(fn, false);
  const shares = looksShared(fn);
  sharing.set(fn, shares);
  return shares;
}

function looksShared(fn: Function): boolean {
  if (isNative(fn) || inspectorRefusal() !== undefined) return false;
  const inspection = inspectFunction(fn);
  if (inspection === undefined) return false;
  const { url } = inspection.script;
  // A package is not written for one program; and what is Node's or ours is the same everywhere.
  if (!url.startsWith('file:') || url.includes('/node_modules/') || isOwnUrl(url)) return false;
  const script = scriptFor(fn, inspection.script);
  const site = siteOf(fn, inspection, script);
  if (site === undefined) return false;
  let plan: Plan;
  try {
    plan = planOf(script, site, fn, (name) => inspection.scopes.some((scope) => Object.hasOwn(scope, name)));
  } catch (error) {
    // What cannot go by source goes by reference.
    if (error instanceof FunctionNotShippableError) return false;
    throw error;
  }
  return plan.captured.some(({ name, members, binding }) => {
    if (binding !== undefined && !/^(file:|[./#])/.test(binding.specifier)) return false;
    const scope = inspection.scopes.find((candidate) => Object.hasOwn(candidate, name));
    return scope !== undefined && holdsSharedMembers(scope[name], members);
  });
}

/** As `holdsShared`; of a module namespace, only the members that are used count. */
export function holdsSharedMembers(value: unknown, members: readonly string[] | undefined): boolean {
  if (members !== undefined && typeof value === 'object' && value !== null && !(value instanceof SharedObject)) {
    return members.some((member) => holdsShared((value as Record<string, unknown>)[member], DEPTH - 1));
  }
  return holdsShared(value);
}
