/** The engine in TypeScript alone: SharedArrayBuffer, Atomics.wait and Atomics.waitAsync. */
import { isMainThread, type Worker } from 'node:worker_threads';
import { ArenaExhaustedError } from '../../errors.js';
import {
  Barrier,
  Cell,
  Event,
  FIRST_TICKET,
  Kind,
  Outcome,
  SharedArray,
  Slot,
  WaiterMode,
} from '../../memory/layout.js';
import type { EncodedItem, EngineSupports, Handle, Mode, Outcome as OutcomeCode, OutcomeOrTicket } from '../engine.js';
import type { AgentEngine, LocalEngine } from '../proxies/local-engine.js';
import { canLeave } from '../proxies/proxy.js';
import { slotWord } from '../slot-word.js';
import { bequeathArena, openArena } from './arena.js';
import { barrierArrive, barrierBreak, barrierRelease, barrierReset } from './barrier.js';
import { conditionEnqueue, conditionNotify } from './condition.js';
import { listen } from './doorbell.js';
import { eventSet, eventWait } from './event.js';
import { UNIT_BYTES } from './heap.js';
import { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { mutexAcquire, mutexRelease } from './mutex.js';
import {
  queueAwaitItem,
  queueAwaitPlace,
  queueInit,
  queueJoin,
  queuePut,
  queueResize,
  queueShutdown,
  queueTake,
  queueTaskDone,
  queueUnreserve,
} from './queue.js';
import { disown, release } from './references.js';
import { semaphoreAcquire, semaphoreRelease } from './semaphore.js';
import { claimSlot, isGone, nativeTid } from './slots.js';
import { allCanRun } from './spin.js';
import { finishMoves, letGo, repair, sweep, sweepGone, sweepIfGone, sweepThread } from './sweep.js';
import { beginExit, cancel, drain, READY_TRIPLES, wait } from './waiter.js';

const supports: EngineSupports = Object.freeze({
  processSharedMemory: false,
  namedSharedMemory: false,
  processProxies: false,
  processes: false,
  nativeThreads: false,
  threadNames: false,
  cpuAffinity: false,
});

/** How often a thread that waits looks for threads that have ended without a word. Milliseconds. */
const BETWEEN_LOOKS_MS = 500;

/** Kinds of objects that are waited for as an event is. */
const EVENTS: ReadonlySet<number> = new Set([Kind.EVENT, Kind.THREAD, Kind.PROCESS]);

export class FallbackEngine implements LocalEngine, AgentEngine {
  readonly itemRing = undefined;
  readonly name = 'fallback';
  readonly supports = supports;
  readonly kernels = undefined;
  readonly segments = undefined;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly self: number;
  readonly process = 0;
  readonly processes = undefined;
  readonly out: Int32Array;
  readonly scratch: Uint8Array;
  readonly ready = new Int32Array(3 * READY_TRIPLES);
  readonly #isolate: Isolate;
  #nextLook = 0;
  #deaf: (() => void) | undefined;
  /** Of an agent: the engine that has made it. */
  readonly #owner: FallbackEngine | undefined;

  /**
   * Attaches this isolate to the arena of its family, or makes one. `owner`: makes an agent, for the isolate of that engine.
   */
  constructor(owner?: FallbackEngine) {
    this.#owner = owner;
    const arena = openArena();
    const words = new Int32Array(arena.control);
    const slot = claimSlot(words, new Int32Array(arena.journals), arena.parent);
    const isolate = new Isolate(
      arena,
      slot,
      (holder) => isGone(words, holder),
      (holder) => this.#suspect(holder),
    );
    this.#isolate = isolate;
    this.words = isolate.words;
    this.self = slot;
    this.out = isolate.out;
    this.scratch = isolate.scratch;
    if (owner !== undefined) return;
    bequeathArena(arena, slot);
    this.#watchWorkers();
  }

  /**
   * Workers that are terminated cannot sweep their slots, and a user's own are nobody's business but
   * ours: their 'exit' does it. What an isolate holds when it ends by itself it lets go at once, so
   * that nobody need wait for its parent's event loop; other 'exit' listeners may still use the engine.
   */
  #watchWorkers(): void {
    process.on('worker', (worker: Worker) => {
      const { threadId } = worker;
      if (threadId > 0) worker.once('exit', () => sweepThread(this.#isolate, threadId));
    });
    if (!isMainThread) process.on('exit', () => letGo(this.#isolate, this.self));
  }

  /** Has held a guard for long: dead, or this isolate itself after an exception. */
  #suspect(holder: number): void {
    if (holder === this.self) repair(this.#isolate, holder);
    else sweepIfGone(this.#isolate, holder);
  }

  /**
   * After an exception in the middle of an operation, which only a stack overflow can cause: undoes
   * what was begun, and leaves no guard behind.
   */
  #recover(error: unknown): unknown {
    repair(this.#isolate, this.self);
    finishMoves(this.#isolate, this.self);
    return error;
  }

  /** Completes a begin: a thread blocks for a slice, so that the usual contended call is a single one. */
  #settle(begun: number, mode: Mode, timeout: number, spin: boolean): OutcomeOrTicket {
    if (begun < FIRST_TICKET || mode === WaiterMode.LOOP) return begun;
    const outcome = this.#block(begun, timeout, spin);
    return outcome === Outcome.PENDING ? begun : outcome;
  }

  /** One slice. Who is waited for may have been terminated while its parent, too, is blocked and cannot tell. */
  #block(ticket: number, timeout: number, spin: boolean): OutcomeCode {
    const outcome = wait(this.#isolate, ticket, timeout, spin);
    if (outcome !== Outcome.PENDING && outcome !== Outcome.TIMED_OUT) return outcome;
    const now = performance.now();
    if (now < this.#nextLook) return outcome;
    this.#nextLook = now + BETWEEN_LOOKS_MS;
    sweepGone(this.#isolate);
    return outcome;
  }

  /** A stale handle is an exception here instead of a write into somebody else's object. */
  #refuse(): never {
    throw new TypeError('the shared object is closed, or not of this kind');
  }

  allWords(): Int32Array {
    return this.words;
  }

  look(handle: Handle, word: number): number {
    return Atomics.load(this.words, handle + word);
  }

  eventClear(handle: Handle): void {
    if (this.words[handle] !== Kind.EVENT) this.#refuse();
    Atomics.and(this.words, handle + Cell.STATE, ~Event.SET);
  }

  isGone(slot: number): boolean {
    return isGone(this.words, slot);
  }

  createAgent(): AgentEngine {
    return new FallbackEngine(this);
  }

  retire(): void {
    this.#deaf?.();
    this.#owner?.sweep(this.self, this.words[slotWord(this.self, Slot.GENERATION)] as number);
  }

  sweep(slot: number, generation: number): void {
    sweep(this.#isolate, slot, generation);
  }

  beginExit(): void {
    beginExit(this.words);
  }

  create(kind: number): Handle {
    try {
      const handle = this.#isolate.cells.create(kind);
      if (handle !== 0) return handle;
    } catch (error) {
      throw this.#recover(error);
    }
    throw new ArenaExhaustedError('the arena has no room for another shared object');
  }

  retain(handle: Handle): void {
    if (this.words[handle] === Kind.FREE) this.#refuse();
    Atomics.add(this.words, handle + Cell.REFS, 1);
  }

  release(handle: Handle): void {
    if (this.words[handle] === Kind.FREE) this.#refuse();
    try {
      release(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  adopt(handle: Handle): void {
    if (this.words[handle] === Kind.FREE) this.#refuse();
    this.#isolate.cells.adopt(handle);
  }

  disown(handle: Handle): void {
    if (this.words[handle] === Kind.FREE) this.#refuse();
    try {
      disown(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  mutexAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.MUTEX) this.#refuse();
    try {
      return this.#settle(mutexAcquire(this.#isolate, handle, mode, timeout), mode, timeout, false);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  mutexRelease(handle: Handle): OutcomeCode {
    if (this.words[handle] !== Kind.MUTEX) this.#refuse();
    try {
      return mutexRelease(this.#isolate, handle) as OutcomeCode;
    } catch (error) {
      throw this.#recover(error);
    }
  }

  semaphoreAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.SEMAPHORE) this.#refuse();
    try {
      return this.#settle(semaphoreAcquire(this.#isolate, handle, mode, timeout), mode, timeout, false);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  semaphoreRelease(handle: Handle, count: number): OutcomeCode {
    if (this.words[handle] !== Kind.SEMAPHORE) this.#refuse();
    try {
      return semaphoreRelease(this.#isolate, handle, count) as OutcomeCode;
    } catch (error) {
      throw this.#recover(error);
    }
  }

  eventWait(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (!EVENTS.has(this.words[handle] as number)) this.#refuse();
    try {
      return this.#settle(eventWait(this.#isolate, handle, mode, timeout), mode, timeout, true);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  eventSet(handle: Handle): void {
    if (!EVENTS.has(this.words[handle] as number)) this.#refuse();
    try {
      eventSet(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  conditionEnqueue(handle: Handle, mode: Mode): OutcomeOrTicket {
    if (this.words[handle] !== Kind.CONDITION) this.#refuse();
    try {
      return conditionEnqueue(this.#isolate, handle, mode);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  conditionNotify(handle: Handle, count: number): number {
    if (this.words[handle] !== Kind.CONDITION) this.#refuse();
    try {
      return conditionNotify(this.#isolate, handle, count);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  barrierArrive(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.BARRIER) this.#refuse();
    try {
      const begun = barrierArrive(this.#isolate, handle, mode, timeout);
      return this.#settle(begun, mode, timeout, allCanRun(this.words[handle + Barrier.PARTIES] as number));
    } catch (error) {
      throw this.#recover(error);
    }
  }

  barrierRelease(handle: Handle): void {
    if (this.words[handle] !== Kind.BARRIER) this.#refuse();
    try {
      barrierRelease(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  barrierBreak(handle: Handle): void {
    if (this.words[handle] !== Kind.BARRIER) this.#refuse();
    try {
      barrierBreak(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  barrierReset(handle: Handle): void {
    if (this.words[handle] !== Kind.BARRIER) this.#refuse();
    try {
      barrierReset(this.#isolate, handle);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueInit(handle: Handle, discipline: number, maxSize: number): void {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    queueInit(this.#isolate, handle, discipline, maxSize);
  }

  queuePut(handle: Handle, reserved: boolean, item: EncodedItem, key: Uint8Array | undefined): OutcomeCode {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return queuePut(this.#isolate, handle, reserved, item, key) as OutcomeCode;
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueTake(handle: Handle, reserved: boolean): number | string | Uint8Array | undefined {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return queueTake(this.#isolate, handle, reserved);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueTakeFor(handle: Handle, reserved: boolean, broker: number): number | string | Uint8Array | undefined {
    const { out, words } = this;
    let obstacle = 0;
    const mayTake = (held: Handle): boolean => {
      if (!canLeave(words, held, broker)) obstacle = held;
      return obstacle === 0;
    };
    try {
      const taken = queueTake(this.#isolate, handle, reserved, mayTake);
      if (obstacle !== 0) out[1] = obstacle;
      return taken;
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueAwaitPlace(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return this.#settle(queueAwaitPlace(this.#isolate, handle, mode, timeout), mode, timeout, false);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueAwaitItem(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return this.#settle(queueAwaitItem(this.#isolate, handle, mode, timeout), mode, timeout, false);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueUnreserve(handle: Handle, what: 0 | 1): void {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      queueUnreserve(this.#isolate, handle, what);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueTaskDone(handle: Handle): OutcomeCode {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return queueTaskDone(this.#isolate, handle) as OutcomeCode;
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueJoin(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      return this.#settle(queueJoin(this.#isolate, handle, mode, timeout), mode, timeout, true);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  queueShutdown(handle: Handle, immediate: boolean): void {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      if (queueShutdown(this.#isolate, handle, immediate)) return;
    } catch (error) {
      throw this.#recover(error);
    }
    throw new ArenaExhaustedError('the arena has no room for the cell that dropping the items of a queue needs');
  }

  queueResize(handle: Handle, maxSize: number): void {
    if (this.words[handle] !== Kind.QUEUE) this.#refuse();
    try {
      queueResize(this.#isolate, handle, maxSize);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  arrayAllocate(handle: Handle, byteLength: number): void {
    const { base, heap, journals, words } = this.#isolate;
    const pending = base + Journal.BODY;
    const unit = heap.allocate(byteLength, pending);
    if (unit === 0) throw new ArenaExhaustedError(`the arena has no room for an array of ${byteLength} bytes`);
    if (!heap.fresh) heap.bytes.fill(0, unit * UNIT_BYTES, unit * UNIT_BYTES + byteLength);
    words[handle + SharedArray.BYTE_LENGTH] = byteLength;
    words[handle + SharedArray.BLOCK] = unit;
    journals[pending] = 0;
  }

  arrayBuffer(handle: Handle): { buffer: ArrayBufferLike; byteOffset: number } {
    return {
      buffer: this.#isolate.heap.buffer,
      byteOffset: (this.words[handle + SharedArray.BLOCK] as number) * UNIT_BYTES,
    };
  }

  wait(ticket: number, timeout: number): OutcomeCode {
    if (this.words[ticket] !== Kind.NODE) this.#refuse();
    try {
      return this.#block(ticket, timeout, true);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  cancel(ticket: number): OutcomeCode {
    if (this.words[ticket] !== Kind.NODE) this.#refuse();
    try {
      return cancel(this.#isolate, ticket);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  drain(): number {
    try {
      return drain(this.#isolate, this.ready);
    } catch (error) {
      throw this.#recover(error);
    }
  }

  onReady(callback: () => void): void {
    this.#deaf?.();
    this.#deaf = listen(this.#isolate, callback);
    // What was pushed before the bell was there has rung for nobody.
    if (Atomics.load(this.words, slotWord(this.self, Slot.READY)) !== 0) queueMicrotask(callback);
  }

  yieldCore(): void {}

  leaveCore(): boolean {
    return false;
  }

  isCoreWanted(): boolean {
    return false;
  }

  nativeThreadId(): number {
    return nativeTid;
  }

  /** Without native code the system cannot be told: `supports.threadNames` is false. */
  setThreadName(_name: string): void {}
}
