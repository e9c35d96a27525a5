/**
 * Process records where every process has an arena of its own: record 0 is this process, the others are its
 * children, and theirs are none of its business.
 *
 *   FREE → STARTING      by who starts a child, with a compare-and-swap
 *   STARTING → LIVE      by the broker that has spawned it (see `lib/processes/broker.ts`)
 *   either → LEAVING     by the broker when it has ended, or by who finds that the broker is gone
 *   LEAVING → FREE       when its cell says so and the handles are released
 *
 * Nobody rings another process here, so DOORBELL names who watches instead: the isolate without which nobody learns of
 * the child's end, by its mark. What is done at a child's end only its watcher does.
 */
import {
  Header,
  MAX_PROCESSES,
  PROCESSES_START,
  ProcessCell,
  ProcessState,
  ProcessStatus,
  Process as Record,
  Slot,
  UNKNOWN_EXIT_CODE,
  WORDS_PER_PROCESS,
} from '../../memory/layout.js';
import type { Handle, Processes } from '../engine.js';
import { pause } from '../pause.js';
import { raise } from '../raise.js';
import { slotWord } from '../slot-word.js';
import { wordsOf } from '../words-of.js';
import type { LocalEngine } from './local-engine.js';

const WATCHER = Record.DOORBELL;
const HANDLES = [Record.CELL, Record.COMMANDS, Record.STARTED, Record.PARENT_CELL];

function recordWord(record: number, word: number): number {
  return PROCESSES_START + record * WORDS_PER_PROCESS + word;
}

/** What a record holds. It gets a reference to each of the objects. */
export interface NewProcess {
  readonly cell: Handle;
  readonly commands: Handle;
  readonly started: Handle;
  readonly flags: number;
  readonly name: Uint8Array;
}

/** A mark of an isolate: slot + 1 below, the lower bits of its generation above. */
const SLOT_BITS = 10;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** So often a guard that is held for a few instructions is looked at before who looks sleeps. */
const GUARD_LOOKS = 100;

export class ApartProcesses implements Processes {
  readonly shared = undefined;
  readonly #engine: LocalEngine;
  readonly #mark: number;

  constructor(engine: LocalEngine) {
    this.#engine = engine;
    this.#mark = this.#markOf(engine.self);
  }

  begin(): void {}

  giveCell(cell: Handle): void {
    const { words } = this.#engine;
    if (Atomics.compareExchange(words, recordWord(0, Record.CELL), 0, cell) !== 0) return;
    this.#engine.retain(cell);
    this.#setCell(cell, ProcessCell.PID, process.pid);
    this.#setCell(cell, ProcessCell.EXIT_CODE, UNKNOWN_EXIT_CODE);
    this.#setCell(cell, ProcessCell.STATUS, ProcessStatus.STARTED);
  }

