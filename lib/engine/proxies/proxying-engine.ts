/**
 * The engine where processes share no memory: what is asked of an object of this process the local engine does, what is
 * asked of a proxy its owner (see `requests.ts`).
 */
import type { Worker } from 'node:worker_threads';
import { Kind, Outcome, PROXY, ProxyWord, Slot, WaiterMode } from '../../memory/layout.js';
import type {
  EncodedItem,
  Engine,
  EngineName,
  EngineSupports,
  Handle,
  ItemRing,
  Kernels,
  Mode,
  Outcome as OutcomeCode,
  OutcomeOrTicket,
  Segments,
} from '../engine.js';
import { slotWord } from '../slot-word.js';
import { wordsOf } from '../words-of.js';
import { ApartProcesses } from './apart-processes.js';
import type { AgentEngine, LocalEngine } from './local-engine.js';
import { fillProxy, Op } from './proxy.js';
import { Requests } from './requests.js';

/** How often a thread that waits looks for processes that nobody watches any more. Milliseconds. */
const BETWEEN_LOOKS_MS = 500;

export class ProxyingEngine implements Engine {
  readonly name: EngineName;
  readonly supports: EngineSupports;
  readonly words: Int32Array;
  readonly self: number;
  readonly process: number;
  readonly out: Int32Array;
  readonly ready: Int32Array;
  readonly scratch: Uint8Array;
  readonly itemRing: ItemRing | undefined;
  readonly kernels: Kernels | undefined;
  readonly segments: Segments | undefined;
  readonly processes: ApartProcesses;
  readonly #local: LocalEngine;
  readonly #requests: Requests;
  /** Whether this isolate makes proxies: it asks nobody then. */
  #isBroker = false;
  #nextLook = 0;
  #settleReady: (() => void) | undefined;

  constructor(local: LocalEngine) {
    this.name = local.name;
    this.supports = Object.freeze({
      ...local.supports,
      processSharedMemory: false,
      processProxies: true,
      processes: true,
    });
    this.words = local.words;
    this.self = local.self;
    this.process = local.process;
    this.out = local.out;
    this.ready = local.ready;
    this.scratch = local.scratch;
    // Finds no ring in a proxy.
    this.itemRing = local.itemRing;
    this.kernels = local.kernels;
    this.segments = local.segments;
    this.processes = new ApartProcesses(local);
    this.#local = local;
    this.#requests = new Requests(local);
    // With a worker its broker ends, and nobody watches over the processes that it has started.
    process.on('worker', (worker: Worker) => worker.once('exit', () => this.#forsakeOrphans()));
  }

  /** KIND of a cell. */
  #kindOf(handle: Handle): number {
    return wordsOf(this, handle)[handle] as number;
  }

  /** Whether it is a proxy. What is neither that nor of the kind the local engine refuses. */
  #isFar(kind: number, handle: Handle): boolean {
    return this.#kindOf(handle) === (kind | PROXY);
  }

