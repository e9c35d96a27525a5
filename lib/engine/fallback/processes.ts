/**
 * Process records where every process has an arena of its own: record 0 is this process, the others are its
 * children, and theirs are none of its business.
 *
 *   FREE → STARTING      by who starts a child, with a compare-and-swap
 *   STARTING → LIVE      by the broker that has spawned it (see `lib/processes/broker.ts`)
 *   either → LEAVING     by the broker when it has ended, or by who sweeps the slot of a broker that is gone
 *   LEAVING → FREE       when its cell says so and the handles are released
 *
 * Nobody rings another process here, so DOORBELL names who watches instead: slot + 1 of the isolate without
 * which nobody learns of the child's end.
 */
import {
  Cell,
  Header,
  MAX_PROCESSES,
  PROCESSES_START,
  ProcessCell,
  ProcessState,
  ProcessStatus,
  Process as Record,
  UNKNOWN_EXIT_CODE,
  WORDS_PER_PROCESS,
} from '../../memory/layout.js';
import type { Handle, Processes } from '../engine.js';
import { eventSet } from './event.js';
import { freeSimpleGuard, takeSimpleGuard } from './guard.js';
import type { Isolate } from './isolate.js';
import { release } from './references.js';
import { isGone } from './slots.js';

const WATCHER = Record.DOORBELL;
const HANDLES = [Record.CELL, Record.COMMANDS, Record.STARTED, Record.PARENT_CELL];

function recordWord(record: number, word: number): number {
  return PROCESSES_START + record * WORDS_PER_PROCESS + word;
}

/** Who watches over a child is gone: nobody will learn how it ends, and who joins it must not wait for ever. */
export function forsakeChildrenOf(isolate: Isolate, slot: number): void {
  const { words } = isolate;
  const top = Atomics.load(words, Header.PROCESSES_TOP);
  for (let record = 1; record < top; record++) {
    if (Atomics.load(words, recordWord(record, WATCHER)) !== slot + 1) continue;
    if (Atomics.load(words, recordWord(record, Record.STATE)) === ProcessState.LEAVING)
      conclude(isolate, record, UNKNOWN_EXIT_CODE);
    else finish(isolate, record, UNKNOWN_EXIT_CODE);
  }
}

/** Says, once, how a child has ended, and sets its record free. */
function finish(isolate: Isolate, record: number, exitCode: number): void {
  const { words } = isolate;
  const state = recordWord(record, Record.STATE);
  const seen = Atomics.load(words, state);
  if (seen !== ProcessState.LIVE && seen !== ProcessState.STARTING) return;
  if (Atomics.compareExchange(words, state, seen, ProcessState.LEAVING) !== seen) {
    finish(isolate, record, exitCode);
    return;
  }
  Atomics.store(words, recordWord(record, WATCHER), isolate.self + 1);
  conclude(isolate, record, exitCode);
}

/** May be done again by another, when who does it ends in the middle. */
function conclude(isolate: Isolate, record: number, exitCode: number): void {
  const { words } = isolate;
  const cell = words[recordWord(record, Record.CELL)] as Handle;
  if (cell !== 0 && words[cell + ProcessCell.STATUS] !== ProcessStatus.FINISHED) endCell(isolate, cell, exitCode);
  const started = words[recordWord(record, Record.STARTED)] as Handle;
  if (started !== 0) eventSet(isolate, started);
  vacate(isolate, record);
}

/** A process is known to have ended: who waits for that is told. */
function endCell(isolate: Isolate, cell: Handle, exitCode: number): void {
  const { words } = isolate;
  Atomics.store(words, cell + ProcessCell.EXIT_CODE, exitCode);
  Atomics.store(words, cell + ProcessCell.STATUS, ProcessStatus.FINISHED);
  eventSet(isolate, cell);
}

/** Sets a record free, whose state keeps others off. */
function vacate(isolate: Isolate, record: number): void {
  const { words } = isolate;
  for (const word of HANDLES) {
    const handle = underGuard(isolate, () => Atomics.exchange(words, recordWord(record, word), 0));
    if (handle !== 0) release(isolate, handle);
  }
  Atomics.store(words, recordWord(record, WATCHER), 0);
  Atomics.add(words, recordWord(record, Record.GENERATION), 1);
  Atomics.store(words, recordWord(record, Record.STATE), ProcessState.FREE);
}

/** The handles of records are followed and taken away under one guard. */
function underGuard(isolate: Isolate, work: () => Handle): Handle {
  const { words, self } = isolate;
  takeSimpleGuard(words, Header.PROCESSES_GUARD, self, (slot) => isGone(words, slot));
  const handle = work();
  freeSimpleGuard(words, Header.PROCESSES_GUARD);
  return handle;
}

