/** The queue: everything under its guard, each operation one section. */
import { Cell, Discipline, Kind, Outcome, Queue, WaiterMode } from '../../memory/layout.js';
import type { EncodedItem } from '../engine.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { link, putBackNode, takeNode } from './node.js';
import { accepts, pop, push, stageKey, storeKey } from './priority-order.js';
import { Body, bodyOf, Keyed, keyedEntry, reserveRoom, shrink } from './queue-body.js';
import { everyObject, loadEntry, stage, storeEntry, unstage, WORDS_PER_ENTRY } from './queue-item.js';
import { disown } from './references.js';
import { findReservation, freeReservation } from './reservations.js';
import { grantAll, grantFirst } from './wait-list.js';

const {
  COUNT,
  DISCIPLINE,
  GETTERS,
  JOINERS,
  MAX_SIZE,
  PUTTERS,
  RESERVED_ITEMS,
  RESERVED_PLACES,
  SHUT_DOWN,
  UNFINISHED,
} = Queue;
const PLACE = 0;
const ITEM = 1;
/** More than any queue holds. */
const MOST_ITEMS = 0x7fffffff;

// The looks below hold under the guard; without it they are a hint. Plain loads: the guard orders them.

function isShutDown(words: Int32Array, queue: number): boolean {
  return ((words[queue + Cell.STATE] as number) & SHUT_DOWN) !== 0;
}

/** Places that are neither taken nor reserved. */
function places(words: Int32Array, queue: number): number {
  const maxSize = words[queue + MAX_SIZE] as number;
  if (maxSize === 0) return MOST_ITEMS;
  return maxSize - (words[queue + COUNT] as number) - (words[queue + RESERVED_PLACES] as number);
}

/** Items that are not reserved. */
function items(words: Int32Array, queue: number): number {
  return (words[queue + COUNT] as number) - (words[queue + RESERVED_ITEMS] as number);
}

function grantPlaces(isolate: Isolate, queue: number): void {
  const { section, words } = isolate;
  if (words[queue + PUTTERS] === 0) return;
  const granted = grantFirst(section, queue + PUTTERS, places(words, queue), Outcome.GRANTED);
  if (granted > 0) section.set(queue + RESERVED_PLACES, (words[queue + RESERVED_PLACES] as number) + granted);
}

function grantItems(isolate: Isolate, queue: number): void {
  const { section, words } = isolate;
  if (words[queue + GETTERS] === 0) return;
  const granted = grantFirst(section, queue + GETTERS, items(words, queue), Outcome.GRANTED);
  if (granted > 0) section.set(queue + RESERVED_ITEMS, (words[queue + RESERVED_ITEMS] as number) + granted);
}

/** Uses up a reservation; a shutdown may have cancelled it. */
function useUp(isolate: Isolate, word: number): void {
  const reserved = isolate.words[word] as number;
  if (reserved > 0) isolate.section.set(word, reserved - 1);
}

export function queueInit(isolate: Isolate, queue: number, discipline: number, maxSize: number): void {
  isolate.words[queue + DISCIPLINE] = discipline;
  isolate.words[queue + MAX_SIZE] = maxSize;
}

