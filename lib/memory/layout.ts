/**
 * The layout of the control segment: the source of truth for every offset, kind, state and outcome
 * that TypeScript and C++ share. `scripts/gen-layout.mjs` writes `native/core/layout.h` from it.
 *
 * The control segment is an array of 32-bit words that every isolate of a family maps:
 *
 *   header │ processes │ slots (one per attached isolate) │ first rings │ cells │ rings │ journals │ reference bitmaps (one per slot)
 *
 * A *cell* is 64 bytes (16 words, one cache line) and holds either a shared object or a waiter node.
 * A *handle* is the word index of a cell, so `words[handle + Cell.STATE]` is its state word on both
 * sides. Nothing in the segment is an address.
 *
 * On the native engine JavaScript sees the words from the first up to NEAR_WORDS as one buffer, and has another one made for
 * all of them once it needs a word beyond; see `lib/engine/words-at.ts`.
 */

/** Bump on any change that the constants below do not show. */
export const LAYOUT_VERSION = 5;

export const MAGIC = 0x6865646c; // 'hedl'

export const WORDS_PER_CELL = 16;
export const WORDS_PER_SLOT = 96;
export const WORDS_PER_PROCESS = 96;
export const HEADER_WORDS = 1024;
/** Processes that can be in a family at one time. */
export const MAX_PROCESSES = 128;
/** Isolates that can be attached at one time. */
export const MAX_SLOTS = 512;
/** Shared objects and waiters that can exist at one time. */
export const MAX_CELLS = 2 * 1024 * 1024;
/** One bit per cell: the slot holds a reference to it. */
export const REF_WORDS_PER_SLOT = MAX_CELLS / 32;

/** Rings that can exist at one time; a queue that finds none does without, or with as many as it has. */
export const MAX_RINGS = 2048;
/** Of these, the ones that are kept for queues that have none. */
export const FIRST_RINGS = 1024;
/** Of these, the ones that lie before the cells. */
export const NEAR_RINGS = 256;
/** Entries of a ring: a power of 2. */
export const RING_ENTRIES = 1024;
/** What of an entry is looked at first, four to a cache line: see RingHead. */
export const WORDS_PER_RING_HEAD = 4;
/** The rest of it, for a payload that is too long for the head. */
export const WORDS_PER_RING_BODY = 12;
/** Words of a ring before the heads of its entries: see Ring. The bodies come last. */
export const RING_HEADER_WORDS = 96;
export const RING_BODIES = RING_HEADER_WORDS + RING_ENTRIES * WORDS_PER_RING_HEAD;
export const WORDS_PER_RING = RING_BODIES + RING_ENTRIES * WORDS_PER_RING_BODY;

/** Native: what a slot's isolate is in the middle of; see Journal. */
export const WORDS_PER_JOURNAL = 2048;

export const PROCESSES_START = HEADER_WORDS;
export const SLOTS_START = PROCESSES_START + MAX_PROCESSES * WORDS_PER_PROCESS;
export const NEAR_RINGS_START = SLOTS_START + MAX_SLOTS * WORDS_PER_SLOT;
export const CELLS_START = NEAR_RINGS_START + NEAR_RINGS * WORDS_PER_RING;
/** The first cells, and up to here 33 MiB: V8 collects garbage when it is told of 64 MiB more. */
export const NEAR_WORDS = CELLS_START + 256 * 1024 * WORDS_PER_CELL;
export const FAR_RINGS_START = CELLS_START + MAX_CELLS * WORDS_PER_CELL;
export const JOURNALS_START = FAR_RINGS_START + (MAX_RINGS - NEAR_RINGS) * WORDS_PER_RING;
/** One journal more than slots: for who has no slot. */
export const REFS_START = JOURNALS_START + (MAX_SLOTS + 1) * WORDS_PER_JOURNAL;
export const CONTROL_WORDS = REFS_START + MAX_SLOTS * REF_WORDS_PER_SLOT;

