/** What all threads of a process know of it beside its record. */
import { bequeath, inherited } from '../engine/family-data.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { Process } from '../memory/layout.js';

export interface Identity {
  /** Where in the tree of processes it stands: `1:2` is the second that the first one's first has made. */
  readonly path: string;
  readonly parentName: string;
}

/** What the process's threads inherit it as. */
const IDENTITY = 'process';

/** Undefined in the first process of a family. */
export function identity(): Identity | undefined {
  return inherited<Identity>(IDENTITY);
}

/** In the main thread of a child, before it starts a thread. */
export function setIdentity(value: Identity): void {
  bequeath(IDENTITY, value);
}

/** The path of another process that this one makes. */
export function nextPath(): string {
  const number = Atomics.add(engine.words, processWord(Process.PROCESS_NUMBER), 1) + 1;
  const own = identity()?.path;
  return own === undefined ? String(number) : `${own}:${number}`;
}