export function queuePut(
  isolate: Isolate,
  queue: number,
  reserved: boolean,
  item: EncodedItem,
  key: Uint8Array | undefined,
): number {
  const { section, words } = isolate;
  // A look before a large payload is copied for nothing.
  if (!reserved && places(words, queue) <= 0 && !isShutDown(words, queue)) return Outcome.FULL;
  const keyed = words[queue + DISCIPLINE] === Discipline.PRIORITY ? (key ?? NO_KEY) : undefined;
  const staged = stage(isolate, item);
  const keyUnit = staged && keyed !== undefined ? stageKey(isolate, keyed) : 0;
  const reservation = reserved ? findReservation(isolate, queue, PLACE) : 0;

  section.lock(queue);
  let outcome: number = Outcome.OK;
  if (isShutDown(words, queue)) outcome = Outcome.SHUT_DOWN;
  else if (!reserved && places(words, queue) <= 0) outcome = Outcome.FULL;
  else if (!staged || keyUnit < 0 || !reserveRoom(isolate, queue)) outcome = Outcome.NO_MEMORY;
  else if (keyed === undefined) append(isolate, queue);
  else if (!insert(isolate, queue, keyed, keyUnit)) outcome = Outcome.INCOMPARABLE;

  if (reserved) useUp(isolate, queue + RESERVED_PLACES);
  if (outcome === Outcome.OK) {
    section.set(queue + COUNT, (words[queue + COUNT] as number) + 1);
    section.set(queue + UNFINISHED, (words[queue + UNFINISHED] as number) + 1);
    grantItems(isolate, queue);
    section.commitBlocks(0, 0, reservation);
    section.unlock();
    return outcome;
  }
  // The place that was reserved is free for the next; the blocks are still ours.
  if (reserved) grantPlaces(isolate, queue);
  section.commitBlocks(isolate.item.unit, Math.max(0, keyUnit), reservation);
  section.unlock();
  if (isolate.item.unit !== 0) isolate.heap.free(isolate.item.unit, isolate.base + Journal.PAYLOAD);
  if (keyUnit > 0) isolate.heap.free(keyUnit, isolate.base + Journal.KEY);
  return outcome;
}

const NO_KEY = new Uint8Array(0);

/** Writes the staged item behind the last one; it counts once COUNT does. */
function append(isolate: Isolate, queue: number): void {
  const body = bodyOf(isolate, queue);
  const { words } = isolate.heap;
  const mask = (words[body] as number) - 1;
  const index = ((words[body + Body.HEAD] as number) + (isolate.words[queue + COUNT] as number)) & mask;
  storeEntry(words, body + Body.ENTRIES + index * WORDS_PER_ENTRY, isolate.item);
}

/** Writes the staged item with its key and orders it; false when its key cannot be compared. */
function insert(isolate: Isolate, queue: number, key: Uint8Array, keyUnit: number): boolean {
  const body = bodyOf(isolate, queue);
  const { words } = isolate.heap;
  const count = isolate.words[queue + COUNT] as number;
  const entry = keyedEntry(words, body, words[body + Body.ENTRIES + count] as number);
  storeEntry(words, entry, isolate.item);
  storeKey(isolate, body, entry, key, keyUnit);
  if (!accepts(isolate, body, count, entry)) return false;
  push(isolate, body, count);
  return true;
}

/**
 * Takes the item that is next. `mayTake`: is asked of each object in it, under the guard; if one may not be taken, the item
 * stays where it is, a reservation is given back, and the outcome is MISUSE.
 */
export function queueTake(
  isolate: Isolate,
  queue: number,
  reserved: boolean,
  mayTake?: (handle: number) => boolean,
): number | string | Uint8Array | undefined {
  const { heap, out, section, words } = isolate;
  // Empty at this moment, whatever is reserved; the guard would not make it truer.
  if (!reserved && words[queue + COUNT] === 0 && !isShutDown(words, queue)) {
    out[0] = -Outcome.EMPTY;
    return undefined;
  }
  const reservation = reserved ? findReservation(isolate, queue, ITEM) : 0;
  section.lock(queue);
  const count = words[queue + COUNT] as number;
  if (reserved ? count === 0 : items(words, queue) <= 0) {
    out[0] = isShutDown(words, queue) ? -Outcome.SHUT_DOWN : -Outcome.EMPTY;
    section.commitBlocks(0, 0, reservation);
    section.unlock();
    return undefined;
  }
  shrink(isolate, queue, bodyOf(isolate, queue), count);
  const body = bodyOf(isolate, queue);
  if (reserved) useUp(isolate, queue + RESERVED_ITEMS);
  if (mayTake !== undefined && !everyObject(isolate, nextEntry(isolate, queue, body, count), mayTake)) {
    out[0] = -Outcome.MISUSE;
    grantItems(isolate, queue);
    section.commitBlocks(0, 0, reservation);
    section.unlock();
    return undefined;
  }
  const keyUnit = remove(isolate, queue, body, count);
  section.set(queue + COUNT, count - 1);
  grantPlaces(isolate, queue);
  section.commitBlocks(isolate.item.unit, keyUnit, reservation);
  section.unlock();
  if (keyUnit !== 0) heap.free(keyUnit, isolate.base + Journal.KEY);
  return unstage(isolate);
}

