/**
 * What V8's inspector tells about a function: its script, its place there, and the variables of
 * the scopes around it, as live values.
 *
 * The session is in-process and lasts until the next microtask, so it neither holds the program nor
 * gets in the way of a debugger. The Debugger domain is switched on only to learn of scripts not
 * seen before (the first time costs about 20 ms, later about 3 ms) and off again at once.
 */
import type { Session } from 'node:inspector';
import { onDemand } from '../engine/on-demand.js';

const inspector = onDemand<typeof import('node:inspector')>('node:inspector');

/** A script as V8 has it: after type stripping, transpiling or bundling. */
export interface LoadedScript {
  readonly id: string;
  readonly url: string;
  readonly isModule: boolean;
  readonly startLine: number;
  readonly startColumn: number;
  readonly source: string;
}

export interface Inspection {
  readonly script: LoadedScript;
  readonly line: number;
  readonly column: number;
  /** Variables of the surrounding scopes, innermost first, without the global scope. */
  readonly scopes: readonly Readonly<Record<string, unknown>>[];
}

export interface BoundFunction {
  readonly target: Function;
  readonly boundThis: unknown;
  readonly boundArguments: readonly unknown[];
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
}
interface InternalProperty {
  readonly name: string;
  readonly value?: RemoteObject;
}
interface ScriptParsed {
  readonly scriptId: string;
  readonly url: string;
  readonly isModule?: boolean;
  readonly startLine: number;
  readonly startColumn: number;
}
interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Where live values pass between the inspector and this file. */
const hatch = Symbol.for('heddle.inspection');
const HATCH = "globalThis[Symbol.for('heddle.inspection')]";
const GROUP = 'heddle';

/** Scripts that the Debugger domain tells of while it is on. */
const parsed = new Map<string, ScriptParsed>();
/** Bounded: programs that make code as they go make scripts without end. The oldest goes first. */
const scripts = new Map<string, LoadedScript>();
const KEPT = 200;

let open: Session | undefined;
let answersAtOnce = false;
let unavailable: unknown;

/** Why functions cannot be inspected here, or undefined when they can. */
export function inspectorRefusal(): unknown {
  if (unavailable === undefined && open === undefined) {
    try {
      connect();
    } catch (error) {
      unavailable = error;
    }
  }
  return unavailable;
}

/** Place and scopes of a function made from source text; undefined for native ones. */
export function inspectFunction(fn: Function): Inspection | undefined {
  return withInternals(fn, (properties, session) => {
    const at = properties.find((property) => property.name === '[[FunctionLocation]]')?.value?.value as
      | Location
      | undefined;
    if (at === undefined) return undefined;
    const scopesId = properties.find((property) => property.name === '[[Scopes]]')?.value?.objectId;
    const scopes: Record<string, unknown>[] = [];
    if (scopesId !== undefined) {
      const list = fetchValue(session, scopesId) as ArrayLike<{ description: string; object: Record<string, unknown> }>;
      for (let i = 0; i < list.length; i++) {
        const { description, object } = list[i] as { description: string; object: Record<string, unknown> };
        if (description !== 'Global') scopes.push(object);
      }
    }
    return { script: scriptOf(session, at.scriptId), line: at.lineNumber, column: at.columnNumber, scopes };
  });
}

/** What `bind` was given, when the function was made by it. */
export function inspectBound(fn: Function): BoundFunction | undefined {
  return withInternals(fn, (properties, session) => {
    const get = (name: string): RemoteObject | undefined =>
      properties.find((property) => property.name === name)?.value;
    const target = get('[[TargetFunction]]')?.objectId;
    const args = get('[[BoundArgs]]')?.objectId;
    if (target === undefined || args === undefined) return undefined;
    const boundThis = get('[[BoundThis]]');
    return {
      target: fetchValue(session, target) as Function,
      boundThis: boundThis?.objectId === undefined ? primitive(boundThis) : fetchValue(session, boundThis.objectId),
      boundArguments: Array.from(fetchValue(session, args) as ArrayLike<unknown>),
    };
  });
}

function connect(): Session {
  if (open !== undefined) return open;
  const session = new (inspector().Session)();
  session.connect();
  if (!answersAtOnce) {
    // Deno's answers later, Bun's not at all.
    if (post(session, 'Runtime.evaluate', { expression: '0' }) === undefined) {
      session.disconnect();
      throw new Error('node:inspector does not answer within the call here');
    }
    answersAtOnce = true;
  }
  session.on('Debugger.scriptParsed', (message: { params: ScriptParsed }) => {
    parsed.set(message.params.scriptId, message.params);
  });
  open = session;
  queueMicrotask(() => {
    open = undefined;
    session.disconnect();
  });
  return session;
}

/** The protocol of an in-process session answers before `post` returns; undefined where it does not. */
function post<T>(session: Session, method: string, params?: object): T {
  let result: T | undefined;
  let failure: Error | null = null;
  session.post(method, params, (error: Error | null, answer?: object) => {
    failure = error;
    result = answer as T;
  });
  if (failure !== null) throw new Error(`inspector: ${method} failed`, { cause: failure });
  return result as T;
}

function withInternals<T>(fn: Function, read: (properties: readonly InternalProperty[], session: Session) => T): T {
  const session = connect();
  const slot = { value: fn as unknown };
  Object.defineProperty(globalThis, hatch, { value: slot, configurable: true });
  try {
    const { result } = post<{ result: RemoteObject }>(session, 'Runtime.evaluate', {
      expression: `${HATCH}.value`,
      objectGroup: GROUP,
      silent: true,
    });
    if (result.objectId === undefined)
      throw new Error('inspector: this code runs in a context that the inspector does not see');
    const { internalProperties = [] } = post<{ internalProperties?: InternalProperty[] }>(
      session,
      'Runtime.getProperties',
      {
        objectId: result.objectId,
        ownProperties: true,
        nonIndexedPropertiesOnly: true,
      },
    );
    return read(internalProperties, session);
  } finally {
    post(session, 'Runtime.releaseObjectGroup', { objectGroup: GROUP });
    Reflect.deleteProperty(globalThis, hatch);
  }
}

function fetchValue(session: Session, objectId: string): unknown {
  post(session, 'Runtime.callFunctionOn', {
    objectId,
    functionDeclaration: `function () { ${HATCH}.value = this; }`,
    silent: true,
  });
  return (globalThis as unknown as Record<symbol, { value: unknown }>)[hatch]?.value;
}

function primitive(remote: RemoteObject | undefined): unknown {
  if (remote?.unserializableValue === undefined) return remote?.value;
  const text = remote.unserializableValue;
  return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
}

function scriptOf(session: Session, id: string): LoadedScript {
  const known = scripts.get(id);
  if (known !== undefined) return known;
  post(session, 'Debugger.enable');
  try {
    const about = parsed.get(id);
    const { scriptSource } = post<{ scriptSource: string }>(session, 'Debugger.getScriptSource', { scriptId: id });
    const script: LoadedScript = {
      id,
      url: about?.url ?? '',
      isModule: about?.isModule ?? false,
      startLine: about?.startLine ?? 0,
      startColumn: about?.startColumn ?? 0,
      source: scriptSource,
    };
    if (scripts.size >= KEPT) scripts.delete(scripts.keys().next().value as string);
    scripts.set(id, script);
    return script;
  } finally {
    post(session, 'Debugger.disable');
    parsed.clear();
  }
}
