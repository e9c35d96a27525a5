/**
 * Spinning for an event loop: for a short while after a wait began, a `setImmediate` turn looks at the
 * slot's ready stack before the loop goes to sleep, since waking it takes longer than many waits do.
 *
 * While the slot's POLLING word is 1, nobody rings the loop. What keeps a grant from being overlooked
 * at the end: the granter pushes the node, then reads POLLING; the poller clears POLLING, then reads
 * READY; both sequentially consistent, so one of the two sees the other.
 *
 * Polling pays only where waits are short. Each time it found nothing, more of the following waits go
 * without, and it is not tried when every core has a thread to run.
 */
import { Header, SLOTS_START, Slot, SlotState, WORDS_PER_SLOT } from '../memory/layout.js';
import { engine } from './select.js';

/** About what waking a sleeping loop takes. Microseconds. */
const DEFAULT_SPIN_US = 30;
const LONGEST_SPIN_US = 10_000;
/** One look after another before the loop gets to run timers and input again. Microseconds. */
const TURN_US = 20;
/** Looks at the ready word between two looks at the clock. */
const LOOKS = 64;
/** The most waits that go without after polling was in vain. */
const MOST_SKIPPED = 63;

const words = engine.words;

/** Known from the first wait on, for Node.js has not loaded `node:os` before. */
let cores = 0;
/** How long to poll, ms. */
let limit = 0;

function prepare(): void {
  cores = process.getBuiltinModule('node:os').availableParallelism();
  const text = process.env.HEDDLE_SPIN_US ?? '';
  const us = /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_SPIN_US) : DEFAULT_SPIN_US;
  // With one core, the thread waited for could not run meanwhile.
  limit = cores < 2 ? 0 : us / 1000;
}

const ownSlot = SLOTS_START + engine.self * WORDS_PER_SLOT;
const readyWord = ownSlot + Slot.READY;
const pollingWord = ownSlot + Slot.POLLING;

let polling = false;
/** When polling ends, of `performance.now()`. */
let end = 0;
/** Waits that go without polling from now on, and how many will after the next failure. */
let skip = 0;
let penalty = 0;
let settle: () => void = () => {};

/** True when another thread of the family for every core is neither blocked by us nor idle. */
function coresBusy(): boolean {
  const top = Atomics.load(words, Header.SLOTS_TOP);
  let busy = 0;
  for (let i = 0; i < top; i++) {
    const slot = SLOTS_START + i * WORDS_PER_SLOT;
    const runs =
      words[slot + Slot.STATE] === SlotState.LIVE &&
      words[slot + Slot.IDENT] !== 0 &&
      words[slot + Slot.WAITING_ON] === 0;
    if (runs && slot !== ownSlot && ++busy === cores) return true;
  }
  return false;
}

/** A wait of this loop has begun: polls for its end if that promises to be soon. `settleReady` takes what is ready. */
export function pollFor(settleReady: () => void): void {
  if (polling) return;
  if (cores === 0) prepare();
  if (limit === 0) return;
  if (skip > 0) {
    skip--;
    return;
  }
  if (coresBusy()) return;
  settle = settleReady;
  polling = true;
  end = performance.now() + limit;
  Atomics.store(words, pollingWord, 1);
  setImmediate(poll);
}

function poll(): void {
  const turnEnd = Math.min(end, performance.now() + TURN_US / 1000);
  do {
    for (let look = 0; look < LOOKS; look++) {
      if (Atomics.load(words, readyWord) !== 0) {
        penalty >>= 1;
        stop();
        return;
      }
    }
  } while (performance.now() < turnEnd);
  if (turnEnd < end) {
    setImmediate(poll);
    return;
  }
  penalty = Math.min(2 * penalty + 1, MOST_SKIPPED);
  skip = penalty;
  stop();
}

function stop(): void {
  polling = false;
  Atomics.store(words, pollingWord, 0);
  if (Atomics.load(words, readyWord) !== 0) settle();
}