/** Words of the header. */
export const Header = {
  MAGIC: 0,
  VERSION: 1,
  /** LAYOUT_HASH of who made the arena. */
  LAYOUT: 2,
  /** Guard of the handles in process records. */
  PROCESSES_GUARD: 3,
  /** Index of the first free cell plus 1. */
  FREE_CELLS: 4,
  /** Cells ever used: the next never-used cell index. */
  CELLS_TOP: 6,
  /** Cells in use now. */
  CELLS_LIVE: 7,
  /** Slots ever used. */
  SLOTS_TOP: 8,
  /** Process records ever used. */
  PROCESSES_TOP: 9,
  /** Source of thread identifiers and RLock scope identifiers; never 0. */
  NEXT_IDENT: 10,
  /** Isolates attached now. */
  SLOTS_LIVE: 11,
  /** Guard of slot allocation and sweeping. */
  SLOTS_GUARD: 12,
  /** Guard of the allocation of cells. */
  CELLS_GUARD: 13,
  /** A random number of 64 bits, by which who inherits the arena knows it: two words. */
  NONCE: 14,
  NONCE_HIGH: 15,
  /** Guard of the allocation of rings. */
  RINGS_GUARD: 17,
  /** Word index of the first free ring, 0 for none; linked by Ring.NEXT. */
  FREE_RINGS: 18,
  /** Rings ever used: the next never-used ring index. */
  RINGS_TOP: 19,
  /** Rings in use. */
  RINGS_LIVE: 20,
  /** Where processes share no memory, in place of PROCESSES_GUARD: see `lib/engine/proxies/apart-processes.ts`. */
  APART_GUARD: 21,
  /** Sharing, settled by the first isolate. */
  SHARING: 22,
} as const;

/**
 * Words of a process record. The first process of a family has record 0; where each process has an arena of its own, every
 * process has (see `lib/engine/proxies/apart-processes.ts`).
 *
 *   FREE → STARTING   by the parent, with a compare-and-swap
 *   STARTING → LIVE   by the parent, which has its PID from the start, or by the process itself, whoever is first
 *   LIVE → DEAD       by whichever process notices first that it has ended, and then puts in order what it left
 *   DEAD → SWEPT      when that is done
 *   SWEPT → LEAVING   once its exit status is known, or nobody is left who could tell it; by whoever finds that
 *   LEAVING → FREE    when its cell says that it has ended
 *
 * From PROCESS_STATE_OWNER up, STATE holds who works at STARTING, DEAD or LEAVING: its record + 1. When that one
 * ends in the middle of it, whoever buries it does the work instead.
 * Handles in the record come with a reference each, which is dropped when the record becomes FREE; they
 * change, and are followed, under PROCESSES_GUARD.
 */
export const Process = {
  /** ProcessState, and who works at it. */
  STATE: 0,
  PID: 1,
  /** Counts the processes that have used this record. */
  GENERATION: 2,
  /** Record + 1 of the process that started it, 0 for the first; and that one's generation. */
  PARENT: 3,
  PARENT_GENERATION: 4,
  /** When it started, by the system's clock ticks since boot, 0 where that is not told: guards against a PID used again. */
  START_TIME: 6,
  START_TIME_HIGH: 7,
  /** DoorbellBit bits: what other processes have to tell; its bell ringer sleeps on 0. */
  DOORBELL: 8,
  /** ProcessFlag bits. */
  FLAGS: 10,
  /** 1 once its main thread has begun to exit: blocked threads then return to JavaScript every 1 ms. */
  EXITING: 11,
  /** Source of `Thread-N` names. */
  THREAD_NUMBER: 12,
  /** Source of the numbers of the processes that it makes. */
  PROCESS_NUMBER: 13,
  /** Handle of the process's own cell. */
  CELL: 14,
  /** Handle of the queue with what the process is told to run. */
  COMMANDS: 15,
  /** Handle of the event that is set once it runs. */
  STARTED: 16,
  /** Handle of the main thread's Thread. */
  MAIN_THREAD: 17,
  /** Handle of the mutex under which Slot.THREAD of its slots changes. */
  REGISTRY: 18,
  /** Handle of the queue that takes the uncaught errors of threads, 0 for none. */
  EXCEPTHOOK: 19,
  /** Handle of the parent's cell. */
  PARENT_CELL: 20,
  /** Length in bytes of NAME. */
  NAME_LENGTH: 31,
  /** Name, UTF-8, at most NAME_BYTES. */
  NAME: 32,
} as const;
export const ProcessState = { FREE: 0, STARTING: 1, LIVE: 2, DEAD: 3, SWEPT: 4, LEAVING: 5 } as const;
export const PROCESS_STATE_OWNER = 8;
export const DoorbellBit = {
  /** A loop of the process has something ready. */
  LOOPS: 1,
  /** The processes to be watched have changed. */
  PROCESSES: 2,
  /** Its bell ringer is to end: set by the process itself. */
  STOP: 4,
} as const;
export const ProcessFlag = {
  /** Is terminated when its parent ends. */
  DAEMON: 1,
  /** EXIT_CODE of its cell is settled. */
  STATUS_KNOWN: 2,
  /** May have children although it is a daemon: the worker of an executor. */
  MAY_HAVE_CHILDREN: 4,
} as const;

