/**
 * The shared memory of an executor: which words there are, and who writes them.
 *
 * There are two kinds of blocks, each a SharedArray of 32-bit words:
 *
 *   board   one per executor: flags, who sleeps, and a record for each worker
 *   lane    one per *client*, that is an isolate that submits: a ring with the order of its queued tasks,
 *           and the stack of its finished ones; beside it the *table*, segments of 64-byte entries
 *
 * An entry is one task in flight, from its submission to the settling of its future:
 *
 *   FREE ──submit──► QUEUED ──claim──► RUNNING(worker) ──pushed on DONE, taken by the client──► FREE
 *                      │  └─cancel──────────────────────────────────────────────────────────────▲
 *                      └ MAILED instead, if the task is for one worker only
 *
 * A task whose memory is to be moved (Flag.CARRIED) begins as RUNNING if a worker waits for it (`door.ts`), or has more of
 * a way to go: see `fetching.ts`.
 *
 * Both ways out of QUEUED are one compare-and-swap of the state word, so exactly one of claim and cancel
 * wins. There is no moment at which a task has been taken from the queue and belongs to nobody: the
 * claim *is* the taking, and the ring's head is moved on afterwards, by whoever finds that the task at
 * the head is not QUEUED any more. A worker that dies, at whatever instruction, leaves its tasks as
 * RUNNING(itself); those of them that are not on the DONE stack were lost, and no others.
 *
 * Once a client has given a task a priority, its tasks go through a priority queue of the engine instead, which holds
 * indices. A worker that dies between taking an index and claiming the entry leaves an entry that is QUEUED and
 * has no index in the queue: after each death the client puts the indices of all its QUEUED entries again.
 *
 * The ring, like that queue, holds *hints*: each QUEUED entry has at least one between HEAD and TAIL. A claim by a hint that
 * is out of date (the entry has been freed and queued anew meanwhile) takes a task before its turn, and
 * exactly once all the same; its own hint is then the one that finds nothing.
 */

/** Words of the board. Those that change often have a cache line each. */
export const Board = {
  /** BoardFlag bits. */
  FLAGS: 0,
  /** How many isolates are clients. */
  CLIENTS: 1,
  /** Workers that are there or are starting, but for those that have said they are leaving. */
  SIZE: 2,
  MAX_SIZE: 3,
  MIN_SIZE: 4,
  /** Worker records ever used. */
  RECORDS: 5,
  /** Counts the workers that are gone: a client that sees it change looks after its tasks. */
  DEATHS: 6,
  /** 1: somebody asks the owner for another worker. */
  WANTED: 7,
  /** Tasks that a worker runs at a time while they await. */
  CONCURRENCY: 8,
  /** A worker idle for so many milliseconds leaves; -1: never. */
  IDLE_TIMEOUT: 9,
  /** Tasks after which a worker leaves; 0: never. */
  MAX_TASKS: 10,
  /** Tasks queued by all clients at most; 0: any number. */
  MAX_QUEUE: 11,
  /** Slot, plus 1, of the isolate that made the executor, and the generation of that. */
  OWNER_SLOT: 16,
  OWNER_GENERATION: 17,
  /** Workers that will look at the rings within microseconds, without anybody's doing: see `lookers.ts`. */
  LOOKERS: 32,
  /** Counts up whenever a worker has stopped sleeping and is about to look at the rings. */
  RISEN: 33,
  /** The worker that looks and can be posted to: see `door.ts`. */
  OPEN: 48,
  /** Handles of the clients' lanes. */
  LANES: 64,
  WORKERS: 64 + 128,
} as const;
export const MAX_CLIENTS = 128;
/** The client of the isolate that made the executor: the first. */
export const OWNER = 0;
export const MAX_WORKERS = 512;
export const WORDS_PER_WORKER = 16;
export const BOARD_WORDS = Board.WORKERS + MAX_WORKERS * WORDS_PER_WORKER;

