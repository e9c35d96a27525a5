/** The sending half of shipping: takes a function apart. */
import type { FunctionParts } from '../codec/functions.js';
import { type Analysis, analyse, holdsSharedMembers, type SourceAnalysis } from './analysis.js';
import { type Box, Extra, type Header, type ImportedVariable, made, type SourceCode } from './code.js';
import type { Values } from './compile.js';
import { instanceIn } from './instances.js';
import { canLoad } from './loadable.js';
import { moduleBehind } from './module-objects.js';
import { type CapturedVariable, type Plan, refuse } from './plan.js';
import { directoryOfRequire, isEntryModule } from './references.js';
import { isOwnSpecifier, resolveImport } from './resolution.js';
import type { FunctionSite, Variable } from './scope-model.js';

type Need = (url: string) => void;

/** What the functions of one message have in common. */
interface Message {
  /** Classes whose early values are being written; what leads back to one has to wait until it is made. */
  readonly making: Making[];
  /** Boxes of the variables that functions of this message share. */
  readonly boxes: Map<Variable, SharedBox[]>;
}

interface Making {
  readonly fn: Function;
  readonly owed: [Function, Values][];
}

interface SharedBox {
  readonly box: Box;
  readonly value: unknown;
  /** Functions that captured the variable, by where they stand in the source. */
  readonly capturedBy: Map<FunctionSite, Function>;
}

/** By `need`, which the codec makes anew for each message. */
const messages = new WeakMap<Need, Message>();

function messageOf(need: Need): Message {
  let message = messages.get(need);
  if (message === undefined) {
    message = { making: [], boxes: new Map() };
    messages.set(need, message);
  }
  return message;
}

export function sendFunction(fn: Function, need: Need): FunctionParts {
  const instance = instanceIn(fn);
  if (instance !== undefined) {
    const { cls, state } = instance;
    return { code: [JSON.stringify({ kind: 'instance' } satisfies Header), { cls }], captured: state };
  }
  const analysis = analyse(fn);
  if (analysis.kind === 'bound') {
    const { target, boundThis, boundArguments } = analysis.bound;
    return {
      code: [JSON.stringify({ kind: 'bound', name: fn.name } satisfies Header), { target, boundThis, boundArguments }],
    };
  }
  const packed = packingOf(fn, analysis);
  for (const url of packed.modules) need(url);
  return analysis.kind === 'source' ? sendSource(fn, analysis.plan, packed, need) : { code: packed.header };
}

/** What stays the same each time that a function is sent. */
interface Packing {
  readonly header: string;
  readonly modules: readonly string[];
  /** Variables whose values travel. */
  readonly early: readonly CapturedValue[];
  readonly late: readonly CapturedValue[];
}

interface CapturedValue {
  readonly captured: CapturedVariable;
  readonly value: unknown;
}

const packings = new WeakMap<Analysis, Packing>();

function packingOf(fn: Function, analysis: Exclude<Analysis, { kind: 'bound' }>): Packing {
  let packed = packings.get(analysis);
  if (packed === undefined) {
    packed = pack(fn, analysis);
    packings.set(analysis, packed);
  }
  return packed;
}

/** Values that travel with the function: of its variables other than imports. */
export function capturedValues(fn: Function, analysis: SourceAnalysis): unknown[] {
  const { early, late } = packingOf(fn, analysis);
  return [...early, ...late].map(({ value }) => value);
}

function pack(fn: Function, analysis: Exclude<Analysis, { kind: 'bound' }>): Packing {
  if (analysis.kind === 'reference') {
    const { reference } = analysis;
    return {
      header: JSON.stringify(reference satisfies Header),
      modules: reference.kind === 'export' ? [reference.url] : [],
      early: [],
      late: [],
    };
  }
  const { plan, values } = analysis;
  const imports: ImportedVariable[] = [];
  const ambient: [string, string, string?][] = plan.ambient.map(({ name, kind }) => [name, kind]);
  const early: CapturedValue[] = [];
  const late: CapturedValue[] = [];
  for (const captured of plan.captured) {
    const value = values.get(captured.name);
    const origin = originOf(fn, plan, captured, value);
    if (origin?.kind === 'ambient') ambient.push([captured.name, origin.ambient, origin.url]);
    else if (origin !== undefined)
      imports.push({
        local: captured.name,
        url: origin.url,
        name: origin.name,
        style: origin.style,
        boxed: origin.boxed,
      });
    else (captured.eager ? early : late).push({ captured, value });
  }
  const names = (list: readonly CapturedValue[]): string[] => list.map(({ captured }) => captured.name);
  const { script, text, position, strict } = plan;
  const header: SourceCode = {
    kind: 'source',
    url: script.url,
    text,
    ...position,
    strict,
    name: nameOf(fn),
    imports,
    ambient,
    early: names(early),
    late: names(late),
  };
  return { header: JSON.stringify(header), modules: imports.map(({ url }) => url), early, late };
}