/** Of Slot.PROCESS. */
export const SLOT_RECORD_MASK = 0xff;

/** Words of a slot. */
export const Slot = {
  /** SlotState. */
  STATE: 0,
  PID: 1,
  /** Counts the isolates that have used this slot. */
  GENERATION: 2,
  NATIVE_TID: 3,
  /** The node the slot's thread blocks with; a thread blocks on one thing at a time. */
  THREAD_NODE: 7,
  /** Handle of the object the slot's thread is blocked on, 0 when running. */
  WAITING_ON: 8,
  /** Identifier of the Thread running in the isolate, 0 when idle. */
  IDENT: 9,
  /** Handle of the Thread object running in the isolate, 0 when idle. A sweep marks it as finished. */
  THREAD: 10,
  /** ThreadFlag bits of the running Thread. */
  FLAGS: 11,
  /** Cells of this slot's references are at most this index (bounds a sweep). */
  REFS_TOP: 13,
  /** Slot + 1 of the isolate that created this one, and ends with it; 0 for none. */
  PARENT: 14,
  /** Length in bytes of NAME. */
  NAME_LENGTH: 15,
  /** Thread name, UTF-8, at most NAME_BYTES. */
  NAME: 16,
  /**
   * Handle of the queue in whose ring the isolate is putting or taking without the guard, 0 for none: a
   * sweep finishes what was begun. On a line that nobody else writes.
   */
  RING_QUEUE: 64,
  /** The ring's TAIL as the isolate saw it when it put; its HEAD plus 1 when it took. */
  RING_POSITION: 65,
  /** That ring: a word index. */
  RING: 69,
  /**
   * The isolate's process: its record + 1, in the bits of SLOT_RECORD_MASK, and above them how many processes had that
   * record before. Native: 0 when nobody has taken the slot.
   */
  PROCESS: 66,
  /** Native: slot + 1 of the isolate that sweeps this slot. It leaves together with PROCESS, in one 64-bit word. */
  SWEEPER: 67,
  /** Heap unit of the chunk that the isolate fills with payloads, 0 for none. */
  CHUNK: 68,
  /**
   * Handle of the newest node of the ready stack (linked by Node.READY_NEXT), 0 when empty; native: with a tag against ABA,
   * one 64-bit word.
   */
  READY: 80,
  READY_TAG: 81,
  /** Rung (incremented) when a ready node is pushed; what a loop on the fallback sleeps on. */
  DOORBELL: 82,
  /** 1 while the slot's event loop polls READY itself, so that nobody need ring it. */
  POLLING: 83,
  /** LoopState. On the line of READY, for who pushes there looks here next. */
  LOOP: 84,
} as const;
export const NAME_BYTES = 192;