/** Where the entry of the item that is next begins. */
function nextEntry(isolate: Isolate, queue: number, body: number, count: number): number {
  const { words } = isolate.heap;
  switch (isolate.words[queue + DISCIPLINE]) {
    case Discipline.PRIORITY:
      return keyedEntry(words, body, words[body + Body.ENTRIES] as number);
    case Discipline.LIFO: {
      const index = ((words[body + Body.HEAD] as number) + count - 1) & ((words[body] as number) - 1);
      return body + Body.ENTRIES + index * WORDS_PER_ENTRY;
    }
    default:
      return body + Body.ENTRIES + (words[body + Body.HEAD] as number) * WORDS_PER_ENTRY;
  }
}

/** Stages the item that is next and takes it out of the body; the unit of its key's block, or 0. */
function remove(isolate: Isolate, queue: number, body: number, count: number): number {
  const { item, section } = isolate;
  const { words } = isolate.heap;
  const entry = nextEntry(isolate, queue, body, count);
  loadEntry(words, entry, item);
  switch (isolate.words[queue + DISCIPLINE]) {
    case Discipline.PRIORITY:
      pop(isolate, body, count);
      return words[entry + Keyed.UNIT] as number;
    case Discipline.LIFO:
      return 0;
    default:
      section.setHeap(body + Body.HEAD, ((words[body + Body.HEAD] as number) + 1) & ((words[body] as number) - 1));
      return 0;
  }
}

/** Spins until a place or an item seems to be there, or the queue is shut down. */
function spin(isolate: Isolate, queue: number, what: number): void {
  const { spinner, words } = isolate;
  const { looks } = spinner;
  for (let look = 0; look < looks; look++) {
    // Atomic, so that each look is a look: COUNT changes with every item.
    Atomics.load(words, queue + COUNT);
    if ((what === ITEM ? items(words, queue) : places(words, queue)) > 0 || isShutDown(words, queue)) {
      spinner.succeeded();
      return;
    }
  }
  spinner.failed();
}

/** Reserves at once, or waits to be granted a reservation. */
function awaitReservation(isolate: Isolate, queue: number, what: number, mode: number, timeout: number): number {
  const { section, words } = isolate;
  if (mode === WaiterMode.THREAD && timeout !== 0) spin(isolate, queue, what);
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  const reservation = freeReservation(isolate);
  const word = queue + (what === ITEM ? RESERVED_ITEMS : RESERVED_PLACES);
  let outcome: number;
  section.lock(queue);
  const shutDown = isShutDown(words, queue);
  if (shutDown && what === PLACE) {
    outcome = Outcome.SHUT_DOWN;
  } else if ((what === ITEM ? items(words, queue) : places(words, queue)) > 0) {
    section.set(word, (words[word] as number) + 1);
    section.commitReservation(reservation, queue, what);
    outcome = Outcome.GRANTED;
  } else if (shutDown) {
    outcome = Outcome.SHUT_DOWN;
  } else if (timeout === 0) {
    outcome = Outcome.TIMED_OUT;
  } else {
    link(isolate, queue, what === ITEM ? GETTERS : PUTTERS, node, mode, 0);
    section.unlock();
    return node;
  }
  section.unlock();
  putBackNode(isolate, node);
  return outcome;
}

export function queueAwaitPlace(isolate: Isolate, queue: number, mode: number, timeout: number): number {
  return awaitReservation(isolate, queue, PLACE, mode, timeout);
}

