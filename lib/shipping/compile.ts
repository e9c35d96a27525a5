/** Makes functions from the text of a plan, in the receiving isolate. */
import vm from 'node:vm';
import { SHIPPED_MARK } from './script.js';

/** Variables of a function, by name. */
export type Values = Record<string, unknown>;

/** Gives the function and a setter of the variables that were not there when it was made. */
export type Factory = (early: Values) => readonly [Function, (late: Values) => void];

export interface Code {
  /** URL of the module the function comes from: for stack traces and dynamic imports. */
  readonly url: string;
  readonly text: string;
  readonly strict: boolean;
  readonly early: readonly string[];
  readonly late: readonly string[];
}

/** Compiled code, by its script. Bounded: the oldest goes first. */
const factories = new Map<string, Factory>();
const KEPT = 1000;

export function compile(code: Code): Factory {
  const script = scriptOf(code);
  const key = `${code.url}\n${script}`;
  let factory = factories.get(key);
  if (factory === undefined) {
    factory = evaluate(script, code.url);
    if (factories.size >= KEPT) factories.delete(factories.keys().next().value as string);
    factories.set(key, factory);
  }
  return factory;
}

function scriptOf({ text, strict, early, late }: Code): string {
  const declared = `${early.length > 0 ? `let { ${early.join(', ')} } = $early; ` : ''}${late.length > 0 ? `let ${late.join(', ')}; ` : ''}`;
  const setter = late.length > 0 ? `($late) => { ({ ${late.join(', ')} } = $late); }` : '() => {}';
  return `${SHIPPED_MARK}(function ($early) { ${strict ? "'use strict'; " : ''}${declared}return [${text}, ${setter}]; })`;
}

function evaluate(script: string, url: string): Factory {
  const compiled = new vm.Script(script, {
    filename: url,
    importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  } as vm.ScriptOptions);
  return compiled.runInThisContext() as Factory;
}
