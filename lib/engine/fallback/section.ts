/**
 * A guarded section: changes to one object and its waiters that happen as a whole or not at all.
 *
 *   lock(object)     takes the guard
 *   set(…)           changes a word and logs what it was
 *   grant(…)         names a waiter, no longer linked, that gets an outcome
 *   commit(…)        the section stands; it may change the state word, which fast paths race for, in
 *                    the same instant
 *   unlock()         commits, delivers the grants, frees the guard
 *
 * Invariants, by which `repair` can finish for a dead isolate what it had begun:
 *   - an isolate is in one section at most, and its journal says under which guard;
 *   - before the commit only logged words have changed, apart from words that nobody reads (of nodes
 *     not linked or being granted, and the unused part of a queue's body); after it nothing is undone;
 *   - PARKED in a state word may be wrong until the section ends, and is made right by the repair.
 */
import { Cell, Kind, Node } from '../../memory/layout.js';
import { deliver, ring } from './deliver.js';
import { holderOf, waitForGuard } from './guard.js';
import type { Heap } from './heap.js';
import { COMMITTED, JOURNAL_WORDS, Journal, NodePrivate } from './journal.js';

export class Section {
  readonly words: Int32Array;
  readonly journals: Int32Array;
  readonly self: number;
  /** Where this isolate's journal begins. */
  readonly base: number;
  readonly heap: Heap;
  readonly #mine: number;
  readonly #suspect: (slot: number) => void;
  #last = 0;

  constructor(words: Int32Array, journals: Int32Array, self: number, heap: Heap, suspect: (slot: number) => void) {
    this.words = words;
    this.journals = journals;
    this.self = self;
    this.base = self * JOURNAL_WORDS;
    this.heap = heap;
    this.#mine = (self + 1) << 1;
    this.#suspect = suspect;
  }