/** Whether who pushes on an empty ready stack must ring the loop. See native/core/loop_state.h. */
export const LoopState = {
  /** Nobody keeps this word (the fallback, runtimes other than Node): ring. */
  UNKNOWN: 0,
  /** It looks at the stack before it sleeps. */
  AWAKE: 1,
  /** Ring, and say RUNG. */
  ASLEEP: 2,
  /** Somebody rings it. */
  RUNG: 3,
} as const;

export const SlotState = { FREE: 0, LIVE: 1, SWEEPING: 2 } as const;

/**
 * The journal of a slot, on the native engine: what its isolate is in the middle of, so that another can finish or undo
 * it. native/core/journal.h says how.
 */
export const Journal = {
  /** Word index of the guard that is held or about to be taken; 0 for none. */
  GUARD: 0,
  /** Entries in LOG; -1 once the section stands and its grants are being delivered. */
  COUNT: 1,
  /** A word, 0 for none, that changes from the one value to the other when the section stands. */
  STATE_WORD: 2,
  STATE_FROM: 3,
  STATE_TO: 4,
  /** The nodes that are given an outcome, linked by Node.CHAIN: the first one left, and the one after it. */
  CHAIN: 5,
  NEXT: 6,
  /** Node.GRANT of these nodes, and the number of the last section that granted. */
  GRANT: 7,
  GRANTS: 8,
  /** First of the objects that are being destroyed, linked by their state words. */
  DOOMED: 9,
  /** Word index of a ring, 0 for none, that changes when the section stands: published are the entries from one position up to another, */
  RING: 10,
  RING_FROM: 11,
  RING_TO: 12,
  /** and HEAD, unless 0, becomes this. */
  RING_HEAD: 13,
  /** As GUARD and COUNT, of the guard of an allocator, which may be taken inside of another section. */
  INNER_GUARD: 16,
  INNER_COUNT: 17,
  /** Slot + 1 of the dead holder whose inner guard is being taken over; what that one had changed is undone first. */
  VICTIM: 18,
  INNER_LOG: 64,
  /** Entries of 4 words: byte offset from the arena's start (64 bits; 1 added for a word of 64 bits), what it was (64 bits). */
  LOG: 256,
} as const;

/** Words common to all cells. */
export const Cell = {
  /** Kind. 0: free. */
  KIND: 0,
  /** References: isolates that hold a wrapper, messages in flight, other cells. A free cell: next free index plus 1. */
  REFS: 1,
  /** The word the uncontended path works on. */
  STATE: 2,
  /** Guard: 0 free, else its holder and whether it is contended. Held for a few instructions, never while JavaScript runs. */
  GUARD: 3,
  /** Newest-last circular list of waiter nodes: handle of the first, 0 when empty. */
  WAITERS: 4,
} as const;

export const Kind = {
  FREE: 0,
  NODE: 1,
  MUTEX: 2,
  SEMAPHORE: 3,
  EVENT: 4,
  CONDITION: 5,
  BARRIER: 6,
  QUEUE: 7,
  VALUE: 8,
  ARRAY: 9,
  /** Waitable like an event; set when the thread has finished. */
  THREAD: 10,
  /** One end of a pipe; when its last reference goes, its queues are shut down. */
  PIPE_END: 11,
  /** Waitable like an event; set when the process has ended. */
  PROCESS: 12,
} as const;

/** Whether the processes of a family share this arena, or each has its own. */
export const Sharing = { UNSETTLED: 0, SHARED: 1, APART: 2 } as const;

/**
 * Where processes share no memory, an object of one of these kinds may have a proxy in the arena of another process (see
 * `lib/engine/proxies/`): a cell whose KIND has this bit as well, so that what is done with the kind itself does not find it.
 */
export const PROXY = 0x100;
/** A bit for each of the kinds that objects with proxies have. */
export const PROXIED_KINDS =
  (1 << Kind.MUTEX) |
  (1 << Kind.SEMAPHORE) |
  (1 << Kind.EVENT) |
  (1 << Kind.CONDITION) |
  (1 << Kind.BARRIER) |
  (1 << Kind.QUEUE) |
  (1 << Kind.PIPE_END);