function sendSource(fn: Function, plan: Plan, packed: Packing, need: Need): FunctionParts {
  const message = messageOf(need);
  const captured = ownState(fn, plan.site);
  for (const { captured: variable, value } of packed.late)
    captured[variable.name] = carried(fn, plan, variable, value, message);
  if (packed.early.length === 0) return { code: packed.header, captured: postponeDebts(fn, captured, message) };
  const early: Values = {};
  for (const { captured: variable, value } of packed.early)
    early[variable.name] = carried(fn, plan, variable, value, message);
  const making: Making = { fn, owed: [] };
  message.making.push(making);
  return {
    code: [packed.header, early],
    // The codec reads this once it has written the code, and with it all early values.
    get captured() {
      message.making.splice(message.making.indexOf(making));
      const rest = postponeDebts(fn, captured, message);
      if (making.owed.length > 0) rest[Extra.OWED] = making.owed;
      return rest;
    },
  };
}

/** Takes out the variables that lead back to a class which is not made yet; they come with the class. */
function postponeDebts(fn: Function, captured: Values, message: Message): Values {
  if (message.making.length === 0) return captured;
  for (const making of message.making) {
    const debts = Object.entries(captured).filter(
      ([, value]) =>
        value === making.fn || (typeof value === 'object' && value !== null && (value as Box).value === making.fn),
    );
    if (debts.length === 0) continue;
    making.owed.push([fn, Object.fromEntries(debts)]);
    for (const [name] of debts) delete captured[name];
  }
  return captured;
}

type Origin =
  | ({ readonly kind: 'import' } & Omit<ImportedVariable, 'local'>)
  | { readonly kind: 'ambient'; readonly ambient: string; readonly url: string };

/** The module, or the surroundings, that a captured variable comes from; undefined when its value travels. */
function originOf(fn: Function, plan: Plan, captured: CapturedVariable, value: unknown): Origin | undefined {
  const { variable, binding, boxed, members } = captured;
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    const record = made.get(value);
    // What arrived as an import travels on as one; `boxed` tells of this text, in which the box is read already.
    if (record?.kind === 'import') return { ...record, boxed: true };
    if (record?.kind === 'ambient') return record;
    if (isWebpackLoader(value)) {
      refuse(
        fn,
        `uses \`${captured.name}\`, by which the webpack bundle around it loads modules: webpack has rewritten an import() or require()`,
        'import the module at the top of the file, or keep webpack off with import(/* webpackIgnore: true */ …)',
      );
    }
    const directory = directoryOfRequire(value);
    if (directory !== undefined) return { kind: 'ambient', ambient: 'require', url: directory };
  }
  if (binding !== undefined) {
    const style = binding.style === 'import' ? 'import' : 'require';
    const url = resolveImport(binding.specifier, plan.script.url, style);
    if (url !== undefined && isEntryModule(url)) return undefined;
    if (!isOwnSpecifier(binding.specifier) && (url === undefined || isFile(url)) && holdsSharedMembers(value, members))
      return undefined;
    if (url === undefined || !canLoad(url, plan.script)) {
      if (isCarriable(value, members)) return undefined;
      return refuse(
        fn,
        `uses \`${captured.name}\`, imported from '${binding.specifier}', which ${url === undefined ? 'cannot be resolved' : 'Node.js cannot load as it is'}`,
        'import it inside the function, or export the function from a module that Node.js can load',
      );
    }
    return { kind: 'import', url, name: binding.name, style: binding.style, boxed };
  }
  if (typeof value === 'object' && value !== null) {
    const module = moduleBehind(value);
    if (module !== undefined) return { kind: 'import', ...module, name: '*', boxed };
  }
  // An exported variable of another module than the program itself stays that module's.
  const { script } = plan;
  const exported = variable && script.exportedVariables.get(variable);
  if (
    exported === undefined ||
    script.isShipped ||
    !script.url.startsWith('file:') ||
    !canLoad(script.url, script) ||
    isEntryModule(script.url) ||
    typeof value === 'function' ||
    holdsSharedMembers(value, members)
  )
    return undefined;
  return { kind: 'import', url: script.url, name: exported, style: 'import', boxed };
}

