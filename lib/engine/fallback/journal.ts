/**
 * The journal of an isolate: enough about what it is in the middle of for others to clean up after
 * it. terminate() ends an isolate at any moment at which V8 looks for interrupts, and no `finally`
 * runs. V8 looks on entering a function, most built-in ones included, and at the end of a loop's body.
 * So
 *
 *   - words that must change together change in one *run*: plain loads, stores and arithmetic, which
 *     nothing interrupts. A run may begin with an atomic operation, since V8 looks before its effect
 *     and not after, but have no other. `Atomics.notify` is written in C++, where V8 does not look, and
 *     may stand anywhere (measured: 300 terminations each on Node 20, 22 and 26);
 *   - what does not fit a run is done under an object's guard, each change logged first and undone
 *     when the isolate dies (or overflows its stack) before it has committed: see `section.ts`.
 *
 * Words of a journal are the isolate's own: others read them only when it is dead.
 */
export const JOURNAL_WORDS = 512;

export const Journal = {
  /** Word of the guard that the isolate holds or is about to take; 0 for none. */
  GUARD: 0,
  /** Entries in the log; COMMITTED once the section stands and its grants are being delivered. */
  COUNT: 1,
  /** First of the nodes whose grants are still to be delivered, linked by NodePrivate.CHAIN. */
  CHAIN: 2,
  /** Heap blocks that are on their way into a queue or out of it. */
  PAYLOAD: 3,
  BODY: 4,
  KEY: 5,
  /** Slot + 1 of the isolate that sweeps this slot; written by the sweeper. */
  SWEEPER: 6,
  /** threadId of worker_threads, plus 1. */
  THREAD_ID: 7,
  /** First of the objects that are being destroyed, linked by their state words. */
  DOOMED: 8,
  /** Slot + 1 whose loop is about to be rung. */
  RING: 9,
  /** 1 once the slot is counted in SLOTS_LIVE. */
  COUNTED: 10,
  /** Reservations of queues that were granted and not yet used: pairs (handle, what + 1). */
  RESERVATIONS: 12,
  RESERVATIONS_END: 12 + 2 * 72,
  /** The log: pairs (word, what it was). A word of the heap is written as its complement. */
  LOG: 160,
} as const;

export const COMMITTED = -1;

/** Words of a waiter node that only the fallback uses. */
export const NodePrivate = {
  /** The outcome a node is about to be given. */
  OUTCOME: 11,
  /** Next node of the chain to be delivered. */
  CHAIN: 14,
} as const;
