/**
 * Proxies: cells that stand for objects of another process, where processes share no memory and each has an arena of its
 * own. A proxy's KIND is that of its object with PROXY, so that the local engine finds nothing to do with it;
 * `proxying-engine.ts` sends what is asked of it to its owner.
 *
 * Its state word makes the inlined paths of the classes give up: a mutex looks held by nobody of this arena, with
 * waiters, a semaphore and an event as if others waited.
 *
 * The broker of the process (`lib/processes/broker.ts`) makes proxies and holds a reference to each; it also takes
 * the requests, in the queue that the proxy names.
 */
import {
  Barrier,
  Cell,
  Event,
  Kind,
  MAX_SLOTS,
  Mutex,
  PipeEnd,
  PROXIED_KINDS,
  PROXY,
  ProxyWord,
  Queue,
  Semaphore,
} from '../../memory/layout.js';

/** Holder, in the state of a proxied mutex, when nobody of this arena holds it. */
const NOBODY = MAX_SLOTS;

/** What can be asked of an owner. Those up to LAST_WAIT may wait: they come to a ticket. */
export const Op = {
  MUTEX_ACQUIRE: 1,
  SEMAPHORE_ACQUIRE: 2,
  EVENT_WAIT: 3,
  CONDITION_ENQUEUE: 4,
  BARRIER_ARRIVE: 5,
  QUEUE_AWAIT_PLACE: 6,
  QUEUE_AWAIT_ITEM: 7,
  QUEUE_JOIN: 8,
  LAST_WAIT: 8,
  MUTEX_RELEASE: 9,
  SEMAPHORE_RELEASE: 10,
  EVENT_SET: 11,
  EVENT_CLEAR: 12,
  CONDITION_NOTIFY: 13,
  BARRIER_RELEASE: 14,
  BARRIER_BREAK: 15,
  BARRIER_RESET: 16,
  QUEUE_PUT: 17,
  QUEUE_TAKE: 18,
  QUEUE_UNRESERVE: 19,
  QUEUE_TASK_DONE: 20,
  QUEUE_SHUTDOWN: 21,
  QUEUE_RESIZE: 22,
  LOOK: 23,
  /** Gives up a wait. What was granted is delivered before the answer. */
  CANCEL: 24,
  /** To the broker alone: this isolate's reference is gone, and it is to look whether that was the last. */
  DISOWN: 25,
} as const;

/** What the class of an object reads in its cell without asking, by kind. */
const COPIED: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [Kind.SEMAPHORE, [Semaphore.BOUND, Semaphore.BOUNDED]],
  [Kind.BARRIER, [Barrier.PARTIES]],
  [Kind.QUEUE, [Queue.DISCIPLINE]],
]);
/** Words that hold other objects, of which a proxy holds the proxies. */
const PARTS: ReadonlyMap<number, readonly number[]> = new Map([[Kind.PIPE_END, [PipeEnd.INCOMING, PipeEnd.OUTGOING]]]);
const NO_WORDS: readonly number[] = [];

/** The kind of an object or of a proxy of one. */
export function kindOf(words: Int32Array, handle: number): number {
  return (words[handle] as number) & ~PROXY;
}

/** Whether objects of a kind can have proxies. */
export function canBeProxied(kind: number): boolean {
  return (PROXIED_KINDS & (1 << kind)) !== 0;
}

/** Whether the broker that lives in a slot has, or can have, another process know an object. */
export function canLeave(words: Int32Array, handle: number, broker: number): boolean {
  const kind = words[handle] as number;
  return kind < PROXY ? canBeProxied(kind) : words[handle + ProxyWord.BROKER] === broker;
}

/** What a proxy of the object has to know. */
export function copiedWords(words: Int32Array, handle: number): number[] {
  return (COPIED.get(kindOf(words, handle)) ?? NO_WORDS).map((word) => words[handle + word] as number);
}

/** Where an object of a kind, or a proxy of one, holds others. */
export function partWords(kind: number): readonly number[] {
  return PARTS.get(kind) ?? NO_WORDS;
}

/** Makes a cell that nobody knows yet a proxy of an object. */
export function fillProxy(words: Int32Array, proxy: number, copied: readonly number[]): void {
  const kind = kindOf(words, proxy);
  (COPIED.get(kind) ?? NO_WORDS).forEach((word, i) => {
    words[proxy + word] = copied[i] as number;
  });
  if (kind === Kind.MUTEX) setHolder(words, proxy, NOBODY, false);
  else if (kind === Kind.SEMAPHORE) words[proxy + Cell.STATE] = Semaphore.PARKED;
  else if (kind === Kind.EVENT) words[proxy + Cell.STATE] = Event.PARKED;
}

/** Notes which isolate of this arena holds a proxied mutex, and whether its holder before died. */
export function setHolder(words: Int32Array, proxy: number, slot: number, died: boolean): void {
  const state = (slot << Mutex.OWNER_SHIFT) | Mutex.LOCKED | Mutex.PARKED | (died ? Mutex.OWNER_DIED : 0);
  Atomics.store(words, proxy + Cell.STATE, state);
}

/** Notes that no isolate of this arena holds it. */
export function clearHolder(words: Int32Array, proxy: number): void {
  setHolder(words, proxy, NOBODY, false);
}
