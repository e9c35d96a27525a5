/**
 * How one function or class of a script is written so that it can be made elsewhere.
 *
 * The text stays as its author wrote it, but for the places that depend on where it stands:
 * imported and reassigned variables are read through a box (`name` → `name.value`), so that a
 * live binding stays live and functions that share a variable go on sharing it; `import.meta` and
 * `import()` become variables; computed and private method keys get a plain name.
 */
import { FunctionNotShippableError } from '../errors.js';
import type { FunctionSite, Reference, Special, Variable } from './scope-model.js';
import { type ImportBinding, type Script, VITE_DYNAMIC_IMPORT, VITE_META } from './script.js';
import { contains, within } from './syntax-tree.js';

export interface CapturedVariable {
  readonly name: string;
  /** Undefined for a name that the script does not declare. */
  readonly variable: Variable | undefined;
  readonly binding: ImportBinding | undefined;
  /** Read through a box. */
  readonly boxed: boolean;
  /** Needed while the class is being made: its superclass, what static blocks and fields use. */
  readonly eager: boolean;
  /** The properties that are used, when nothing else is done with the variable. */
  readonly members: readonly string[] | undefined;
}

export interface Plan {
  readonly script: Script;
  readonly site: FunctionSite;
  /** An expression. */
  readonly text: string;
  /** Where the text stood, for stack traces. */
  readonly position: { readonly line: number; readonly column: number };
  readonly strict: boolean;
  readonly captured: readonly CapturedVariable[];
  /** Variables of the module wrapper and its kin: `require`, `__dirname`, `import.meta` under some name. */
  readonly ambient: readonly Ambient[];
}

/** What the receiving side makes anew from the module's URL. */
export interface Ambient {
  readonly name: string;
  readonly kind: 'require' | '__filename' | '__dirname' | 'import.meta' | 'import()';
}

const META_NAME = 'import_meta';
const IMPORT_NAME = 'import_module';
const WRAPPER = new Set(['require', '__filename', '__dirname']);
const WRAPPER_OBJECTS = new Set(['module', 'exports']);

const plans = new WeakMap<FunctionSite, Plan>();

/** @param names Names found in the scopes around the function, which the script need not declare. */
export function planOf(script: Script, site: FunctionSite, fn: Function, names: (name: string) => boolean): Plan {
  let plan = plans.get(site);
  if (plan === undefined) {
    plan = makePlan(script, site, fn, names);
    plans.set(site, plan);
  }
  return plan;
}

function makePlan(script: Script, site: FunctionSite, fn: Function, names: (name: string) => boolean): Plan {
  const range = { start: site.end - Function.prototype.toString.call(fn).length, end: site.end };
  if (site.form === 'accessor') refuse(fn, 'is a getter or setter', 'send a function that calls it');
  const specials = within(script.scopes.specials, range.start, range.end);
  for (const special of specials) refuseSpecial(script, site, fn, special);

  const edits: Edit[] = [];
  const ambient = new Map<string, Ambient>();
  for (const special of specials) {
    if (special.kind === 'import.meta') {
      edits.push({ start: special.node.start, end: special.node.end, text: META_NAME });
      ambient.set(META_NAME, { name: META_NAME, kind: special.kind });
    } else if (special.kind === 'import()') {
      edits.push({ start: special.node.start, end: special.node.start + 'import'.length, text: IMPORT_NAME });
      ambient.set(IMPORT_NAME, { name: IMPORT_NAME, kind: special.kind });
    }
  }

  const groups = new Map<string, Reference[]>();
  for (const reference of within(script.scopes.references, range.start, range.end)) {
    const { variable } = reference;
    if (variable !== undefined && contains(range, variable.scope.node)) continue;
    const group = groups.get(reference.node.name);
    if (group === undefined) groups.set(reference.node.name, [reference]);
    else group.push(reference);
  }

  const captured: CapturedVariable[] = [];
  for (const [name, references] of groups) {
    const { variable } = references[0] as Reference;
    if (variable === undefined && !names(name)) {
      if (!script.isModule && WRAPPER.has(name)) ambient.set(name, { name, kind: name as Ambient['kind'] });
      continue;
    }
    if (variable === undefined && WRAPPER.has(name) && !script.isModule) {
      ambient.set(name, { name, kind: name as Ambient['kind'] });
      continue;
    }
    if (VITE_META.test(name)) {
      ambient.set(name, { name, kind: 'import.meta' });
      continue;
    }
    if (VITE_DYNAMIC_IMPORT.test(name)) {
      ambient.set(name, { name, kind: 'import()' });
      continue;
    }
    const declaredHere = variable?.declaration === site.node;
    if (declaredHere && !variable.reassigned) continue;
    const members = references.every((reference) => reference.member !== undefined && !reference.write)
      ? [...new Set(references.map((reference) => reference.member as string))]
      : undefined;
    if (variable === undefined && WRAPPER_OBJECTS.has(name) && members === undefined) {
      refuse(
        fn,
        `uses \`${name}\` of its CommonJS module`,
        'export the function from the module, or name the values it needs',
      );
    }
    // In a script made from a shipped function the boxes are there already.
    const inBox = !(script.isShipped && isOutermost(variable));
    const binding = variable === undefined || !inBox ? undefined : script.importOf(variable);
    const boxed = variable !== undefined && inBox && (binding !== undefined || variable.reassigned);
    const eager =
      site.form === 'class' &&
      references.some((reference) => reference.deferredBy === undefined || !contains(range, reference.deferredBy));
    captured.push({ name, variable, binding, boxed, eager, members });
    if (boxed) for (const reference of references) edits.push(boxEdit(reference));
    if (declaredHere && site.node.id) edits.push({ start: site.node.id.start, end: site.node.id.end, text: '' });
  }
  const position = script.positionOf(range.start);
  return {
    script,
    site,
    text: expressionOf(script, site, range.start, edits),
    position,
    strict: site.strict,
    captured,
    ambient: [...ambient.values()],
  };
}

