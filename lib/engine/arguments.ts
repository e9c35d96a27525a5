/** Checks of arguments. Each error names the argument, what was expected, and the value. */
import { inspect } from 'node:util';

/** `value` as an error message shows it: short, on one line. */
export function show(value: unknown): string {
  const text = inspect(value, {
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 4,
    maxStringLength: 40,
  });
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** An integer from `least` to `most`: TypeError unless a number, RangeError unless within. */
export function requireInteger(name: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be an integer, got ${show(value)}`);
  if (!Number.isInteger(value)) throw new RangeError(`${name} must be an integer, got ${value}`);
  if (value < least) throw new RangeError(`${name} must be at least ${least}, got ${value}`);
  if (value > most) throw new RangeError(`${name} must be at most ${most}, got ${value}`);
}

export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, got ${show(value)}`);
}

/** An options bag, or undefined. */
export function requireOptions(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'object' || value === null)) {
    throw new TypeError(`${name} must be an object, got ${show(value)}`);
  }
}

export function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false, got ${show(value)}`);
}