/** Words of a proxy. No kind that has proxies uses them otherwise where its words are not asked for. */
export const ProxyWord = {
  /** Handle of the queue that takes requests, with a reference. */
  REQUESTS: 9,
  /** Slot of who takes them, and its generation. */
  BROKER: 10,
  BROKER_GENERATION: 11,
} as const;

/** Words of a waiter node. */
export const Node = {
  /** Native: whether the node, and not just its isolate, has a reference to the object: 0 or 1. */
  REFERS: 1,
  /** NodeState or, once the wait is over, an Outcome. Threads sleep on this word. */
  STATE: 2,
  /** Slot of the waiter. */
  SLOT: 3,
  /** WaiterMode. */
  MODE: 4,
  /** Handle of the object waited for. */
  CELL: 5,
  /** Neighbours in the object's circular list; 0 when not linked. */
  NEXT: 6,
  PREVIOUS: 7,
  /** Next older node of the slot's ready stack. */
  READY_NEXT: 8,
  /** Word offset, within the object, of the list the node is linked in. */
  LIST: 9,
  /** Result beside the outcome: a barrier's arrival index. */
  VALUE: 10,
  /** The outcome that the node is about to be given. */
  OUTCOME: 11,
  /** Mutex: monotonic time since which the waiter has been first in line, ns: one 64-bit word. Native: 0 once it is due to be handed the mutex. */
  SINCE: 12,
  /** Next of the nodes that are given an outcome together. */
  CHAIN: 14,
  /** Native: names the section that grants the node, until the node's owner has seen it. */
  GRANT: 15,
} as const;

/** A node's state before it has an Outcome. */
export const NodeState = {
  /** Linked and waiting. */
  WAITING: 0,
  /** Still linked; told to try again (a mutex set free for whoever comes first). */
  RETRY: 1,
  /** As WAITING, and its thread sleeps in the kernel or is about to: whoever changes the word wakes it. */
  ASLEEP: -1,
} as const;

export const WaiterMode = {
  /** An OS thread asleep on the node's state word. */
  THREAD: 0,
  /** An event loop that holds a promise. */
  LOOP: 1,
  /** Native: cancelled after it was granted; still on the ready stack, or a promise of a queue that is not used yet, or both. */
  KEPT: 2,
} as const;

/**
 * What an operation of the engine came to. Values at or above FIRST_TICKET are tickets: handles of
 * the node that waits.
 */
export const Outcome = {
  /** wait() came back to let JavaScript run; wait again. */
  PENDING: 0,
  OK: 2,
  GRANTED: 2,
  TIMED_OUT: 3,
  /** Barrier broken. */
  BROKEN: 4,
  /** Barrier: the caller arrived last, runs the action, then releases. */
  LAST: 5,
  SHUT_DOWN: 6,
  FULL: 7,
  EMPTY: 8,
  OVERFLOW: 9,
  /** Priority queue: the key cannot be compared with one in the queue. */
  INCOMPARABLE: 10,
  /** Cells or heap exhausted; nothing was changed. */
  NO_MEMORY: 11,
  /** The call does not fit the object's state (release of an unlocked mutex, too many taskDone). */
  MISUSE: 12,
  /** The object belonged to a process that has ended. */
  OWNER_LOST: 13,
} as const;
export const FIRST_TICKET = CELLS_START;

/**
 * Mutex state word.
 *
 *   LOCKED PARKED WAKING   meaning
 *     0      0      0      free
 *     1      0      0      held, nobody waits
 *     1      1      0      held, waiters linked; a release sees to them
 *     0      1      1      set free while waiters are linked; the first of them has been told to retry
 *     1      1      1      the same, and somebody was quicker; a release need not tell again
 *
 * The bits from OWNER_SHIFT up hold the owner's slot while LOCKED. PARKED and WAKING change only under
 * GUARD. PARKED is set exactly when WAITERS is not empty. WAKING is cleared by the waiter that was told,
 * in one step with seeing LOCKED, so a release that finds it set leaves nobody asleep on a free mutex.
 * The fallback does without WAKING: it tells again.
 */
