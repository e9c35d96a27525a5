/**
 * The end of the process that made an executor, as clients in other processes see it: its workers end with it, and
 * so does whatever they were to run.
 */
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { unwatch, watch } from '../engine/wait.js';
import {
  FIRST_TICKET,
  Process,
  SLOT_RECORD_MASK,
  SLOTS_START,
  Slot,
  WaiterMode,
  WORDS_PER_SLOT,
} from '../memory/layout.js';
import { Board, isAttached } from './board.js';

export class OwnerWatch {
  readonly #board: Int32Array;
  #ticket = 0;
  #cell = 0;

  /** @param ended Called once, from the event loop, when the owner's process has ended. */
  constructor(board: Int32Array, ended: () => void) {
    this.#board = board;
    const { processes } = engine;
    const slot = (board[Board.OWNER_SLOT] as number) - 1;
    const process = Atomics.load(engine.words, SLOTS_START + slot * WORDS_PER_SLOT + Slot.PROCESS);
    const record = (process & SLOT_RECORD_MASK) - 1;
    // Threads of one process end together.
    if (processes === undefined || record === engine.process) return;
    const generation = record < 0 ? 0 : Atomics.load(engine.words, processWord(Process.GENERATION, record));
    const cell = record < 0 ? 0 : processes.retainHandle(record, Process.CELL);
    const begun = cell === 0 ? 0 : engine.eventWait(cell, WaiterMode.LOOP, -1);
    const isOwners =
      this.#isThere && Atomics.load(engine.words, processWord(Process.GENERATION, record)) === generation;
    if (begun >= FIRST_TICKET && isOwners) {
      this.#ticket = begun;
      this.#cell = cell;
      watch(begun, () => {
        this.#giveUp();
        ended();
      });
      return;
    }
    // It has ended already.
    if (begun >= FIRST_TICKET) engine.cancel(begun);
    if (cell !== 0) engine.release(cell);
    setImmediate(ended).unref();
  }

  /** For a thread that is blocked, and is called back by nobody. */
  get hasEnded(): boolean {
    return this.#cell !== 0 && !this.#isThere;
  }

  get #isThere(): boolean {
    return isAttached(this.#board[Board.OWNER_SLOT] as number, this.#board[Board.OWNER_GENERATION] as number);
  }

  #giveUp(): void {
    this.#ticket = 0;
    if (this.#cell !== 0) engine.release(this.#cell);
    this.#cell = 0;
  }

  close(): void {
    if (this.#ticket !== 0) unwatch(this.#ticket);
    this.#giveUp();
  }
}
