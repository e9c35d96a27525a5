/**
 * The end of shared objects: what the last reference takes with it. Objects to be destroyed wait in
 * a list linked by their state words, so that a chain of them, however long, needs no stack. An
 * isolate that dies while it destroys leaves the rest of its list behind, unused: the one loss that
 * termination can cause.
 */
import {
  Cell,
  Condition,
  Kind,
  Mutex,
  SharedArray,
  SLOTS_START,
  Slot,
  SlotState,
  Value,
  WORDS_PER_SLOT,
} from '../../memory/layout.js';
import { dropOwned, indexOf } from './cells.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { clearBody } from './queue-body.js';

/** Drops a reference; the last one destroys the object and whatever it holds. */
export function release(isolate: Isolate, object: number): void {
  if (Atomics.sub(isolate.words, object + Cell.REFS, 1) === 1) drop(isolate, object);
}

/** Drops this isolate's reference. */
export function disown(isolate: Isolate, object: number): void {
  const { words, self } = isolate;
  if (Atomics.load(words, object + Cell.KIND) === Kind.MUTEX) {
    const state = Atomics.load(words, object + Cell.STATE);
    const held = (state & Mutex.LOCKED) !== 0 && state >> Mutex.OWNER_SHIFT === self;
    // A mutex forgotten while it is held, and known to others, stays noted until its holder ends:
    // only so is it passed on then.
    if (
      held &&
      Atomics.load(words, object + Cell.REFS) > 1 &&
      words[SLOTS_START + self * WORDS_PER_SLOT + Slot.STATE] === SlotState.LIVE
    )
      return;
  }
  disownFor(isolate, self, object);
}

/** Drops the reference of an isolate, by itself or by who sweeps it. */
export function disownFor(isolate: Isolate, slot: number, object: number): void {
  if (dropOwned(isolate.words, slot, indexOf(object))) drop(isolate, object);
}

/** Destroys an object whose last reference is gone, and what that was the last to refer to. */
export function drop(isolate: Isolate, object: number): void {
  const { words } = isolate;
  let doomed = object;
  words[object + Cell.STATE] = 0;
  const doom = (referred: number): void => {
    if (Atomics.sub(words, referred + Cell.REFS, 1) !== 1) return;
    words[referred + Cell.STATE] = doomed;
    doomed = referred;
  };
  while (doomed !== 0) {
    const next = words[doomed + Cell.STATE] as number;
    const dying = doomed;
    doomed = next;
    destroy(isolate, dying, doom);
    isolate.cells.free(dying);
  }
}

function destroy(isolate: Isolate, object: number, doom: (referred: number) => void): void {
  const { words } = isolate;
  switch (words[object + Cell.KIND]) {
    case Kind.QUEUE:
      clearBody(isolate, object, doom);
      break;
    case Kind.CONDITION:
      doomWord(words, object + Condition.LOCK, doom);
      break;
    case Kind.VALUE:
      doomWord(words, object + Value.LOCK, doom);
      break;
    case Kind.ARRAY: {
      doomWord(words, object + SharedArray.LOCK, doom);
      const block = words[object + SharedArray.BLOCK] as number;
      if (block !== 0) isolate.heap.free(block, isolate.base + Journal.BODY);
      break;
    }
    default:
      break;
  }
}

function doomWord(words: Int32Array, word: number, doom: (referred: number) => void): void {
  const referred = words[word] as number;
  if (referred !== 0) doom(referred);
}
