/**
 * Which threads run: the THREAD words of the slots, changed and followed under one lock of the process,
 * so that a handle read there can be given a reference before its Thread finishes.
 */
import type { Handle } from '../engine/engine.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import { Header, Kind, Process, Slot, ThreadFlag, ThreadStatus, Thread as ThreadWord } from '../memory/layout.js';
import { Lock } from '../sync/lock.js';
import { liveSlots, readSlot, setOwnWord, writeName } from './slot.js';

const words = engine.words;
const registryWord = processWord(Process.REGISTRY);

/** The one lock, made by whoever is first. */
function registryLock(): Lock {
  if (Atomics.load(words, registryWord) === 0) {
    const mine = new Lock();
    mine._remember();
    // The record's reference.
    engine.retain(mine._handle);
    if (Atomics.compareExchange(words, registryWord, 0, mine._handle) === 0) return mine;
    engine.release(mine._handle);
  }
  const handle = Atomics.load(words, registryWord);
  engine.retain(handle);
  return reviveShared('Lock', handle, undefined) as Lock;
}

const lock = registryLock();

/** Enters a Thread as the one that runs in this isolate. */
export function enroll(thread: Handle, name: string): void {
  const flags = Atomics.load(wordsAt(thread), thread + ThreadWord.FLAGS);
  setOwnWord(Slot.IDENT, Atomics.load(wordsAt(thread), thread + ThreadWord.IDENT));
  setOwnWord(Slot.FLAGS, flags);
  writeName(engine.self, name);
  // The main thread's and a foreign worker's own names are theirs to choose.
  if ((flags & (ThreadFlag.MAIN | ThreadFlag.DUMMY)) === 0) engine.setThreadName(name);
  Atomics.store(wordsAt(thread), thread + ThreadWord.NATIVE_ID, engine.nativeThreadId());
  Atomics.store(wordsAt(thread), thread + ThreadWord.SLOT, engine.self + 1);
  Atomics.store(wordsAt(thread), thread + ThreadWord.STATUS, ThreadStatus.RUNNING);
  lock.withLockSync(() => setOwnWord(Slot.THREAD, thread));
}

/** Makes the cell of an isolate's Thread that is not started as one, and enters it. The reference is this isolate's. */
export function enter(name: string, flags: number): Handle {
  const handle = engine.create(Kind.THREAD);
  Atomics.store(wordsAt(handle), handle + ThreadWord.FLAGS, flags);
  Atomics.store(wordsAt(handle), handle + ThreadWord.IDENT, Atomics.add(words, Header.NEXT_IDENT, 1) + 1);
  enroll(handle, name);
  return handle;
}

/** Strikes out the Thread of this isolate: it has finished. */
export function dismiss(): void {
  lock.withLockSync(() => setOwnWord(Slot.THREAD, 0));
  setOwnWord(Slot.IDENT, 0);
}

export interface Running {
  readonly slot: number;
  /** Comes with a reference, to be adopted or released. */
  readonly thread: Handle;
}

/** The threads that run now, in the slots that `wanted` says. */
export function running(wanted: (slot: number) => boolean = () => true): Running[] {
  return lock.withLockSync(() => {
    const found: Running[] = [];
    for (const slot of liveSlots()) {
      const thread = readSlot(slot, Slot.THREAD);
      if (thread === 0 || !wanted(slot)) continue;
      engine.retain(thread);
      found.push({ slot, thread });
    }
    return found;
  });
}

/** True when this isolate, directly or through others, created the one in `slot`. */
export function isDescendant(slot: number): boolean {
  for (let at = readSlot(slot, Slot.PARENT); at !== 0; at = readSlot(at - 1, Slot.PARENT)) {
    if (at === engine.self + 1) return true;
  }
  return false;
}

export function isDaemon(slot: number): boolean {
  return (readSlot(slot, Slot.FLAGS) & ThreadFlag.DAEMON) !== 0;
}