  lock(object: number): void {
    const guard = object + Cell.GUARD;
    this.journals[this.base + Journal.GUARD] = guard;
    if (Atomics.compareExchange(this.words, guard, 0, this.#mine) !== 0) this.#wait(guard);
    this.#last = 0;
  }

  #wait(guard: number): void {
    for (;;) {
      this.journals[this.base + Journal.GUARD] = guard;
      const holder = waitForGuard(this.words, guard, this.self);
      if (holder < 0) return;
      // It may be dead; then its slot is swept, in sections of ours.
      if (holder !== this.self) this.journals[this.base + Journal.GUARD] = 0;
      this.#suspect(holder);
    }
  }

  /** Changes a word of the control segment. */
  set(word: number, value: number): void {
    const { words, journals, base } = this;
    const count = journals[base + Journal.COUNT] as number;
    const entry = base + Journal.LOG + 2 * count;
    journals[entry] = word;
    journals[entry + 1] = words[word] as number;
    journals[base + Journal.COUNT] = count + 1;
    words[word] = value;
  }

  /** Changes a word of the heap. */
  setHeap(word: number, value: number): void {
    const { journals, base } = this;
    const words = this.heap.words;
    const count = journals[base + Journal.COUNT] as number;
    const entry = base + Journal.LOG + 2 * count;
    journals[entry] = ~word;
    journals[entry + 1] = words[word] as number;
    journals[base + Journal.COUNT] = count + 1;
    words[word] = value;
  }

  /** The node, which is in no list any more, gets that outcome when the section ends. */
  grant(node: number, outcome: number, value: number): void {
    const { words } = this;
    words[node + NodePrivate.OUTCOME] = outcome;
    words[node + Node.VALUE] = value;
    words[node + NodePrivate.CHAIN] = 0;
    if (this.#last === 0) this.journals[this.base + Journal.CHAIN] = node;
    else words[this.#last + NodePrivate.CHAIN] = node;
    this.#last = node;
  }

  /** Makes the section stand and stores the object's state in the same instant. */
  commitState(object: number, state: number): void {
    Atomics.store(this.words, object + Cell.STATE, state);
    this.journals[this.base + Journal.COUNT] = COMMITTED;
  }

  /** Makes the section stand and clears bits of the object's state in the same instant. */
  commitClear(object: number, bits: number): void {
    Atomics.and(this.words, object + Cell.STATE, ~bits);
    this.journals[this.base + Journal.COUNT] = COMMITTED;
  }

  /**
   * Makes the section stand; in the same instant the heap blocks that it took out of the object are
   * this isolate's (0: those that it put in are not any more), and a reservation is used up.
   */
  commitBlocks(payload: number, key: number, reservation: number): void {
    const { journals, base } = this;
    journals[base + Journal.PAYLOAD] = payload;
    journals[base + Journal.KEY] = key;
    if (reservation !== 0) journals[reservation] = 0;
    journals[base + Journal.COUNT] = COMMITTED;
  }

  /** Makes the section stand, and notes in the same instant that this isolate holds a reservation. */
  commitReservation(reservation: number, queue: number, what: number): void {
    const { journals, base } = this;
    if (reservation !== 0) {
      journals[reservation] = queue;
      journals[reservation + 1] = what + 1;
    }
    journals[base + Journal.COUNT] = COMMITTED;
  }

  unlock(): void {
    const { words, journals, base } = this;
    const guard = journals[base + Journal.GUARD] as number;
    if (this.#last !== 0) {
      journals[base + Journal.COUNT] = COMMITTED;
      deliver(words, journals, base, this.self);
    }
    journals[base + Journal.COUNT] = 0;
    // GUARD after the guard: a journal may name a guard that is not held, but not the other way round.
    const before = Atomics.exchange(words, guard, 0);
    journals[base + Journal.GUARD] = 0;
    if ((before & 1) !== 0) Atomics.notify(words, guard, 1);
  }

  /**
   * Ends the section in which the isolate of `slot` died, or in which this isolate threw: undoes it,
   * or goes on with it when it had been committed. Leaves this isolate in a section of its own on
   * the object and returns it, for `settle` and `unlock`; 0 when there is nothing to repair.
   */
  repair(slot: number): number {
    const { words, journals } = this;
    const base = slot * JOURNAL_WORDS;
    const guard = journals[base + Journal.GUARD] as number;
    if (guard === 0) return 0;
    if (holderOf(Atomics.load(words, guard)) !== slot) {
      // It died (or threw) while it waited for the guard.
      journals[base + Journal.GUARD] = 0;
      return 0;
    }
    const rung = journals[base + Journal.RING] as number;
    if (rung !== 0) ring(words, rung - 1);
    journals[base + Journal.RING] = 0;
    if (journals[base + Journal.COUNT] === COMMITTED) deliver(words, journals, base, this.self);
    else this.#undo(base);
    journals[base + Journal.CHAIN] = 0;
    journals[base + Journal.COUNT] = 0;
    this.#last = 0;
    const object = guard - Cell.GUARD;
    if (slot === this.self) return object;
    // From the dead slot's section into one of our own, without freeing the guard in between.
    for (;;) {
      const seen = Atomics.load(words, guard);
      journals[this.base + Journal.GUARD] = guard;
      if (Atomics.compareExchange(words, guard, seen, this.#mine | (seen & 1)) === seen) {
        journals[base + Journal.GUARD] = 0;
        return words[object + Cell.KIND] === Kind.FREE ? this.#leave() : object;
      }
    }
  }

  #leave(): number {
    this.unlock();
    return 0;
  }

  #undo(base: number): void {
    const { words, journals } = this;
    this.heap.refresh();
    for (let count = journals[base + Journal.COUNT] as number; count > 0; count--) {
      const entry = base + Journal.LOG + 2 * (count - 1);
      const word = journals[entry] as number;
      if (word >= 0) words[word] = journals[entry + 1] as number;
      else this.heap.words[~word] = journals[entry + 1] as number;
      journals[base + Journal.COUNT] = count - 1;
    }
  }
}