  #begin(op: number, handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    const begun = this.#requests.begin(op, handle, mode, timeout);
    return mode === WaiterMode.THREAD && this.#requests.has(begun) ? this.#settle(begun, timeout) : begun;
  }

  /** Completes a begin: a thread blocks for a slice, as the local engine does. */
  #settle(ticket: number, timeout: number): OutcomeOrTicket {
    const outcome = this.#requests.wait(ticket, timeout);
    return outcome === Outcome.PENDING ? ticket : outcome;
  }

  allWords(): Int32Array {
    return this.#local.allWords();
  }

  look(handle: Handle, word: number): number {
    if (this.#kindOf(handle) < PROXY) return this.#local.look(handle, word);
    this.#requests.ask(Op.LOOK, handle, word);
    return this.out[0] as number;
  }

  eventClear(handle: Handle): void {
    if (this.#isFar(Kind.EVENT, handle)) this.#requests.ask(Op.EVENT_CLEAR, handle, 0);
    else this.#local.eventClear(handle);
  }

  /** For a broker: a proxy of an object that has these words, with one reference, held by this isolate. */
  createProxy(kind: number, copied: readonly number[], requests: Handle): Handle {
    const local = this.#local;
    this.#isBroker = true;
    const proxy = local.create(kind | PROXY);
    const words = local.allWords();
    fillProxy(words, proxy, copied);
    local.retain(requests);
    words[proxy + ProxyWord.REQUESTS] = requests;
    words[proxy + ProxyWord.BROKER] = this.self;
    words[proxy + ProxyWord.BROKER_GENERATION] = words[slotWord(this.self, Slot.GENERATION)] as number;
    return proxy;
  }

  createAgent(): AgentEngine {
    return this.#local.createAgent();
  }

  sweep(slot: number, generation: number): void {
    this.#local.sweep(slot, generation);
  }

  beginExit(): void {
    this.#local.beginExit();
  }

  create(kind: number): Handle {
    return this.#local.create(kind);
  }

  retain(handle: Handle): void {
    this.#local.retain(handle);
  }

  release(handle: Handle): void {
    this.#local.release(handle);
  }

  adopt(handle: Handle): void {
    this.#local.adopt(handle);
  }

  disown(handle: Handle): void {
    // The end of a pipe is to be noticed at once, that of others when the broker looks.
    if (!this.#isBroker && this.#isFar(Kind.PIPE_END, handle)) this.#requests.disown(handle);
    else this.#local.disown(handle);
  }

  mutexAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.MUTEX, handle)) return this.#begin(Op.MUTEX_ACQUIRE, handle, mode, timeout);
    return this.#local.mutexAcquire(handle, mode, timeout);
  }

  mutexRelease(handle: Handle): OutcomeCode {
    if (this.#isFar(Kind.MUTEX, handle)) return this.#requests.ask(Op.MUTEX_RELEASE, handle, 0) as OutcomeCode;
    return this.#local.mutexRelease(handle);
  }

  semaphoreAcquire(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.SEMAPHORE, handle)) return this.#begin(Op.SEMAPHORE_ACQUIRE, handle, mode, timeout);
    return this.#local.semaphoreAcquire(handle, mode, timeout);
  }

  semaphoreRelease(handle: Handle, count: number): OutcomeCode {
    if (this.#isFar(Kind.SEMAPHORE, handle))
      return this.#requests.ask(Op.SEMAPHORE_RELEASE, handle, count) as OutcomeCode;
    return this.#local.semaphoreRelease(handle, count);
  }

  eventWait(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.EVENT, handle)) return this.#begin(Op.EVENT_WAIT, handle, mode, timeout);
    return this.#local.eventWait(handle, mode, timeout);
  }

  eventSet(handle: Handle): void {
    if (this.#isFar(Kind.EVENT, handle)) this.#requests.ask(Op.EVENT_SET, handle, 0);
    else this.#local.eventSet(handle);
  }

  conditionEnqueue(handle: Handle, mode: Mode): OutcomeOrTicket {
    if (this.#isFar(Kind.CONDITION, handle)) return this.#requests.begin(Op.CONDITION_ENQUEUE, handle, mode, -1);
    return this.#local.conditionEnqueue(handle, mode);
  }

  conditionNotify(handle: Handle, count: number): number {
    if (!this.#isFar(Kind.CONDITION, handle)) return this.#local.conditionNotify(handle, count);
    this.#requests.ask(Op.CONDITION_NOTIFY, handle, count);
    return this.out[0] as number;
  }

  barrierArrive(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.BARRIER, handle)) return this.#begin(Op.BARRIER_ARRIVE, handle, mode, timeout);
    return this.#local.barrierArrive(handle, mode, timeout);
  }

  barrierRelease(handle: Handle): void {
    if (this.#isFar(Kind.BARRIER, handle)) this.#requests.ask(Op.BARRIER_RELEASE, handle, 0);
    else this.#local.barrierRelease(handle);
  }

  barrierBreak(handle: Handle): void {
    if (this.#isFar(Kind.BARRIER, handle)) this.#requests.ask(Op.BARRIER_BREAK, handle, 0);
    else this.#local.barrierBreak(handle);
  }

  barrierReset(handle: Handle): void {
    if (this.#isFar(Kind.BARRIER, handle)) this.#requests.ask(Op.BARRIER_RESET, handle, 0);
    else this.#local.barrierReset(handle);
  }

  queueInit(handle: Handle, discipline: number, maxSize: number): void {
    this.#local.queueInit(handle, discipline, maxSize);
  }

  queuePut(
    handle: Handle,
    reserved: boolean,
    item: EncodedItem,
    key: Uint8Array | undefined,
    blocking?: boolean,
  ): OutcomeCode {
    if (!this.#isFar(Kind.QUEUE, handle)) return this.#local.queuePut(handle, reserved, item, key, blocking);
    try {
      return this.#requests.put(handle, reserved, item, key) as OutcomeCode;
    } catch (error) {
      // Nobody else will drop the item.
      for (const held of item.handles) this.#local.release(held);
      item.handles = [];
      throw error;
    }
  }

  queueTake(handle: Handle, reserved: boolean, blocking?: boolean): number | string | Uint8Array | undefined {
    if (this.#isFar(Kind.QUEUE, handle)) return this.#requests.take(handle, reserved);
    return this.#local.queueTake(handle, reserved, blocking);
  }

  queueAwaitPlace(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.QUEUE, handle)) return this.#begin(Op.QUEUE_AWAIT_PLACE, handle, mode, timeout);
    return this.#local.queueAwaitPlace(handle, mode, timeout);
  }

  queueAwaitItem(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.QUEUE, handle)) return this.#begin(Op.QUEUE_AWAIT_ITEM, handle, mode, timeout);
    return this.#local.queueAwaitItem(handle, mode, timeout);
  }

  queueUnreserve(handle: Handle, what: 0 | 1): void {
    if (this.#isFar(Kind.QUEUE, handle)) this.#requests.ask(Op.QUEUE_UNRESERVE, handle, what);
    else this.#local.queueUnreserve(handle, what);
  }

  queueTaskDone(handle: Handle): OutcomeCode {
    if (this.#isFar(Kind.QUEUE, handle)) return this.#requests.ask(Op.QUEUE_TASK_DONE, handle, 0) as OutcomeCode;
    return this.#local.queueTaskDone(handle);
  }

  queueJoin(handle: Handle, mode: Mode, timeout: number): OutcomeOrTicket {
    if (this.#isFar(Kind.QUEUE, handle)) return this.#begin(Op.QUEUE_JOIN, handle, mode, timeout);
    return this.#local.queueJoin(handle, mode, timeout);
  }

  queueShutdown(handle: Handle, immediate: boolean): void {
    if (this.#isFar(Kind.QUEUE, handle)) this.#requests.ask(Op.QUEUE_SHUTDOWN, handle, immediate ? 1 : 0);
    else this.#local.queueShutdown(handle, immediate);
  }

  queueResize(handle: Handle, maxSize: number): void {
    if (this.#isFar(Kind.QUEUE, handle)) this.#requests.ask(Op.QUEUE_RESIZE, handle, maxSize);
    else this.#local.queueResize(handle, maxSize);
  }

  arrayAllocate(handle: Handle, byteLength: number): void {
    this.#local.arrayAllocate(handle, byteLength);
  }

  arrayBuffer(handle: Handle): { buffer: ArrayBufferLike; byteOffset: number } {
    return this.#local.arrayBuffer(handle);
  }

  wait(ticket: number, timeout: number): OutcomeCode {
    if (this.#requests.has(ticket)) return this.#requests.wait(ticket, timeout) as OutcomeCode;
    const outcome = this.#local.wait(ticket, timeout);
    if (outcome === Outcome.PENDING) this.#lookAround();
    return outcome;
  }

  /** A thread that blocks may wait for the end of a process whose watcher has ended while nobody could be told. */
  #lookAround(): void {
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + BETWEEN_LOOKS_MS;
    this.#forsakeOrphans();
  }

  #forsakeOrphans(): void {
    // What this isolate grants itself nobody rings for.
    if (this.processes.forsakeOrphans()) queueMicrotask(() => this.#settleReady?.());
  }

  cancel(ticket: number): OutcomeCode {
    return this.#requests.has(ticket) ? (this.#requests.cancel(ticket) as OutcomeCode) : this.#local.cancel(ticket);
  }

  drain(): number {
    const count = this.#local.drain();
    this.#requests.translate(this.ready, count);
    return count;
  }

  onReady(callback: () => void): void {
    this.#settleReady = callback;
    this.#local.onReady(callback);
  }

  nativeThreadId(): number {
    return this.#local.nativeThreadId();
  }

  yieldCore(): void {
    this.#local.yieldCore();
  }

  leaveCore(): boolean {
    return this.#local.leaveCore();
  }

  isCoreWanted(): boolean {
    return this.#local.isCoreWanted();
  }

  setThreadName(name: string): void {
    this.#local.setThreadName(name);
  }
}