export const BoardFlag = {
  /** Nothing more is taken on. */
  CLOSED: 1,
  /** Workers end when nothing is queued. */
  STOPPING: 2,
  /** A worker could not be set up; all tasks fail. */
  BROKEN: 4,
  /** Its workers share no memory with those who submit. Set from the beginning. */
  APART: 8,
} as const;

/** Words of a worker's record. */
export const WorkerWord = {
  /** Identifier of the worker, 0 when the record is free: see `workerId`. */
  ID: 0,
  /** WorkerState. */
  STATE: 1,
  /** Index of the entry mailed last, plus 1, and the client's number shifted by CLIENT_SHIFT; 0 when there is none. */
  MAIL: 2,
  /** Tasks it runs now. */
  ACTIVE: 3,
  /** Its slot, plus 1, and the generation of that. */
  SLOT: 4,
  GENERATION: 5,
  /** Answered with the same number in PONG by a worker whose event loop turns. */
  PING: 6,
  PONG: 7,
  /** 1 while it counts in Board.SIZE. */
  COUNTED: 8,
  /** 1: takes no more tasks, and ends when those it may wait for have finished. */
  DRAINING: 9,
  /** Handle of the semaphore that rings it. */
  BELL: 10,
  /** 1 if it may count in Board.LOOKERS. */
  LOOKS: 11,
  /** 1 while it is blocked and Board.MAX_SIZE is one higher, so that another may take its place. */
  REPLACED: 12,
  /** 1 while it looks, for mail among other things, without pause: then it need not be rung. */
  AWAITS_MAIL: 13,
} as const;

export const WorkerState = { NONE: 0, STARTING: 1, LIVE: 2, GONE: 3 } as const;

/** A mailed entry's address: client number and index. */
export const CLIENT_SHIFT = 20;

/** Words of a lane. */
export const Lane = {
  /** The next place to claim from, by all workers. */
  HEAD: 0,
  /** The next place to fill, by the client. */
  TAIL: 16,
  /** Newest finished entry's index plus 1, linked by the segments' links. */
  DONE: 32,
  /** Listening: how the client wants to hear of the next finished task. */
  LISTENING: 48,
  /** Segments of the table. */
  SEGMENTS: 49,
  /** How many tasks found no room in the table and wait in the client's own memory. */
  BACKLOG: 50,
  /** Handles of the semaphores that ring the client: its event loop, or its thread in a Sync call. */
  LOOP_BELL: 51,
  THREAD_BELL: 52,
  /** Handle of the queue of indices by priority, once a task has one; then all later tasks go through it. */
  PRIORITY: 53,
  /** The client's slot, plus 1, and the generation of that: by which workers see that it is no more. */
  SLOT: 54,
  GENERATION: 55,
  /** Who listens in BATCHES is rung when fewer tasks than this are queued, or a worker needs something. */
  LOW_WATER: 56,
  SEGMENT: 64,
  RING: 128,
} as const;
export const Listening = { NOT: 0, LOOP: 1, THREAD: 2, BATCHES: 3 } as const;

export const RING_SIZE = 65_536;
export const RING_MASK = RING_SIZE - 1;
export const LANE_WORDS = Lane.RING + RING_SIZE;

export const ENTRY_SHIFT = 4;
export const WORDS_PER_ENTRY = 1 << ENTRY_SHIFT;
export const SEGMENT_SHIFT = 10;
export const ENTRIES_PER_SEGMENT = 1 << SEGMENT_SHIFT;
export const SEGMENT_MASK = ENTRIES_PER_SEGMENT - 1;
export const MAX_SEGMENTS = 64;
/**
 * First word of a segment's links: for each entry, once it has finished, the next older one of the DONE stack, index plus 1.
 * Sixteen lie on a cache line, so that who walks the stack does not fetch every entry one after another.
 */
export const LINKS = ENTRIES_PER_SEGMENT * WORDS_PER_ENTRY;
export const SEGMENT_WORDS = LINKS + ENTRIES_PER_SEGMENT;

