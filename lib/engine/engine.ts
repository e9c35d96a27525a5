/**
 * What an engine is: a control segment, and the contended path of every primitive.
 *
 * Every operation that may wait follows one protocol, *begin → ticket → wait*:
 *
 *   begin    `mutexAcquire(h, mode, timeout)` either completes at once (an Outcome) or links a
 *            waiter node and returns its handle, the ticket.
 *   wait     mode THREAD: `wait(ticket, timeout)` blocks until the node has an Outcome, returning
 *            PENDING at least every LONGEST_SLICE_MS. mode LOOP: the ticket shows up in a later `drain()`.
 *   cancel   `cancel(ticket)` is the only other way out: still linked → unlinked, TIMED_OUT;
 *            already granted → the Outcome it was granted, so nothing is ever swallowed.
 *
 * In mode THREAD, begin itself may spin and block for one slice, so that the usual contended call
 * is a single call; a ticket that comes back is waited for with `wait`. Tickets are freed by the
 * call that returns their Outcome (`wait`, `cancel`, or `drain`).
 *
 * Timeouts are milliseconds; a negative one means for ever.
 */
import type { Outcome as Outcomes } from '../memory/layout.js';

export type EngineName = 'native' | 'fallback';

/** What this engine can do here. Tests and callers ask this, never the platform. */
export interface EngineSupports {
  /** One arena across processes: every object is the same in all of them. */
  readonly processSharedMemory: boolean;
  /** Memory that unrelated processes can map under a name: `SharedMemory`. */
  readonly namedSharedMemory: boolean;
  /**
   * Locks, events, semaphores, conditions, barriers, queues and pipes reach other processes by proxy: they stay in the process
   * that made them, which the others ask for each operation. False where they are shared themselves.
   */
  readonly processProxies: boolean;
  /** A `Process` can be started. */
  readonly processes: boolean;
  /** OS threads of our own beside the isolates: native kernels, helper threads. */
  readonly nativeThreads: boolean;
  /** Thread names are visible to the operating system. */
  readonly threadNames: boolean;
  /** Threads can be tied to cores. False on both engines so far. */
  readonly cpuAffinity: boolean;
}

type KernelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** What a kernel works on: its code, of `Kernel`, its control block (see `KernelControl`), its arrays. */
export type KernelOperands = [
  kernel: number,
  control: Int32Array,
  a: KernelArray,
  b: KernelArray | undefined,
  out: KernelArray | undefined,
  out2: KernelArray | undefined,
];

/** Kernels on OS threads besides the isolates. The arrays must stay until a kernel has finished. */
export interface Kernels {
  /** Computes on this thread; returns a `KernelOutcome`. */
  run(...operands: KernelOperands): number;
  /** Begins to compute on other threads, under a number; `rings`: `takeFinished` has it in the end, else `wait` for it. */
  start(...operands: [...KernelOperands, number: number, rings: boolean]): void;
  /** Takes part in the computing until the kernel has finished, `timeout` ms at most; returns whether it has. */
  wait(number: number, timeout: number): boolean;
  /** Fills `numbers` with those of kernels that have finished; returns how many. Call again when it was filled. */
  takeFinished(numbers: Int32Array): number;
  /** The function to call, from this isolate's event loop, when there are some. */
  onFinished(callback: () => void): void;
}

/**
 * Segments of shared memory by name, for processes that know nothing else of each other. Errors are what
 * `util.getSystemErrorName` takes: negative.
 */
export interface Segments {
  /** `track`: its name is taken away when this process ends. */
  create(name: string, bytes: number, track: boolean): ArrayBuffer | number;
  attach(name: string): ArrayBuffer | number;
  /** 0 or an error. */
  unlink(name: string): number;
  /** Empties a buffer; its memory is unmapped when nothing uses it any more. */
  detach(buffer: ArrayBuffer): void;
}

