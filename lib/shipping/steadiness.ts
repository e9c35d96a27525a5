/**
 * Whether a function that has been encoded can ever travel as something else than it did: it, and whatever it captures.
 * All of it has been analysed by then, and what was found to last is known: nothing is inspected here.
 */
import { SharedObject } from '../engine/shared-object.js';
import { lastingAnalysis } from './analysis.js';
import { capturedValues } from './departure.js';

export interface Steadiness {
  readonly constant: boolean;
  /** The same for function objects of one place in the source that capture nothing; otherwise undefined. */
  readonly alike: object | undefined;
}

export function steadinessOf(fn: Function): Steadiness {
  const constant = isConstant(fn, new Set());
  const analysis = lastingAnalysis(fn);
  if (!constant || analysis?.kind !== 'source') return { constant, alike: undefined };
  return { constant, alike: capturedValues(fn, analysis).length === 0 ? analysis.plan : undefined };
}

function isConstant(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'function') {
    if (seen.has(value)) return true;
    seen.add(value);
    const analysis = lastingAnalysis(value);
    if (analysis === undefined) return false;
    if (analysis.kind === 'reference') return true;
    if (analysis.kind === 'bound') {
      const { target, boundThis, boundArguments } = analysis.bound;
      return [target, boundThis, ...boundArguments].every((part) => isConstant(part, seen));
    }
    if (hasOwnState(value)) return false;
    return capturedValues(value, analysis).every((captured) => isConstant(captured, seen));
  }
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof SharedObject || seen.has(value)) return true;
  seen.add(value);
  // Frozen properties say all there is of plain objects and arrays alone.
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false;
  if (!Object.isFrozen(value)) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    (descriptor) => 'value' in descriptor && isConstant(descriptor.value, seen),
  );
}

/** Properties put on it, or on its prototype, which may be put there anew at any time. */
function hasOwnState(fn: Function): boolean {
  if (Object.keys(fn).length > 0) return true;
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype');
  return (
    prototype?.writable === true &&
    typeof prototype.value === 'object' &&
    prototype.value !== null &&
    Reflect.ownKeys(prototype.value as object).length > 1
  );
}