export const Mutex = {
  LOCKED: 1,
  PARKED: 2,
  /** Held by someone who got it because the holder before died. */
  OWNER_DIED: 4,
  WAKING: 8,
  OWNER_SHIFT: 8,
  /** Native: what is added to a slot in place of the owner while that slot, under GUARD, passes the mutex on. */
  IN_TRANSIT: 1024,
  /** RLock: identifier of the owning thread or scope, valid while LOCKED. */
  OWNER: 5,
  /** RLock: depth of holds by the owner. */
  DEPTH: 6,
} as const;

/** Semaphore state word: value << 1 | PARKED. PARKED implies value 0 whenever GUARD is free. */
export const Semaphore = {
  PARKED: 1,
  VALUE_SHIFT: 1,
  MAX_VALUE: 0x3fffffff,
  /** Word: bound of a BoundedSemaphore, 0 for none. */
  BOUND: 5,
  /** Word: 1 for a BoundedSemaphore (its bound may be 0). */
  BOUNDED: 6,
} as const;

/** Event (and thread) state word: SET | PARKED. PARKED implies not SET whenever GUARD is free. */
export const Event = { SET: 1, PARKED: 2 } as const;

/** Condition: words. Its state word is unused; WAITERS under GUARD is all there is. */
export const Condition = {
  /** Handle of the mutex. The condition holds a reference to it. */
  LOCK: 5,
} as const;

/** Barrier. State word bits and words; all under GUARD. */
export const Barrier = {
  BROKEN: 1,
  /** The last arriver runs the action; arrivals wait in ENTRY for the next round. */
  ACTION: 2,
  PARTIES: 5,
  /** Arrived in this round and waiting in WAITERS. */
  COUNT: 6,
  /** Word: list of nodes that arrived while the action ran. */
  ENTRY: 7,
  /** Slot + 1 of the last arriver while it runs the action. */
  ACTION_SLOT: 8,
} as const;

/** Queue. All under GUARD; COUNT, UNFINISHED and RESERVED_ITEMS may be read without. */
export const Queue = {
  /** Bits of the state word. */
  SHUT_DOWN: 1,
  /** Shut down at once: what comes in late is dropped. */
  DROPS_ITEMS: 2,
  /** Words. WAITERS holds the getters. */
  GETTERS: 4,
  PUTTERS: 5,
  JOINERS: 6,
  /** 0: unbounded. */
  MAX_SIZE: 7,
  /** Items in the body, reserved ones included; those in rings are not counted here. */
  COUNT: 8,
  /** Puts minus taskDone calls; the puts into rings not counted here. */
  UNFINISHED: 9,
  /** Items promised to getters that were granted and have not taken theirs. */
  RESERVED_ITEMS: 10,
  /** Places promised to putters that were granted and have not put theirs. */
  RESERVED_PLACES: 11,
  /** Heap unit of the engine's private body (ring, heap, chunk). */
  BODY: 12,
  /** Discipline. */
  DISCIPLINE: 13,
  /** Word index of the ring that takers take from, 0 for none. */
  RING: 14,
  /** The ring that putters put into: the last of those that are linked by Ring.NEXT from RING on. */
  PUT_RING: 15,
} as const;
/** A FIFO queue has a ring from this many puts on, for good. */
export const PUTS_BEFORE_RING = 64;

/**
 * A ring: RING_ENTRIES items of a busy FIFO queue at most, put and taken without the queue's guard. When it is full,
 * the queue gets another one behind it; when it is used up, the next takes its place. The words that putters change,
 * those that takers change, and those that both only read lie far apart.
 *
 * TAIL and HEAD count the puts and the takes: position << 1 | SLOW. While SLOW is set in one of them,
 * only the holder of the queue's guard moves it. They never go back, whichever queue the ring serves: who finds one
 * unchanged knows that it is the same queue's. SLOW is set in the HEAD of all rings of a queue but the first, and in
 * the TAIL of all but the last.
 */
