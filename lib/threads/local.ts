/** Local: a variable of which every thread has its own. */
import { requireFunction } from '../engine/arguments.js';
import { registerTravel, SharedObject } from '../engine/shared-object.js';
import { Kind } from '../memory/layout.js';

/** What the thread running in this isolate has. Keeps no Local alive that nobody else does. */
let values = new WeakMap<object, object>();
/** Locals that other threads know, and of which this one has a value: dropped here they may still come back. */
const kept = new Set<object>();

/** Takes their values from all Locals: the thread has finished, and another may come to run here. */
export function clearLocals(): void {
  values = new WeakMap();
  kept.clear();
}

/**
 * A value per thread: each thread that reads `value` sees an object of its own, made by `init` on
 * its first access (`{}` without `init`). The object is let go when its thread has finished. A Local
 * travels to other threads, by capture or as an argument, and is the same Local there. Python: `threading.local`.
 *
 * @example
 * ```ts
 * import { currentThread, Local, Thread } from 'heddle';
 *
 * const school = new Local<{ student?: string }>();
 * const greet = () => console.log(`Hello, ${school.value.student} (in ${currentThread().name})`);
 * for (const [name, student] of [['Thread-A', 'Alice'], ['Thread-B', 'Bob']]) {
 *   const thread = new Thread({ name, target: () => { school.value.student = student; greet(); } });
 *   await thread.start();
 * }
 * ```
 */
export class Local<T extends object = Record<string, unknown>> extends SharedObject {
  readonly #init: (() => T) | undefined;
  /** Known to other threads. */
  #travels = false;

  /**
   * @param init Makes the value of a thread, in that thread; travels as a thread's target does.
   * @throws TypeError when `init` is neither a function nor undefined.
   */
  constructor(init?: () => T) {
    // The cell is only the identity by which threads know the Local again: any kind that holds nothing.
    super(Kind.EVENT);
    if (init !== undefined) requireFunction('init', init);
    this.#init = init;
  }

  /** The calling thread's object. Throws what `init` throws, and then calls it again next time. */
  get value(): T {
    let value = values.get(this) as T | undefined;
    if (value === undefined) {
      value = this.#init === undefined ? ({} as T) : this.#init();
      values.set(this, value);
      if (this.#travels || this.adopted) kept.add(this);
    }
    return value;
  }

  /** Sets out for another thread, with what makes its value there. @internal */
  _travel(): (() => T) | undefined {
    this.#travels = true;
    if (values.has(this)) kept.add(this);
    return this.#init;
  }
}

registerTravel(Local, {
  tag: 'Local',
  extra: (local) => local._travel(),
  revive: (init) => new Local(init as (() => Record<string, unknown>) | undefined),
});
