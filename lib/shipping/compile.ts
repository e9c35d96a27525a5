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

export function compile(code: Code): Factory {
  const before = beforeText(code);
  // So placed that stack traces show the lines of the module.
  const place = { filename: code.url, lineOffset: code.line, columnOffset: code.column - before.length - 1 };
  return vm.runInThisContext(`${before}${code.text}${afterText(code)}`, place) as Factory;
}

function beforeText({ strict, early, late }: Code): string {
  const declared = `${early.length > 0 ? `let { ${early.join(', ')} } = $early; ` : ''}${late.length > 0 ? `let ${late.join(', ')}; ` : ''}`;
  return `${SHIPPED_MARK}(function ($early) { ${strict ? "'use strict'; " : ''}${declared}return [`;
}

function afterText({ late }: Code): string {
  return `, ${late.length > 0 ? `($late) => { ({ ${late.join(', ')} } = $late); }` : '() => {}'}]; })`;
}