export const Ring = {
  SLOW: 1,
  TAIL: 0,
  /** A HEAD of some time ago, without SLOW: spares putters a look at the takers' line. */
  HEAD_SEEN: 1,
  HEAD: 32,
  /** The ring holds at most this many. */
  LIMIT: 64,
  /** 1: a getter waits and is not told yet that there is something to take; whoever puts tells it. */
  GET_WAITING: 65,
  /** 1: the same for a putter and a place. */
  PUT_WAITING: 66,
  /** Word index of the next ring of the queue, or the next free one; 0 for none. */
  NEXT: 67,
  /** What a position is to be added to, modulo 2^31, for the number of the queue's puts, or takes, before it. */
  BEFORE: 68,
  /**
   * Where the last blank entry is: one that was published for a putter that had died, and is no item. None of the
   * entries from HEAD on is, if that lies before HEAD.
   */
  LAST_BLANK: 69,
} as const;

/**
 * The head of a ring's entry. The entry is published when SEQUENCE is the TAIL of its put | 1. Putter and taker of
 * neighbouring entries pull the cache line that these lie in from each other, so the less of it a small item needs
 * the better.
 */
export const RingHead = {
  SEQUENCE: 0,
  /**
   * lane | tag << 8 | place << PLACE_SHIFT | brief << BRIEF_SHIFT, where brief is 1 + length for a payload that lies in
   * the head, else 0.
   */
  META: 1,
  PLACE_SHIFT: 16,
  BRIEF_SHIFT: 24,
  /** The place of a blank entry. The others say where the payload lies: see Entry in native/core/payload_store.h. */
  NOWHERE: 3,
  /** BRIEF_BYTES of payload, 8-byte aligned; of a longer one: */
  DATA: 2,
  LENGTH: 2,
  HANDLES: 3,
} as const;
/** A longer payload lies in the body of its entry. */
export const BRIEF_BYTES = 8;
/** A longer payload lies elsewhere. */
export const INLINE_BYTES = 48;

export const Discipline = { FIFO: 0, LIFO: 1, PRIORITY: 2 } as const;

/**
 * Lanes of queue items whose payload an engine reads itself, or which its taker keeps as it is (BYTES, BUFFER). All others
 * are the codec's (`lib/codec/lanes.ts`), bytes to the engine.
 */
export const ItemLane = { NUMBER: 5, STRING: 6, BYTES: 7, BUFFER: 9 } as const;

/** Value: words. DATA is 8-byte aligned. */
export const Value = { TYPE: 5, LOCK: 6, DATA: 8 } as const;

/** SharedArray: words. Its elements are a block of the heap. */
export const SharedArray = { TYPE: 5, LOCK: 6, LENGTH: 7, BLOCK: 8, BYTE_LENGTH: 9 } as const;

/**
 * PipeEnd: words. Handles of queues, 0 for none, to each of which the end holds a reference. The other end of the pipe
 * has the same two the other way round, or the one that there is.
 */
export const PipeEnd = {
  /** What this end receives. Shut down with the end, and its items dropped. */
  INCOMING: 5,
  /** What it sends. Shut down with the end; what is in it can still be received. */
  OUTGOING: 6,
} as const;