/** The processes that this one knows: see `Process` of the layout. */
export interface Processes {
  /**
   * What a child inherits to map the arena, and the number by which it knows the arena, in hexadecimal. Undefined where
   * every process has an arena of its own: they are then started by a broker (`lib/processes/broker.ts`).
   */
  readonly shared: { readonly descriptor: number; readonly nonce: string } | undefined;
  /** Has this process take part in a family of several: it watches the others, and hears from them. Throws when it cannot. */
  begin(): void;
  /** Names the PROCESS cell of this process itself, for which nobody has reserved a record. */
  giveCell(cell: Handle): void;
  /** The handle in a word of a record, with a reference for the caller; 0 for none. */
  retainHandle(record: number, word: number): Handle;
  /** A record for a child, which gets a reference to each of the objects; -1 when all are taken. */
  reserve(cell: Handle, commands: Handle, started: Handle, flags: number, name: Uint8Array): number;
  /** The child has been started; it may have ended since. */
  confirm(record: number, generation: number, pid: number): void;
  /** It has not. */
  cancel(record: number): void;
  /** How a child has ended, unless that is known. */
  settle(record: number, generation: number, exitCode: number): void;
}

/** Word index of a cell in the control segment. */
export type Handle = number;
export type Mode = 0 | 1;
export type Outcome = (typeof Outcomes)[keyof typeof Outcomes];
/** An Outcome, or a ticket when at or above FIRST_TICKET. */
export type OutcomeOrTicket = number;

/** An item as it travels through a queue. */
export interface EncodedItem {
  /** Lane: see `Lane` in `lib/codec/lanes.ts`. Opaque to the engine, but for those of `ItemLane`. */
  lane: number;
  /** Payload of NUMBER. */
  number: number;
  /** Payload of STRING. */
  string: string;
  /** Payload of all others: `bytes[0, length)`. May be a view of a scratch buffer; the engine copies. */
  bytes: Uint8Array;
  length: number;
  /** Handles of shared objects inside, each with a reference that the item owns. */
  handles: Handle[];
}

/** Numbers in and out of a queue's ring, in a few instructions of the caller's. */
export interface ItemRing {
  /** False: not put. */
  putNumber(queue: Handle, number: number): boolean;
  /** Takes a number, which `value` is then. False: not taken. */
  takeNumber(queue: Handle): boolean;
  /** The number that was taken last. */
  readonly value: number;
  /** Called when that has granted somebody's wait. */
  onNotice: () => void;
}

export interface Engine {
  readonly name: EngineName;
  readonly supports: EngineSupports;
  /** The control segment, all of it or the part near its start; see `words-at.ts`. */
  readonly words: Int32Array;
  /** All of it. Where that is more than `words`, V8 may collect garbage when it hears of so much memory for the first time. */
  allWords(): Int32Array;
  /** Slot number of this isolate. */
  readonly self: number;
  /** Record of this process in the control segment. */
  readonly process: number;
  /** Results beside an Outcome: `out[0]` a value (barrier index, lane of a taken item), `out[1]` a length. */
  readonly out: Int32Array;
  /** Where `queueTake` leaves payloads that fit. */
  readonly scratch: Uint8Array;

  /** Sweeps the slot of an isolate known to be dead: unlinks its waiters, passes on what it held, drops its references. */
  sweep(slot: number, generation: number): void;
  /** Tells every blocked thread to come back to JavaScript at once from now on. */
  beginExit(): void;

  /** A zeroed cell with one reference, held by this isolate. Throws ArenaExhaustedError. */
  create(kind: number): Handle;
  /** Adds a reference that belongs to a message or another cell. */
  retain(handle: Handle): void;
  /** Drops such a reference; the last one destroys the object and whatever it holds. */
  release(handle: Handle): void;
  /** Turns a reference of a message into this isolate's one; drops it if the isolate has one already. */
  adopt(handle: Handle): void;
  /** Drops this isolate's reference. */
  disown(handle: Handle): void;

  /** The word of a cell as the object's owner sees it, which may be another process: see `word-of.ts`. */
  look(handle: Handle, word: number): number;

  mutexAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  /** The slow path of release: waiters are linked, or the word changed under the caller. OK or MISUSE. */
  mutexRelease(handle: Handle): Outcome;

  semaphoreAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  /** OK, or OVERFLOW with nothing changed. */
  semaphoreRelease(handle: Handle, count: number): Outcome;