  retainHandle(record: number, word: number): Handle {
    return this.#underGuard(() => {
      const handle = Atomics.load(this.#engine.words, recordWord(record, word));
      if (handle !== 0) this.#engine.retain(handle);
      return handle;
    });
  }

  reserve(cell: Handle, commands: Handle, started: Handle, flags: number, name: Uint8Array): number {
    const { words } = this.#engine;
    for (let record = 1; record < MAX_PROCESSES; record++) {
      const state = recordWord(record, Record.STATE);
      if (Atomics.compareExchange(words, state, ProcessState.FREE, ProcessState.STARTING) !== ProcessState.FREE)
        continue;
      this.#watch(record);
      this.#fill(record, { cell, commands, started, flags, name });
      words[recordWord(record, Record.PARENT)] = 1;
      words[recordWord(record, Record.PARENT_GENERATION)] = words[recordWord(0, Record.GENERATION)] as number;
      raise(words, Header.PROCESSES_TOP, record + 1);
      return record;
    }
    return -1;
  }

  confirm(record: number, generation: number, pid: number): void {
    const { words } = this.#engine;
    // Who started it may have been given up, and its record be another's.
    if (Atomics.load(words, recordWord(record, Record.GENERATION)) !== generation) return;
    Atomics.store(words, recordWord(record, Record.PID), pid);
    this.#setCell(words[recordWord(record, Record.CELL)] as Handle, ProcessCell.PID, pid);
    this.#watch(record);
    Atomics.store(words, recordWord(record, Record.STATE), ProcessState.LIVE);
  }

  cancel(record: number): void {
    this.#vacate(record);
  }

  settle(record: number, generation: number, exitCode: number): void {
    const { words } = this.#engine;
    if (Atomics.load(words, recordWord(record, Record.GENERATION)) === generation) this.#finish(record, exitCode);
  }

  /** In a child, before anything else: gives its own record what its parent's has, made anew in this arena. */
  introduce(own: NewProcess, parent: { readonly cell: Handle; readonly pid: number }): void {
    this.giveCell(own.cell);
    this.#fill(0, own);
    this.#setCell(own.cell, ProcessCell.FLAGS, own.flags);
    this.#setCell(parent.cell, ProcessCell.PID, parent.pid);
    this.#setCell(parent.cell, ProcessCell.STATUS, ProcessStatus.STARTED);
    this.#keep(0, Record.PARENT_CELL, parent.cell);
  }

  /** The parent of this process has ended. */
  loseParent(): void {
    const cell = this.retainHandle(0, Record.PARENT_CELL);
    if (cell === 0) return;
    this.#endCell(cell, UNKNOWN_EXIT_CODE);
    this.#engine.release(cell);
  }

  /**
   * Of children whose watcher is gone nobody will learn how they end, and who joins them must not wait for ever: he is told.
   * Returns whether there were any.
   */
  forsakeOrphans(): boolean {
    const { words } = this.#engine;
    let some = false;
    const top = Atomics.load(words, Header.PROCESSES_TOP);
    for (let record = 1; record < top; record++) {
      const word = recordWord(record, WATCHER);
      const watcher = Atomics.load(words, word);
      if (watcher === 0 || !this.#isGone(watcher)) continue;
      if (Atomics.compareExchange(words, word, watcher, this.#mark) !== watcher) continue;
      some = true;
      if (Atomics.load(words, recordWord(record, Record.STATE)) === ProcessState.LEAVING)
        this.#conclude(record, UNKNOWN_EXIT_CODE);
      else this.#finish(record, UNKNOWN_EXIT_CODE);
    }
    return some;
  }

  /** This isolate is the one that watches. */
  #watch(record: number): void {
    Atomics.store(this.#engine.words, recordWord(record, WATCHER), this.#mark);
  }

  /** Says, once, how a child has ended, and sets its record free. */
  #finish(record: number, exitCode: number): void {
    const { words } = this.#engine;
    const state = recordWord(record, Record.STATE);
    const seen = Atomics.load(words, state);
    if (seen !== ProcessState.LIVE && seen !== ProcessState.STARTING) return;
    if (Atomics.compareExchange(words, state, seen, ProcessState.LEAVING) !== seen) {
      this.#finish(record, exitCode);
      return;
    }
    this.#watch(record);
    this.#conclude(record, exitCode);
  }

  /** May be done again by another, when who does it ends in the middle. */
  #conclude(record: number, exitCode: number): void {
    const cell = this.retainHandle(record, Record.CELL);
    if (cell !== 0) {
      const status = this.#engine.look(cell, ProcessCell.STATUS);
      if (status !== ProcessStatus.FINISHED) this.#endCell(cell, exitCode);
      this.#engine.release(cell);
    }
    const started = this.retainHandle(record, Record.STARTED);
    if (started !== 0) {
      this.#engine.eventSet(started);
      this.#engine.release(started);
    }
    this.#vacate(record);
  }

  /** A process is known to have ended: who waits for that is told. */
  #endCell(cell: Handle, exitCode: number): void {
    this.#setCell(cell, ProcessCell.EXIT_CODE, exitCode);
    this.#setCell(cell, ProcessCell.STATUS, ProcessStatus.FINISHED);
    this.#engine.eventSet(cell);
  }

  /** Sets a record free, whose state keeps others off. */
  #vacate(record: number): void {
    const { words } = this.#engine;
    for (const word of HANDLES) {
      const handle = this.#underGuard(() => Atomics.exchange(words, recordWord(record, word), 0));
      if (handle !== 0) this.#engine.release(handle);
    }
    Atomics.store(words, recordWord(record, WATCHER), 0);
    Atomics.add(words, recordWord(record, Record.GENERATION), 1);
    Atomics.store(words, recordWord(record, Record.STATE), ProcessState.FREE);
  }

  #fill(record: number, { cell, commands, started, flags, name }: NewProcess): void {
    const { words } = this.#engine;
    words[recordWord(record, Record.FLAGS)] = flags;
    new Uint8Array(words.buffer).set(name, recordWord(record, Record.NAME) * 4);
    Atomics.store(words, recordWord(record, Record.NAME_LENGTH), name.length);
    this.#keep(record, Record.COMMANDS, commands);
    this.#keep(record, Record.STARTED, started);
    if (record !== 0) this.#keep(record, Record.CELL, cell);
  }

  #keep(record: number, word: number, handle: Handle): void {
    this.#engine.retain(handle);
    Atomics.store(this.#engine.words, recordWord(record, word), handle);
  }

  #setCell(cell: Handle, word: number, value: number): void {
    Atomics.store(wordsOf(this.#engine, cell), cell + word, value);
  }

  /** The handles of records are followed and taken away under one guard, which is held for a few instructions. */
  #underGuard(work: () => Handle): Handle {
    const { words } = this.#engine;
    for (let looks = 1; ; looks++) {
      const holder = Atomics.compareExchange(words, Header.APART_GUARD, 0, this.#mark);
      if (holder === 0) break;
      if (looks % GUARD_LOOKS !== 0) continue;
      // What it protects is whole whenever its holder dies.
      if (this.#isGone(holder)) Atomics.compareExchange(words, Header.APART_GUARD, holder, 0);
      else pause(1);
    }
    try {
      return work();
    } finally {
      Atomics.store(words, Header.APART_GUARD, 0);
    }
  }

  #markOf(slot: number): number {
    const generation = this.#engine.words[slotWord(slot, Slot.GENERATION)] as number;
    return (generation << SLOT_BITS) | (slot + 1);
  }

  #isGone(mark: number): boolean {
    const slot = (mark & SLOT_MASK) - 1;
    return mark !== this.#markOf(slot) || this.#engine.isGone(slot);
  }
}