/** Declared by the function that `compile` wraps around a shipped one. */
function isOutermost(variable: Variable | undefined): boolean {
  const wrapper = variable?.scope.node;
  return wrapper !== undefined && wrapper.type === 'FunctionExpression' && variable?.scope.parent?.parent === undefined;
}

function refuseSpecial(script: Script, site: FunctionSite, fn: Function, special: Special): void {
  const own = special.boundBy !== undefined && contains(site.node, special.boundBy);
  switch (special.kind) {
    case 'eval':
      refuse(fn, 'calls eval, so the variables it uses cannot be known', 'export it from a module');
      break;
    case 'with':
      refuse(fn, 'uses a with statement, so the variables it uses cannot be known', 'export it from a module');
      break;
    case 'private name':
      if (!own)
        refuse(
          fn,
          `uses the private name #${special.name} of the class around it`,
          'send the class, or a function outside of it',
        );
      break;
    case 'super':
      if (!own || special.boundBy === site.node)
        refuse(fn, 'uses super of the object or class around it', 'send the class, or a function outside of it');
      break;
    case 'this':
      if (own || (special.boundBy === undefined && script.isModule)) break;
      refuse(
        fn,
        'is an arrow function that uses `this` of the code around it',
        'pass the object as an argument, or put what you need of it in a variable',
      );
      break;
    case 'arguments':
    case 'new.target':
      if (!own)
        refuse(
          fn,
          `is an arrow function that uses \`${special.kind}\` of the function around it`,
          'put it in a variable, or pass it as an argument',
        );
      break;
    case 'import.meta':
    case 'import()':
      break;
  }
}

/** Names the function in a message. */
export function called(fn: Function): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(fn));
  return `${isClass ? 'class' : 'function'} ${fn.name === '' ? '(anonymous)' : `'${fn.name}'`}`;
}

export function refuse(fn: Function, problem: string, remedy: string, cause?: unknown): never {
  throw new FunctionNotShippableError(
    `${called(fn)} cannot be sent to another thread: it ${problem}; ${remedy}`,
    cause === undefined ? undefined : { cause },
  );
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function boxEdit({ node, shorthand, callee }: Reference): Edit {
  const access = `${node.name}.value`;
  return {
    start: node.start,
    end: node.end,
    text: shorthand ? `${node.name}: ${access}` : callee ? `(0, ${access})` : access,
  };
}

function expressionOf(script: Script, site: FunctionSite, start: number, edits: Edit[]): string {
  const method = site.form === 'method';
  if (method && site.key !== undefined && (site.computed || site.key.type === 'PrivateIdentifier')) {
    const bracketed = site.computed === true;
    // What stands in brackets goes with its references.
    const from = bracketed ? script.source.lastIndexOf('[', site.key.start) : site.key.start;
    const to = bracketed ? script.source.indexOf(']', site.key.end) + 1 : site.key.end;
    edits = edits.filter((edit) => edit.end <= from || edit.start >= to);
    edits.push({ start: from, end: to, text: 'method' });
  }
  edits.sort((a, b) => a.start - b.start);
  let text = '';
  let at = start;
  for (const edit of edits) {
    text += script.source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  text += script.source.slice(at, site.end);
  // A newline before the bracket, in case the text ends in a comment.
  return method ? `Object.values({${text}\n})[0]` : `(${text}\n)`;
}