  eventWait(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  eventSet(handle: Handle): void;
  /** Clears an event of another process; for others the class does. */
  eventClear(handle: Handle): void;

  /** Links a waiter; never blocks. The caller then releases the lock and waits. */
  conditionEnqueue(handle: Handle, mode: Mode): OutcomeOrTicket;
  /** Wakes the first `count` waiters; returns how many. */
  conditionNotify(handle: Handle, count: number): number;

  /** GRANTED (index in `out[0]`), LAST (index in `out[0]`), BROKEN, or a ticket. A cancelled arrival breaks the barrier. */
  barrierArrive(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  /** The last arriver lets the others go (after its action). */
  barrierRelease(handle: Handle): void;
  barrierBreak(handle: Handle): void;
  barrierReset(handle: Handle): void;

  queueInit(handle: Handle, discipline: number, maxSize: number): void;
  /**
   * Puts an item: OK, FULL, SHUT_DOWN, INCOMPARABLE or NO_MEMORY; the queue is unchanged unless OK.
   * `reserved`: the caller was granted a place, which this call uses up in every case. `blocking`: the
   * thread is going to wait for a place; an engine may look for one for a moment before it says FULL.
   * The references of `item.handles` pass to the queue only on OK. `key` is an order-preserving key.
   */
  queuePut(
    handle: Handle,
    reserved: boolean,
    item: EncodedItem,
    key: Uint8Array | undefined,
    blocking?: boolean,
  ): Outcome;
  /**
   * Takes an item; `out[0]` is its lane, or -EMPTY or -SHUT_DOWN. Lane NUMBER returns the number, lane
   * STRING the string. Other lanes leave their bytes in `scratch[0, out[1])` and return `undefined`, or,
   * when they do not fit, return bytes that are the caller's to keep. The item's handles now belong to
   * the caller, who adopts each as it decodes.
   */
  queueTake(handle: Handle, reserved: boolean, blocking?: boolean): number | string | Uint8Array | undefined;
  /** The shortest way for small items, where there is one; what it cannot do, `queuePut` and `queueTake` can. */
  readonly itemRing: ItemRing | undefined;
  /** GRANTED: a place is reserved for the caller. SHUT_DOWN. Or a ticket. */
  queueAwaitPlace(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  /** GRANTED: an item is reserved for the caller. SHUT_DOWN: shut down and empty. Or a ticket. */
  queueAwaitItem(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  /** Gives back a place (0) or an item (1) that was granted and is not wanted any more. */
  queueUnreserve(handle: Handle, what: 0 | 1): void;
  /** OK, or MISUSE when called more often than items were put. */
  queueTaskDone(handle: Handle): Outcome;
  /** Waits until no task is unfinished. */
  queueJoin(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket;
  queueShutdown(handle: Handle, immediate: boolean): void;
  /** Changes MAX_SIZE, granting places that this opens. */
  queueResize(handle: Handle, maxSize: number): void;

  /** Zeroed shared bytes owned by an ARRAY cell, freed with it: sets BLOCK and BYTE_LENGTH. */
  arrayAllocate(handle: Handle, byteLength: number): void;
  /** A view of an ARRAY cell's bytes. */
  arrayBuffer(handle: Handle): { buffer: ArrayBufferLike; byteOffset: number };

  /** Blocks for a ticket of mode THREAD: its Outcome, TIMED_OUT (after cancelling it), or PENDING. */
  wait(ticket: number, timeout: number): Outcome;
  cancel(ticket: number): Outcome;
  /**
   * Takes the loop tickets that are ready: fills `ready` with (ticket, outcome, value) triples,
   * frees their nodes and returns how many; call again while it returns the maximum.
   */
  drain(): number;
  readonly ready: Int32Array;
  /** The function to call from now on, from this isolate's event loop, when tickets become ready. */
  onReady(callback: () => void): void;

  nativeThreadId(): number;
  /** Lets other threads that are ready have this core for a moment; returns at once when there are none, or no way to. */
  yieldCore(): void;
  /** Others kept the core for long when they were let have it, not long ago: whoever waits had better sleep than look. */
  isCoreWanted(): boolean;
  /** Moves the thread to another core, for one that shares its own with the thread it waits for; whether it has. Seldom does. */
  leaveCore(): boolean;
  setThreadName(name: string): void;

  /** There exactly where `supports.nativeThreads` is true. */
  readonly kernels: Kernels | undefined;

  /** There exactly where `supports.namedSharedMemory` is true. */
  readonly segments: Segments | undefined;
  /** There exactly where `supports.processes` is true. */
  readonly processes: Processes | undefined;
}
