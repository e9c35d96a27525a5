/** Makes functions from the text of a plan, in the receiving isolate. */
import vm from 'node:vm';
import { SHIPPED_MARK } from './script.js';

/** Variables of a function, by name. */
export type Values = Record<string, unknown>;

/** Gives the function and a setter of the variables that were not there when it was made. */
export type Factory = (early: Values) => readonly [Function, (late: Values) => void];

export interface Code {
  /** URL of the module the function comes from: for stack traces. */
  readonly url: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly strict: boolean;
  readonly early: readonly string[];
  readonly late: readonly string[];
}

/** Compiled code, by its script. Bounded: the oldest goes first. */
const factories = new Map<string, Factory>();
const KEPT = 1000;

export function compile(code: Code): Factory {
  const { url, text, line, column } = code;
  const before = beforeText(code);
  const script = `${before}${text}${afterText(code)}`;
  const key = `${url}:${line}:${column}\n${script}`;
  let factory = factories.get(key);
  if (factory === undefined) {
    // So placed that stack traces show the lines of the module.
    factory = vm.runInThisContext(script, { filename: url, lineOffset: line, columnOffset: column - before.length - 1 }) as Factory;
    if (factories.size >= KEPT) factories.delete(factories.keys().next().value as string);
    factories.set(key, factory);
  }
  return factory;
}

function beforeText({ strict, early, late }: Code): string {
  const declared = `${early.length > 0 ? `let { ${early.join(', ')} } = $early; ` : ''}${late.length > 0 ? `let ${late.join(', ')}; ` : ''}`;
  return `${SHIPPED_MARK}(function ($early) { ${strict ? "'use strict'; " : ''}${declared}return [`;
}

function afterText({ late }: Code): string {
  return `, ${late.length > 0 ? `($late) => { ({ ${late.join(', ')} } = $late); }` : '() => {}'}]; })`;
}
