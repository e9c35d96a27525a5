/** Slots: how an isolate gets one, and whether the thread behind one is still there. */
import { existsSync, readlinkSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { ArenaExhaustedError } from '../../errors.js';
import { Header, MAX_SLOTS, Slot, SlotState } from '../../memory/layout.js';
import { isDenied } from '../denied.js';
import { raise } from '../raise.js';
import { slotWord } from '../slot-word.js';
import { JOURNAL_WORDS, Journal } from './journal.js';

/** Identifier of this OS thread where the system tells it to a program without native code (Linux), else 0. */
function systemThreadId(): number {
  if (process.platform !== 'linux') return 0;
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch (error) {
    // No /proc, or none for us (a sandbox, --permission): as on other systems.
    if (!isDenied(error)) throw error;
    return 0;
  }
}

/** Whether the system says which threads there are. */
const SYSTEM_TID = systemThreadId();

/** A number of this OS thread: the system's own where it is to be had, else one that no other thread of the process has. */
export const nativeTid: number = SYSTEM_TID !== 0 ? SYSTEM_TID : process.pid + threadId;

/** True when the thread behind a slot has certainly ended. Says false where the system does not tell. */
export function isGone(words: Int32Array, slot: number): boolean {
  if (SYSTEM_TID === 0) return false;
  const tid = Atomics.load(words, slotWord(slot, Slot.NATIVE_TID));
  return tid !== 0 && !existsSync(`/proc/self/task/${tid}`) && existsSync(`/proc/self/task/${SYSTEM_TID}`);
}

/** Takes a free slot for this isolate. */
export function claimSlot(words: Int32Array, journals: Int32Array, parent: number): number {
  const { pid } = process;
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const at = slotWord(slot, 0);
    if (Atomics.load(words, at + Slot.STATE) !== SlotState.FREE) continue;
    const journal = slot * JOURNAL_WORDS;
    const before = Atomics.compareExchange(words, at + Slot.STATE, SlotState.FREE, SlotState.LIVE);
    if (before !== SlotState.FREE) continue;
    // One run with the exchange (see `journal.ts`): a slot is never taken without a name. Its generation
    // was counted when it became free, lest a late sweep of the isolate before take it for that one.
    words[at + Slot.PID] = pid;
    words[at + Slot.NATIVE_TID] = nativeTid;
    words[at + Slot.PARENT] = parent;
    words[at + Slot.PROCESS] = 1;
    journals[journal + Journal.THREAD_ID] = threadId + 1;
    Atomics.add(words, Header.SLOTS_LIVE, 1);
    journals[journal + Journal.COUNTED] = 1;
    raise(words, Header.SLOTS_TOP, slot + 1);
    return slot;
  }
  throw new ArenaExhaustedError(`all ${MAX_SLOTS} slots of the arena are taken: that many threads are attached`);
}
