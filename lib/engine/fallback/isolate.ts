/** This isolate as the parts of the fallback see it: its views of the arena, its slot, and what it keeps for itself. */
import type { Arena } from './arena.js';
import { Cells } from './cells.js';
import type { IsDead } from './guard.js';
import { Heap } from './heap.js';
import { JOURNAL_WORDS } from './journal.js';
import { StagedItem } from './queue-item.js';
import { Section } from './section.js';
import { Spinner } from './spin.js';

const SCRATCH_BYTES = 16384;

export class Isolate {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly doubles: Float64Array<SharedArrayBuffer>;
  readonly journals: Int32Array<SharedArrayBuffer>;
  readonly self: number;
  /** Where this isolate's journal begins. */
  readonly base: number;
  readonly heap: Heap;
  readonly cells: Cells;
  readonly section: Section;
  readonly spinner = new Spinner();
  /** Results beside an Outcome. */
  readonly out = new Int32Array(4);
  readonly scratch = new Uint8Array(SCRATCH_BYTES);
  readonly item = new StagedItem();
  /** The node that the last `wait` came back from without an outcome, 0 for none, and when its wait began. */
  blockedOn = 0;
  blockedSince = 0;
  /** Nodes taken off the ready stack and not yet drained, oldest first. */
  backlog = 0;
  /** Nodes that the drain before returned, linked as on the stack. */
  drained = 0;
  /** A waiter node kept for the next wait, 0 for none. */
  spareNode = 0;

  /** `suspect`: is told the slot that has held an object's guard for long. */
  constructor(arena: Arena, self: number, isDead: IsDead, suspect: (slot: number) => void) {
    this.words = new Int32Array(arena.control);
    this.doubles = new Float64Array(arena.control);
    this.journals = new Int32Array(arena.journals);
    this.self = self;
    this.base = self * JOURNAL_WORDS;
    this.heap = new Heap(arena.heap, this.journals, self, isDead);
    this.cells = new Cells(this.words, this.journals, self, isDead);
    this.section = new Section(this.words, this.journals, self, this.heap, suspect);
  }
}
