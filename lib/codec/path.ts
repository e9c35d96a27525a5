/** Paths to a place inside a value, as refusals name them: `args[0].socket`, `item.list[3].get("k")`. */
import { className } from './classify.js';

/** How a step goes down from a container. */
export const Down = {
  /** To the property or element that the step names. */
  PROPERTY: 0,
  /** To the value of the Map's key that is the step. */
  MAP_VALUE: 1,
  /** To the key at the index that is the step. */
  MAP_KEY: 2,
  /** To the value of a Set at the index that is the step. */
  SET_VALUE: 3,
} as const;

/** The path of the steps from `first` up to `last`, which it leaves out. */
export function formatPath(ways: readonly number[], steps: readonly unknown[], first: number, last: number): string {
  let path = '';
  for (let i = first; i < last; i++) path += formatStep(ways[i] as number, steps[i]);
  return path;
}

function formatStep(way: number, step: unknown): string {
  switch (way) {
    case Down.MAP_VALUE:
      return `.get(${formatKey(step)})`;
    case Down.MAP_KEY:
      return `.keys()[${String(step)}]`;
    case Down.SET_VALUE:
      return `.values()[${String(step)}]`;
    default:
      return formatProperty(String(step));
  }
}

function formatProperty(name: string): string {
  if (/^(?:0|[1-9]\d*)$/.test(name)) return `[${name}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function formatKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key === 'bigint') return `${key}n`;
  return typeof key === 'object' && key !== null ? className(key) : String(key);
}
