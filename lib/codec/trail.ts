/**
 * Where the writer is inside the value it writes, so that a refusal can name the path:
 * `args[0].socket`, `item.list[3].get("k")`.
 *
 * It costs nothing while all goes well: each level notes the key it is at in an array, which is read
 * only when something is refused.
 */
import { FunctionNotShippableError, NotSerializableError } from '../errors.js';
import { article, className, Sort, sortOf } from './classify.js';

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

/** A path that is kept and hardly ever asked for: put into words only then. */
export interface KeptPath {
  readonly above: KeptPath | string;
  readonly ways: readonly number[];
  readonly steps: readonly unknown[];
}

/** A place to come back to. */
export interface Place {
  readonly root: KeptPath | string;
  readonly base: number;
  readonly depth: number;
}

export class Trail {
  /** How many containers are entered. */
  depth = 0;
  /** By depth: the container, how the step goes down from it, and the step. */
  readonly containers: (object | undefined)[] = [];
  readonly ways: number[] = [];
  readonly steps: unknown[] = [];
  /** Path to the depth `base`; the steps above are not part of the path. */
  #root: KeptPath | string = '';
  #base = 0;
  /** The path that `keep` kept last for a container, which those of its other children share. */
  #kept: KeptPath | undefined;
  #keptFor: object | undefined;

  start(root: string): void {
    this.#root = root;
    this.#base = 0;
    this.depth = 0;
  }

  /** Goes on below `path`, which is not below the containers entered so far; `back` undoes it. */
  jump(path: KeptPath): Place {
    const place = this.place();
    this.#root = path;
    this.#base = this.depth;
    return place;
  }

  place(): Place {
    return { root: this.#root, base: this.#base, depth: this.depth };
  }

  back(place: Place): void {
    this.#root = place.root;
    this.#base = place.base;
    this.depth = place.depth;
  }

  /** Containers entered since the start or the last jump. */
  get below(): number {
    return this.depth - this.#base;
  }

  /** Goes down into a container; the depth to note its steps at. */
  enter(container: object): number {
    const { depth } = this;
    this.depth = depth + 1;
    this.containers[depth] = container;
    this.ways[depth] = Down.PROPERTY;
    return depth;
  }

  leave(depth: number): void {
    this.depth = depth;
    this.containers[depth] = undefined;
    this.steps[depth] = undefined;
  }

  /** The path to the present place, for `jump`. */
  keep(): KeptPath {
    const last = this.depth - 1;
    const container = this.containers[last];
    if (this.#kept === undefined || this.#keptFor !== container) {
      const [base, above] = [this.#base, this.#root];
      this.#kept = { above, ways: this.ways.slice(base, last), steps: this.steps.slice(base, last) };
      this.#keptFor = container;
    }
    return { above: this.#kept, ways: [this.ways[last] as number], steps: [this.steps[last]] };
  }

  /** Lets go of the paths kept. */
  end(): void {
    this.#kept = undefined;
    this.#keptFor = undefined;
  }

  /** Lets go of the containers that a throw left entered. */
  clear(): void {
    this.containers.length = 0;
    this.steps.length = 0;
    this.#root = '';
  }

  /** The path to the container at `depth`, or without it to the present place. */
  path(depth = this.depth): string {
    return inWords(this.#root) + this.#between(this.#base, depth);
  }

  /**
   * Refuses the value at the present place. What is inside an instance of a class that nobody
   * registered is refused in the name of that instance, and what a function captures in the name of the function.
   */
  refuse(what: string, remedy: string): never {
    for (let k = this.#base; k < this.depth; k++) {
      const container = this.containers[k] as object;
      if (typeof container === 'function') {
        throw new FunctionNotShippableError(
          `${this.path(k)} is ${describeFunction(container)}, which captures ${this.#captures(k, what)} that cannot be sent to another thread: ${remedy}`,
        );
      }
      if (sortOf(container) === Sort.INSTANCE) {
        const name = className(container);
        const inside = this.#between(k, this.depth).replace(/^\./, '');
        throw new NotSerializableError(
          `${this.path(k)} is ${article(name)}, which cannot be sent to another thread: its ${inside} is ${what}; make it where it is used, register ${name} with registerClass(), or send plain data`,
        );
      }
    }
    throw new NotSerializableError(`${this.path()} is ${what}, which cannot be sent to another thread: ${remedy}`);
  }

  /** What the function at depth `k` captures, by way of which other functions. */
  #captures(k: number, what: string): string {
    const parts: string[] = [];
    for (let next = k + 1, from = k + 1; next <= this.depth; next++) {
      const inner = next < this.depth && typeof this.containers[next] === 'function';
      if (!inner && next < this.depth) continue;
      const variable = this.#between(from, next).replace(/^\./, '') || 'a value';
      parts.push(inner ? `${variable}, a function that captures ` : `${variable}, ${what}`);
      from = next + 1;
    }
    return parts.join('');
  }

  /** The refusal of a function that another one captures says which. */
  blamed(error: unknown): unknown {
    if (!(error instanceof FunctionNotShippableError)) return error;
    for (let k = this.depth - 1; k >= this.#base; k--) {
      const container = this.containers[k] as object;
      if (typeof container !== 'function') continue;
      const variable = this.#between(k + 1, this.depth).replace(/^\./, '');
      if (variable === '') return error;
      const by = `captured as ${variable} by ${describeFunction(container)}`;
      return new FunctionNotShippableError(`${error.message} (${by})`, { cause: error.cause });
    }
    return error;
  }

  #between(first: number, last: number): string {
    return format(this.ways, this.steps, first, last);
  }
}

function inWords(kept: KeptPath | string): string {
  const parts: string[] = [];
  let at = kept;
  for (; typeof at !== 'string'; at = at.above) parts.push(format(at.ways, at.steps, 0, at.ways.length));
  return at + parts.reverse().join('');
}

function format(ways: readonly number[], steps: readonly unknown[], first: number, last: number): string {
  let path = '';
  for (let i = first; i < last; i++) path += formatStep(ways[i] as number, steps[i]);
  return path;
}

export function describeFunction(fn: object): string {
  const { name } = fn as Function;
  return name === '' ? 'a function' : `the function ${name}`;
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