/** What a kernel of `heddle/parallel` computes. */
export const Kernel = {
  SORT: 0,
  ARGSORT: 1,
  SUM: 2,
  MIN: 3,
  MAX: 4,
  DOT: 5,
  CUMSUM: 6,
  HISTOGRAM: 7,
  MAP: 8,
  COMBINE: 9,
  MATMUL: 10,
  TOP_K: 11,
  UNIQUE: 12,
} as const;
/** Operations of the kernel MAP. */
export const MapOperation = {
  NEGATE: 0,
  ABS: 1,
  SIGN: 2,
  SQUARE: 3,
  SQRT: 4,
  RECIPROCAL: 5,
  FLOOR: 6,
  CEIL: 7,
  TRUNC: 8,
  ROUND: 9,
  NOT: 10,
  CLAMP: 11,
} as const;
/** Operations of the kernel COMBINE. */
export const CombineOperation = {
  ADD: 0,
  SUBTRACT: 1,
  MULTIPLY: 2,
  DIVIDE: 3,
  MIN: 4,
  MAX: 5,
  AND: 6,
  OR: 7,
  XOR: 8,
} as const;
/** The block of shared memory through which a running kernel and its caller talk: 32-bit words, then 64-bit ones. */
export const KernelControl = {
  /** Set to 1 by the caller to stop the kernel between two blocks. */
  CANCEL: 0,
  /** KernelOutcome. */
  OUTCOME: 1,
  /** Blocks done, of TOTAL. */
  DONE: 2,
  TOTAL: 3,
  /** Index of the first parameter, in 64-bit words. */
  PARAMETERS: 4,
  /** Index of the first result, in 64-bit words. */
  RESULTS: 12,
  /** Its length in 32-bit words. */
  WORDS: 40,
} as const;
export const KernelOutcome = { PENDING: 0, DONE: 1, CANCELLED: 2, NO_MEMORY: 3, MISUSE: 4 } as const;
/** Elements that are added up one after the other, in SUM_LANES sums, before the sums of such blocks are added pairwise. */
export const SUM_BLOCK = 8192;
export const SUM_LANES = 8;

/** Thread: words. The state word is an Event's. */
export const Thread = {
  /** Identifier, set before the thread is started. */
  IDENT: 5,
  NATIVE_ID: 6,
  /** Slot + 1 of the isolate it runs in, 0 before and after. */
  SLOT: 7,
  /** ThreadFlag bits. */
  FLAGS: 8,
  /** ThreadStatus. */
  STATUS: 9,
} as const;
export const ThreadFlag = {
  /** Ends with the process instead of keeping it alive. */
  DAEMON: 1,
  MAIN: 2,
  /** Stands for an isolate that was not started as a Thread. */
  DUMMY: 4,
} as const;
export const ThreadStatus = { INITIAL: 0, STARTED: 1, RUNNING: 2, FINISHED: 3 } as const;

/** Process cell: words. The state word is an Event's. */
export const ProcessCell = {
  PID: 5,
  /** Settled once it has ended: the exit code, or the negative number of the signal that killed it. */
  EXIT_CODE: 6,
  /** ProcessStatus. */
  STATUS: 7,
  /** ProcessFlag bits. */
  FLAGS: 8,
  /** Record + 1 of the process that made it, and that one's generation. */
  CREATOR: 9,
  CREATOR_GENERATION: 10,
  /** Record + 1 of the process itself while it is alive. */
  RECORD: 11,
} as const;
export const ProcessStatus = { INITIAL: 0, STARTED: 1, FINISHED: 2 } as const;
/** EXIT_CODE of a process of which nobody knows how it ended: its parent had ended before. */
export const UNKNOWN_EXIT_CODE = 0x7fffffff;

/**
 * A blocked thread comes back to JavaScript this often, so that terminate() works: V8 notices it only
 * there. Every time costs about 40 us, so it grows rarer as the wait grows old: a slice is a quarter of the
 * time waited so far, within these bounds.
 */
export const SLICE_MS = 50;
export const LONGEST_SLICE_MS = 250;
/**
 * A thread that has stood first in line this long is handed the mutex instead of told to retry; on the native
 * engine once it was told in vain.
 */
export const FAIR_AFTER_NS = 500_000;
/**
 * A thread that waits at a ring and was told in vain this long ago is promised the next item or place. While
 * something is promised the ring is closed, for several milliseconds when the cores are busy: hence so long.
 */
export const RING_FAIR_AFTER_NS = 5_000_000;
