/**
 * References, and the end of shared objects. Objects whose last reference is gone wait to be destroyed
 * in a list that the journal holds, linked by their state words: a chain of them, however long, needs
 * no stack, and if their isolate dies in the middle the sweep goes on where it stopped. Each step
 * therefore takes what it destroys out of the object in the same run in which it becomes the journal's.
 */
import {
  Cell,
  Condition,
  Kind,
  Mutex,
  PipeEnd,
  PROXY,
  ProxyWord,
  SharedArray,
  SLOTS_START,
  Slot,
  SlotState,
  Value,
  WORDS_PER_SLOT,
} from '../../memory/layout.js';
import { kindOf, partWords } from '../proxies/proxy.js';
import { dropReference, referenceMask, referenceWord } from './cells.js';
import { ring } from './deliver.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { shutDown } from './queue.js';
import { clearBody } from './queue-body.js';

/** Destroys the objects that the journal at `base` names, and what they were the last to refer to. */
export function destroyDoomed(isolate: Isolate, base: number): void {
  const { journals } = isolate;
  for (;;) {
    const object = journals[base + Journal.DOOMED] as number;
    if (object === 0) return;
    destroy(isolate, base, object);
    isolate.cells.free(object, base + Journal.DOOMED);
  }
}

function destroy(isolate: Isolate, base: number, object: number): void {
  const { words } = isolate;
  switch (words[object + Cell.KIND]) {
    case Kind.QUEUE:
      clearBody(isolate, base, object);
      break;
    case Kind.CONDITION:
      dropWord(isolate, base, object + Condition.LOCK);
      break;
    case Kind.VALUE:
      dropWord(isolate, base, object + Value.LOCK);
      break;
    case Kind.ARRAY:
      dropWord(isolate, base, object + SharedArray.LOCK);
      freeBlock(isolate, base, object + SharedArray.BLOCK);
      break;
    case Kind.PIPE_END:
      hangUp(isolate, base, object + PipeEnd.OUTGOING, false);
      hangUp(isolate, base, object + PipeEnd.INCOMING, true);
      break;
    default:
      if ((words[object] as number) >= PROXY) destroyProxy(isolate, base, object);
      break;
  }
}

/** The object itself stays: its owner hears of it from the broker. */
function destroyProxy(isolate: Isolate, base: number, proxy: number): void {
  dropWord(isolate, base, proxy + ProxyWord.REQUESTS);
  for (const word of partWords(kindOf(isolate.words, proxy))) dropWord(isolate, base, proxy + word);
}

/**
 * Nobody holds this end of a pipe any more: who is at the other end comes to know it by its queue. Done twice when it is
 * interrupted before the word is cleared, which makes no difference.
 */
function hangUp(isolate: Isolate, base: number, word: number, dropsItems: boolean): void {
  const { cells, journals, self, words } = isolate;
  const queue = words[word] as number;
  if (queue === 0) return;
  // Without a cell for it the items stay until the queue itself ends.
  const grave = dropsItems ? cells.create(Kind.QUEUE) : 0;
  shutDown(isolate, queue, grave);
  // References are dropped where nobody looks for grants to the own loop, by the garbage collector's callbacks for one.
  if (words[SLOTS_START + self * WORDS_PER_SLOT + Slot.READY] !== 0) ring(words, self);
  if (grave !== 0) {
    // Joins the doomed, among whom the end is; it must not be destroyed here, inside of their destruction.
    const reference = referenceWord(self, grave);
    const others = (words[reference] as number) & ~referenceMask(grave);
    dropReference(words, journals, base, grave, words, reference, others, 0, 0);
  }
  dropWord(isolate, base, word);
}

function dropWord(isolate: Isolate, base: number, word: number): void {
  const referred = isolate.words[word] as number;
  if (referred !== 0) dropReference(isolate.words, isolate.journals, base, referred, isolate.words, word, 0, 0, 0);
}

function freeBlock(isolate: Isolate, base: number, word: number): void {
  const { heap, journals, words } = isolate;
  const unit = words[word] as number;
  if (unit === 0) return;
  words[word] = 0;
  journals[base + Journal.BODY] = unit;
  heap.free(unit, base + Journal.BODY);
}

/** Drops a reference that belongs to a message or another object; the last one destroys the object and whatever it holds. */
export function release(isolate: Isolate, object: number): void {
  const { base, journals, words } = isolate;
  dropReference(words, journals, base, object, words, -1, 0, 0, 0);
  if (journals[base + Journal.DOOMED] !== 0) destroyDoomed(isolate, base);
}

/** Drops this isolate's reference. */
export function disown(isolate: Isolate, object: number): void {
  const { words, self } = isolate;
  if (Atomics.load(words, object + Cell.KIND) === Kind.MUTEX) {
    const state = Atomics.load(words, object + Cell.STATE);
    const held = (state & Mutex.LOCKED) !== 0 && state >> Mutex.OWNER_SHIFT === self;
    // A mutex forgotten while it is held, and known to others, stays noted until its holder ends:
    // only so is it passed on then.
    const live = words[SLOTS_START + self * WORDS_PER_SLOT + Slot.STATE] === SlotState.LIVE;
    if (held && live && Atomics.load(words, object + Cell.REFS) > 1) return;
  }
  disownFor(isolate, self, object);
}

/** Drops the reference of an isolate, by itself or by who sweeps it. */
export function disownFor(isolate: Isolate, slot: number, object: number): void {
  const { base, journals, words } = isolate;
  const word = referenceWord(slot, object);
  const mask = referenceMask(object);
  const bits = words[word] as number;
  if ((bits & mask) === 0) return;
  dropReference(words, journals, base, object, words, word, bits & ~mask, 0, 0);
  if (journals[base + Journal.DOOMED] !== 0) destroyDoomed(isolate, base);
}