/** Words of an entry. */
export const Entry = {
  /** EntryState, in RUNNING with the worker's identifier above STATE_SHIFT. */
  STATE: 0,
  /** Next older entry of a worker's mail. */
  NEXT: 1,
  /** While queued: number of the function and handle of its definition. From the claim on: when it began (one double). */
  FUNCTION: 2,
  DEFINITION: 3,
  STARTED: 2,
  /** Codec lane of arguments or result, and Flag bits. */
  LANE: 4,
  /** Bytes inline. */
  LENGTH: 5,
  /** Handle of the queue by which what is not inline travels, both ways; 0 for none yet. The entry owns it. */
  PARCEL: 6,
  /** Abort: what the task is told through `taskSignal()`. From its end on: how long it ran, in ms (one float). */
  ABORT: 7,
  TOOK: 7,
  /** DATA_BYTES bytes. */
  DATA: 8,
} as const;
export const DATA_BYTES = 32;

export const STATE_SHIFT = 4;
export const EntryState = {
  FREE: 0,
  QUEUED: 1,
  RUNNING: 2,
  MAILED: 3,
  /** A worker, whose identifier is above STATE_SHIFT, asks for what the task brings with it. */
  FETCHING: 4,
  /** The worker that asked waits no longer; with its identifier: it has posted back what it had got, and is about to end. */
  RETURNED: 5,
  /** Cancelled while it was FETCHING or RETURNED: on the DONE stack all the same. */
  WITHDRAWN: 6,
} as const;
export const STATE_MASK = (1 << STATE_SHIFT) - 1;

/** Bits of Entry.LANE above the lane itself. */
export const Flag = {
  LANE: 0xff,
  /** The payload is in the parcel. */
  PARCEL: 0x100,
  /** Arguments: exactly one, encoded by itself. */
  SINGLE: 0x200,
  /** Arguments: none. */
  NONE: 0x400,
  /** Arguments: a list of items and a style, for calls of the function by `runChunk`. */
  CHUNK: 0x800,
  /** The function is async: nobody who waits in a Sync call may take it on. */
  ASYNC: 0x1000,
  /** Result: what was thrown. */
  THROWN: 0x2000,
  /** While queued: the entry owns a reference to the definition, which its worker drops, for the client may be gone by then. */
  DEFINED: 0x4000,
  /** Arguments: the client has some of it still, which it posts to the worker that asks. Result: some was posted. */
  CARRIED: 0x8000,
  /** Arguments: a worker that sent for them has given up waiting. */
  RETURNED: 0x10000,
} as const;

/** Values of Entry.ABORT; OVERDUE is added when the grace is over. */
export const Abort = { NOT: 0, CANCELLED: 1, TIMED_OUT: 2, SIGNAL: 3, OVERDUE: 16 } as const;

/** A worker's identifier: which record it has, and the how-manieth worker of the executor it is. */
export function workerId(record: number, count: number): number {
  return (((count & 0x3ffff) << 9) | record) & 0x7ffffff;
}

/** First word of the record that belongs to a worker's identifier, or to a record's number. */
export function recordAt(idOrNumber: number): number {
  return Board.WORKERS + (idOrNumber & (MAX_WORKERS - 1)) * WORDS_PER_WORKER;
}

/** How many workers there are, or are starting. */
export function workersOn(board: Int32Array): number {
  let count = 0;
  for (let number = 0; number < MAX_WORKERS; number++)
    if (Atomics.load(board, recordAt(number) + WorkerWord.ID) !== 0) count++;
  return count;
}

/** The state word of an entry that runs on a worker. */
export function runningOn(worker: number): number {
  return (worker << STATE_SHIFT) | EntryState.RUNNING;
}

/** The state word of an entry that a worker asks for. */
export function fetchedBy(worker: number): number {
  return (worker << STATE_SHIFT) | EntryState.FETCHING;
}

/** The state word of an entry that a worker has been sent, and gives back as it ends. */
export function returnedBy(worker: number): number {
  return (worker << STATE_SHIFT) | EntryState.RETURNED;
}

/** The worker of an entry that runs, or is asked for. */
export function workerOf(state: number): number {
  return state >>> STATE_SHIFT;
}
