/**
 * Where a task comes from, for the stack and the message of the error it ends with: its function, what it is called, and
 * the place where it was submitted.
 *
 * To note the stack of every task would cost more than a small task does. So the place is noted for the first task
 * of a function, and after that as often as leaves the cost unnoticeable. A task whose own place was not noted has
 * the one that was noted last for its function: for a loop that submits a hundred thousand tasks that is its own, and as
 * it need not be, the error says "probably".
 */
import type { KnownFunction } from './functions.js';

/** A place, as `Error.captureStackTrace` has it. */
export interface Site {
  stack?: string;
}

/** The place from which `caller`, which is being called, was called. */
export function siteOf(caller: Function): Site {
  const site: Site = {};
  Error.captureStackTrace(site, caller);
  return site;
}

export class TaskOrigin {
  /** Keeps its definition while the task is in flight. */
  readonly fn: KnownFunction;
  readonly site: Site;
  /** The site is that of the task itself. */
  readonly isSure: boolean;
  /** The name that its options give it. */
  readonly name: string | undefined;

  constructor(fn: KnownFunction, site: Site, isSure: boolean, name: string | undefined) {
    this.fn = fn;
    this.site = site;
    this.isSure = isSure;
    this.name = name;
  }

  /** What messages call the task. */
  get task(): string {
    const name = this.name ?? this.fn.name;
    return name === '' ? 'the task' : `the task '${name}'`;
  }
}

/** Notes a millisecond, and notes at once after a pause. */
const PER_MS = 2;
const BURST = 100;

let left = BURST;
let last = 0;

/**
 * The origin of a task.
 *
 * @param from The place, or the function whose caller it is: that is noted if it is worth it.
 * @param now The clock.
 */
export function originOf(fn: KnownFunction, from: Function | Site, name: string | undefined, now: number): TaskOrigin {
  if (typeof from !== 'function') return new TaskOrigin(fn, from, true, name);
  const { likely } = fn;
  if (likely !== undefined && !isWorthIt(now))
    return name === undefined ? likely : new TaskOrigin(fn, likely.site, false, name);
  const site = siteOf(from);
  fn.likely = new TaskOrigin(fn, site, false, undefined);
  return new TaskOrigin(fn, site, true, name);
}

function isWorthIt(now: number): boolean {
  if (left === 0) {
    if (now - last < 1 / PER_MS) return false;
    left = Math.min(BURST, Math.floor(PER_MS * (now - last)));
    last = now;
  }
  left--;
  return true;
}

/** Adds to an error of a task where that was submitted, under which name. */
export function addOrigin(error: unknown, { site, name, isSure }: Pick<TaskOrigin, 'site' | 'name' | 'isSure'>): void {
  const frames = site.stack?.slice(site.stack.indexOf('\n') + 1 || site.stack.length);
  if (!frames || !(error instanceof Error) || typeof error.stack !== 'string') return;
  const as = name === undefined ? '' : ` as '${name}'`;
  try {
    error.stack += `\n    --- submitted${as}${isSure ? '' : ', probably'} ---\n${frames}`;
  } catch (refusal) {
    // Frozen, or its stack is: it stays as it came.
    if (!(refusal instanceof TypeError)) throw refusal;
  }
}
