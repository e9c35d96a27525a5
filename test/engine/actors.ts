/** Isolates of the fallback that do one thing after the other in this thread, and may die in the middle of any. */
import { expect } from 'vitest';
import type { Isolate } from '#dist/engine/fallback/isolate.js';
import { Node, NodeState, SLOTS_START, Slot, WORDS_PER_SLOT } from '#dist/memory/layout.js';
// @ts-expect-error: plain JavaScript, which Node loads as it is
import { fallbackWithPoints } from './fixtures/points.mjs';
import { engine, FIRST_TICKET, Outcome, THREAD } from './harness.js';

const { words } = engine;
// Looks of a spin are points too, and all alike.
process.env.HEDDLE_SPIN_US = '0';
export const fallback =
  engine.name === 'fallback'
    ? await fallbackWithPoints(
        'arena barrier condition deliver event isolate mutex node queue references semaphore slots sweep waiter'.split(
          ' ',
        ),
      )
    : undefined;

export type Random = (below: number) => number;
export function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

function slotWord(slot: number, word: number): number {
  return SLOTS_START + slot * WORDS_PER_SLOT + word;
}

/** The dead that nobody has swept. */
export const dead = new Set<number>();

export function sweepBy(isolate: Isolate, slot: number): void {
  fallback.sweep(isolate, slot, words[slotWord(slot, Slot.GENERATION)]);
  dead.delete(slot);
}

/** Whether the wait of that ticket has an outcome. */
export function isOver(ticket: number): boolean {
  return fallback.isOutcome(words[ticket + Node.STATE]);
}

/** An isolate, and what it knows that it has. */
export class Actor {
  readonly isolate: Isolate;
  readonly ready = new Int32Array(3 * 64);
  alive = true;
  /** The ticket that its thread waits with, 0 for none. */
  blocked = 0;
  readonly promises = new Set<number>();
  /** A mutex, or the action of a barrier. */
  holds = false;
  permits = 0;
  items = 0;
  places = 0;

  constructor() {
    const arena = fallback.openArena();
    const slot = fallback.claimSlot(words, new Int32Array(arena.journals), 0);
    const suspect = (other: number) => {
      if (other === slot) fallback.repair(this.isolate, slot);
      else if (dead.has(other)) sweepBy(this.isolate, other);
    };
    this.isolate = new fallback.Isolate(arena, slot, (other: number) => dead.has(other), suspect);
  }

  get slot(): number {
    return this.isolate.self;
  }

  get generation(): number {
    return words[slotWord(this.slot, Slot.GENERATION)]!;
  }

  get tickets(): number[] {
    return this.blocked === 0 ? [...this.promises] : [this.blocked, ...this.promises];
  }

  /** Holds a reference from now on. */
  attachTo(object: Subject): void {
    engine.retain(object.handle);
    this.isolate.cells.adopt(object.handle);
  }

  die(): void {
    this.alive = false;
    dead.add(this.slot);
  }

  /** Notes what a begin came to. */
  begun(outcome: number, mode: number, granted: () => void): void {
    if (outcome === Outcome.GRANTED || outcome === Outcome.LAST) granted();
    else if (outcome >= FIRST_TICKET && mode === THREAD) this.blocked = outcome;
    else if (outcome >= FIRST_TICKET) this.promises.add(outcome);
  }

  /** What a thread does that wakes up: looks, and goes back to sleep. */
  look(object: Subject): void {
    const node = this.blocked;
    const list = words[node + Node.LIST]!;
    let state = Atomics.load(words, node + Node.STATE);
    if (state === NodeState.RETRY) {
      if (!fallback.mutexRetry(this.isolate, object.handle, node)) return;
      state = Outcome.GRANTED;
    }
    if (!fallback.isOutcome(state)) {
      Atomics.compareExchange(words, node + Node.STATE, NodeState.WAITING, NodeState.ASLEEP);
      return;
    }
    fallback.collect(this.isolate, node, state);
    this.blocked = 0;
    if (state === Outcome.GRANTED || state === Outcome.LAST) object.granted(this, list, state);
  }

  drain(object: Subject): void {
    const lists = new Map([...this.promises].map((node) => [node, words[node + Node.LIST]!]));
    const count = fallback.drain(this.isolate, this.ready);
    for (let i = 0; i < count; i++) {
      const [node, outcome] = [this.ready[3 * i]!, this.ready[3 * i + 1]!];
      expect(this.promises.delete(node)).toBe(true);
      if (outcome === Outcome.GRANTED || outcome === Outcome.LAST) object.granted(this, lists.get(node)!, outcome);
    }
  }

  cancel(object: Subject, ticket: number): void {
    const list = words[ticket + Node.LIST]!;
    const outcome = fallback.cancel(this.isolate, ticket);
    if (ticket === this.blocked) this.blocked = 0;
    this.promises.delete(ticket);
    if (outcome === Outcome.GRANTED || outcome === Outcome.LAST) object.granted(this, list, outcome);
  }
}

/** A kind of object: what one does with it, and what must be true of it. */
export interface Subject {
  readonly handle: number;
  readonly lists: readonly number[];
  /** One step of an actor who is not blocked. */
  act(actor: Actor, random: Random): void;
  granted(actor: Actor, list: number, outcome: number): void;
  /** An actor has died; `looked` if it was finding out what it was granted. */
  died?(actor: Actor, looked: number): void;
  check(linked: ReadonlyMap<number, readonly number[]>, actors: readonly Actor[]): void;
}