/** `__webpack_require__`, whatever it is called: a function whose properties are the runtime's. */
function isWebpackLoader(value: object): boolean {
  const { o, d, r } = value as Record<string, unknown>;
  return typeof value === 'function' && [o, d ?? r].every((part) => typeof part === 'function' && isShort(part));
}

function isShort(part: Function): boolean {
  return part.length === 1 || part.length === 2;
}

function isFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/');
}

/** May stand for the module: a value that is no namespace, or a namespace of which only certain members are used. */
function isCarriable(value: unknown, members: readonly string[] | undefined): boolean {
  return (
    members !== undefined ||
    typeof value !== 'object' ||
    value === null ||
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] !== 'Module'
  );
}

function carried(fn: Function, plan: Plan, captured: CapturedVariable, value: unknown, message: Message): unknown {
  const { variable, boxed, members, binding } = captured;
  const namespace =
    variable === undefined ? captured.name === 'exports' || captured.name === 'module' : binding?.name === '*';
  if (namespace && members !== undefined && typeof value === 'object' && value !== null) {
    const used = Object.fromEntries(members.map((member) => [member, (value as Values)[member]]));
    return boxed ? { value: used } : used;
  }
  if (!boxed || variable === undefined) return value;
  if (binding !== undefined) return { value };
  return sharedBox(fn, plan.site, variable, value, message);
}

/**
 * The box by which the functions of a message share a variable that is assigned to.
 *
 * A variable of the module exists once. One of a function exists once per call of that function, and
 * V8 does not tell which call a closure comes from: closures from different places in the source that
 * see the same value are taken to belong together, closures from the same place are not.
 */
function sharedBox(fn: Function, site: FunctionSite, variable: Variable, value: unknown, message: Message): Box {
  let candidates = message.boxes.get(variable);
  if (candidates === undefined) {
    candidates = [];
    message.boxes.set(variable, candidates);
  }
  const single = variable.scope.parent === undefined;
  let found = candidates.find(
    (candidate) => single || (Object.is(candidate.value, value) && (candidate.capturedBy.get(site) ?? fn) === fn),
  );
  if (found === undefined) {
    found = { box: { value }, value, capturedBy: new Map() };
    candidates.push(found);
  }
  found.capturedBy.set(site, fn);
  return found.box;
}

/** Properties that were put on the function after it was made. */
function ownState(fn: Function, site: FunctionSite): Values {
  const state: Values = {};
  if (site.form === 'arrow' && Object.keys(fn).length === 0) return state;
  const declared = new Set<string>();
  if (site.node.type === 'ClassDeclaration' || site.node.type === 'ClassExpression') {
    for (const element of site.node.body.body) {
      if (element.type !== 'StaticBlock' && element.static && element.key.type === 'Identifier')
        declared.add(element.key.name);
    }
  } else if (site.form === 'function' && fn.prototype !== undefined && fn.prototype !== null) {
    const prototype = fn.prototype as object;
    const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(
      ([name, { value }]) => name !== 'constructor' && value !== undefined,
    );
    if (methods.length > 0)
      state[Extra.PROTOTYPE] = Object.fromEntries(methods.map(([name, { value }]) => [name, value as unknown]));
    const parent = (Object.getPrototypeOf(prototype) as object | null)?.constructor;
    if (
      parent !== undefined &&
      parent !== Object &&
      !site.node.generator &&
      parent.prototype === Object.getPrototypeOf(prototype)
    )
      state[Extra.PARENT] = parent;
  }
  const properties = Object.keys(fn).length === 0 ? [] : Object.entries(fn).filter(([name]) => !declared.has(name));
  if (properties.length > 0) state[Extra.PROPERTIES] = Object.fromEntries(properties);
  return state;
}

function nameOf(fn: Function): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof name === 'string' ? name : '';
}