export class FallbackProcesses implements Processes {
  readonly shared = undefined;
  readonly #isolate: Isolate;

  constructor(isolate: Isolate) {
    this.#isolate = isolate;
  }

  begin(): void {}

  giveCell(cell: Handle): void {
    const { words } = this.#isolate;
    if (Atomics.compareExchange(words, recordWord(0, Record.CELL), 0, cell) !== 0) return;
    Atomics.add(words, cell + Cell.REFS, 1);
    Atomics.store(words, cell + ProcessCell.PID, process.pid);
    Atomics.store(words, cell + ProcessCell.EXIT_CODE, UNKNOWN_EXIT_CODE);
    Atomics.store(words, cell + ProcessCell.STATUS, ProcessStatus.STARTED);
  }

  retainHandle(record: number, word: number): Handle {
    const { words } = this.#isolate;
    return underGuard(this.#isolate, () => {
      const handle = Atomics.load(words, recordWord(record, word));
      if (handle !== 0) Atomics.add(words, handle + Cell.REFS, 1);
      return handle;
    });
  }

  reserve(cell: Handle, commands: Handle, started: Handle, flags: number, name: Uint8Array): number {
    const { words, self } = this.#isolate;
    for (let record = 1; record < MAX_PROCESSES; record++) {
      const state = recordWord(record, Record.STATE);
      if (Atomics.compareExchange(words, state, ProcessState.FREE, ProcessState.STARTING) !== ProcessState.FREE)
        continue;
      Atomics.store(words, recordWord(record, WATCHER), self + 1);
      this.#fill(record, { cell, commands, started, flags, name });
      words[recordWord(record, Record.PARENT)] = 1;
      words[recordWord(record, Record.PARENT_GENERATION)] = words[recordWord(0, Record.GENERATION)] as number;
      raise(words, Header.PROCESSES_TOP, record + 1);
      return record;
    }
    return -1;
  }

  confirm(record: number, pid: number): void {
    const { words, self } = this.#isolate;
    Atomics.store(words, recordWord(record, Record.PID), pid);
    Atomics.store(words, (words[recordWord(record, Record.CELL)] as Handle) + ProcessCell.PID, pid);
    Atomics.store(words, recordWord(record, WATCHER), self + 1);
    Atomics.store(words, recordWord(record, Record.STATE), ProcessState.LIVE);
  }

  cancel(record: number): void {
    vacate(this.#isolate, record);
  }

  settle(record: number, generation: number, exitCode: number): void {
    const { words } = this.#isolate;
    if (Atomics.load(words, recordWord(record, Record.GENERATION)) === generation)
      finish(this.#isolate, record, exitCode);
  }

  /** In a child, before anything else: gives its own record what its parent's has, made anew in this arena. */
  introduce(own: NewProcess, parent: { readonly cell: Handle; readonly pid: number }): void {
    const { words } = this.#isolate;
    this.giveCell(own.cell);
    this.#fill(0, own);
    Atomics.store(words, own.cell + ProcessCell.FLAGS, own.flags);
    Atomics.store(words, parent.cell + ProcessCell.PID, parent.pid);
    Atomics.store(words, parent.cell + ProcessCell.STATUS, ProcessStatus.STARTED);
    this.#keep(0, Record.PARENT_CELL, parent.cell);
  }

  /** The parent of this process has ended. */
  loseParent(): void {
    const cell = this.retainHandle(0, Record.PARENT_CELL);
    if (cell === 0) return;
    endCell(this.#isolate, cell, UNKNOWN_EXIT_CODE);
    release(this.#isolate, cell);
  }

  #fill(record: number, { cell, commands, started, flags, name }: NewProcess): void {
    const { words } = this.#isolate;
    words[recordWord(record, Record.FLAGS)] = flags;
    new Uint8Array(words.buffer).set(name, recordWord(record, Record.NAME) * 4);
    Atomics.store(words, recordWord(record, Record.NAME_LENGTH), name.length);
    this.#keep(record, Record.COMMANDS, commands);
    this.#keep(record, Record.STARTED, started);
    if (record !== 0) this.#keep(record, Record.CELL, cell);
  }

  #keep(record: number, word: number, handle: Handle): void {
    const { words } = this.#isolate;
    Atomics.add(words, handle + Cell.REFS, 1);
    Atomics.store(words, recordWord(record, word), handle);
  }
}

/** What the record of a process holds. It gets a reference to each of the objects. */
export interface NewProcess {
  readonly cell: Handle;
  readonly commands: Handle;
  readonly started: Handle;
  readonly flags: number;
  readonly name: Uint8Array;
}

function raise(words: Int32Array, word: number, value: number): void {
  for (;;) {
    const seen = Atomics.load(words, word);
    if (seen >= value || Atomics.compareExchange(words, word, seen, value) === seen) return;
  }
}