export function queueAwaitItem(isolate: Isolate, queue: number, mode: number, timeout: number): number {
  return awaitReservation(isolate, queue, ITEM, mode, timeout);
}

export function queueUnreserve(isolate: Isolate, queue: number, what: number): void {
  giveBack(isolate, queue, what, findReservation(isolate, queue, what));
}

/** Gives back a reservation, noted at `reservation` of this isolate's journal or not at all (0). */
export function giveBack(isolate: Isolate, queue: number, what: number, reservation: number): void {
  const { section } = isolate;
  section.lock(queue);
  if (what === ITEM) {
    useUp(isolate, queue + RESERVED_ITEMS);
    grantItems(isolate, queue);
  } else {
    useUp(isolate, queue + RESERVED_PLACES);
    grantPlaces(isolate, queue);
  }
  section.commitBlocks(0, 0, reservation);
  section.unlock();
}

export function queueTaskDone(isolate: Isolate, queue: number): number {
  const { section, words } = isolate;
  section.lock(queue);
  const unfinished = words[queue + UNFINISHED] as number;
  if (unfinished > 0) {
    section.set(queue + UNFINISHED, unfinished - 1);
    if (unfinished === 1) grantAll(section, queue + JOINERS, Outcome.GRANTED);
  }
  section.unlock();
  return unfinished > 0 ? Outcome.OK : Outcome.MISUSE;
}

export function queueJoin(isolate: Isolate, queue: number, mode: number, timeout: number): number {
  const { section, words } = isolate;
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  let outcome: number;
  section.lock(queue);
  if (words[queue + UNFINISHED] === 0) {
    outcome = Outcome.GRANTED;
  } else if (timeout === 0) {
    outcome = Outcome.TIMED_OUT;
  } else {
    link(isolate, queue, JOINERS, node, mode, 0);
    section.unlock();
    return node;
  }
  section.unlock();
  putBackNode(isolate, node);
  return outcome;
}

/** False, with nothing changed, when there is no cell for the queue to which the dropped items move. */
export function queueShutdown(isolate: Isolate, queue: number, immediate: boolean): boolean {
  const grave = immediate ? isolate.cells.create(Kind.QUEUE) : 0;
  if (immediate && grave === 0) return false;
  shutDown(isolate, queue, grave);
  if (immediate) disown(isolate, grave);
  return true;
}

/**
 * Items that are dropped move, body and all, to `grave`, a queue that nobody knows, whose end, which the caller
 * brings about, is theirs. 0: no items are dropped.
 */
export function shutDown(isolate: Isolate, queue: number, grave: number): void {
  const { section, words } = isolate;
  const immediate = grave !== 0;
  section.lock(queue);
  section.set(
    queue + Cell.STATE,
    immediate ? SHUT_DOWN | Queue.DROPS_ITEMS : (words[queue + Cell.STATE] as number) | SHUT_DOWN,
  );
  if (immediate) {
    const count = words[queue + COUNT] as number;
    section.set(grave + DISCIPLINE, words[queue + DISCIPLINE] as number);
    section.set(grave + Queue.BODY, words[queue + Queue.BODY] as number);
    section.set(grave + COUNT, count);
    section.set(queue + Queue.BODY, 0);
    section.set(queue + COUNT, 0);
    section.set(queue + RESERVED_ITEMS, 0);
    const unfinished = Math.max(0, (words[queue + UNFINISHED] as number) - count);
    section.set(queue + UNFINISHED, unfinished);
    if (unfinished === 0) grantAll(section, queue + JOINERS, Outcome.GRANTED);
  }
  grantAll(section, queue + PUTTERS, Outcome.SHUT_DOWN);
  // Getters are linked only while nothing is there for them.
  grantAll(section, queue + GETTERS, Outcome.SHUT_DOWN);
  section.unlock();
}

export function queueResize(isolate: Isolate, queue: number, maxSize: number): void {
  const { section } = isolate;
  section.lock(queue);
  section.set(queue + MAX_SIZE, maxSize);
  grantPlaces(isolate, queue);
  section.unlock();
}
