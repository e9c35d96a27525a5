/**
 * The guard: a lock of one word for short sections, as the layout describes it. A guard is never
 * held while a user's code runs, but its holder may be terminated: whoever waits long for one asks
 * whether that has happened.
 */
const SPINS = 100;
/** A guard is held for microseconds; after this long its holder is suspected to be dead. Milliseconds. */
const SUSPICIOUS_MS = 50;
const ACQUIRED = -1;

/**
 * Waits for a guard that the caller failed to get, and takes it: -1. Or the slot that has held it for
 * suspiciously long; at once, if it is the caller's own, which an exception made leave it.
 */
export function waitForGuard(words: Int32Array, guard: number, self: number): number {
  const mine = (self + 1) << 1;
  for (let i = 0; i < SPINS; i++) {
    if (Atomics.load(words, guard) === 0 && Atomics.compareExchange(words, guard, 0, mine) === 0) return ACQUIRED;
  }
  // Taken with the contended bit from now on: others may sleep beside us.
  for (;;) {
    const seen = Atomics.load(words, guard);
    if (seen === 0) {
      if (Atomics.compareExchange(words, guard, 0, mine | 1) === 0) return ACQUIRED;
      continue;
    }
    if (holderOf(seen) === self) return self;
    if ((seen & 1) === 0 && Atomics.compareExchange(words, guard, seen, seen | 1) !== seen) continue;
    if (Atomics.wait(words, guard, seen | 1, SUSPICIOUS_MS) === 'timed-out') return holderOf(seen);
  }
}

/** Slot of the holder of a guard word's value, -1 when it is free. */
export function holderOf(value: number): number {
  return (value >>> 1) - 1;
}

/** Says whether the isolate of a slot has ended. */
export type IsDead = (slot: number) => boolean;

/**
 * Takes a guard of the heap, the cells or the slots. What such a guard protects changes in one run of
 * statements (see `journal.ts`) and is whole whenever the holder dies, so its guard can just be freed.
 */
export function takeSimpleGuard(words: Int32Array, guard: number, self: number, isDead: IsDead): void {
  if (Atomics.compareExchange(words, guard, 0, (self + 1) << 1) === 0) return;
  for (;;) {
    const holder = waitForGuard(words, guard, self);
    if (holder === ACQUIRED) return;
    if (holder === self || isDead(holder)) freeGuardOf(words, guard, holder);
  }
}

/** Frees a guard if that slot holds it. */
export function freeGuardOf(words: Int32Array, guard: number, slot: number): void {
  const seen = Atomics.load(words, guard);
  if (holderOf(seen) !== slot) return;
  // Fails when a waiter sets the contended bit at this moment.
  if (Atomics.compareExchange(words, guard, seen, 0) === seen) Atomics.notify(words, guard, 1);
  else freeGuardOf(words, guard, slot);
}

export function freeSimpleGuard(words: Int32Array, guard: number): void {
  if ((Atomics.exchange(words, guard, 0) & 1) !== 0) Atomics.notify(words, guard, 1);
}
