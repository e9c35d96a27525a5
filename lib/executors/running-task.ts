/** A task on the worker that runs it, and the call of its function. */
import { Entry, Flag } from './board.js';
import { runChunk } from './chunk.js';
import { type Functions, LoadedFunction } from './functions.js';
import { TaskContext } from './task-context.js';
import type { Segment, TaskTable } from './task-table.js';

/** A client as the worker sees it. */
export interface Client {
  readonly number: number;
  readonly table: TaskTable;
  readonly functions: Functions;
}

export type Call = (...args: unknown[]) => unknown;

/** A task that runs or awaits here. */
export class RunningTask extends TaskContext {
  readonly segment: Segment;
  readonly at: number;
  readonly client: Client;
  readonly index: number;
  readonly loaded: LoadedFunction;
  readonly fn: Call;
  readonly started: number;
  /** What came beside its arguments. */
  readonly carried: readonly unknown[] | undefined;

  constructor(
    client: Client,
    index: number,
    segment: Segment,
    at: number,
    loaded: LoadedFunction,
    started: number,
    carried?: readonly unknown[],
  ) {
    super();
    this.segment = segment;
    this.at = at;
    this.client = client;
    this.index = index;
    this.loaded = loaded;
    this.fn = loaded.call;
    this.started = started;
    this.carried = carried;
  }

  protected override readAbort(): number {
    return Atomics.load(this.segment.words, this.at + Entry.ABORT);
  }
}

/** In place of a function that could not be made. */
export const unmade = new LoadedFunction(() => {});

/** Calls the function of a task where others may await. */
export function callBeside({ client, segment, at, fn, carried }: RunningTask, flags: number): unknown {
  if ((flags & Flag.NONE) !== 0) return fn();
  const args = client.table.read(segment, at, carried);
  return (flags & Flag.SINGLE) !== 0 ? fn(args) : callWithList(fn, args as unknown[], flags);
}

/** Calls the function of a task that has not exactly one argument. */
export function callWithList(fn: Call, args: unknown[], flags: number): unknown {
  return (flags & Flag.CHUNK) !== 0 ? runChunk(fn, args[0] as unknown[], args[1] as number) : fn(...args);
}
