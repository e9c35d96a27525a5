/**
 * Operations on proxies, as the isolate that calls them does them: each is a request to the broker, which asks the
 * object's owner, and the thread sleeps until the answer is there. The broker is another thread, so Sync calls and
 * calls of a loop are served alike.
 *
 * A wait links a node of this arena in the proxy's list, then asks. The owner has a node of its own; what that one is
 * granted the broker delivers to this one, by the number of the wait. So `wait`, `drain` and `cancel` are as for any
 * node, but that a wait is given up only after the owner has been told: its answer comes behind what it has granted.
 *
 *   request  REQUEST_WORDS words, key, payload; references to the proxy, to the queue for the answer, and to
 *            the objects in the payload
 *   answer   ANSWER_WORDS words, payload; references to the objects in the payload
 */
import { ArenaExhaustedError, NotSerializableError, OwnerLostError } from '../../errors.js';
import { Cell, FIRST_TICKET, ItemLane, Kind, Node, Outcome, Slot, SlotState, WaiterMode } from '../../memory/layout.js';
import type { EncodedItem } from '../engine.js';
import type { Isolate } from './isolate.js';
import { link, takeNode } from './node.js';
import { clearHolder, kindOf, Op, ProxyWord, setHolder, WAIT_NUMBER, WAIT_NUMBERS } from './proxy.js';
import { queueAwaitItem, queueInit, queuePut, queueTake } from './queue.js';
import { disown, release } from './references.js';
import { slotWord } from './slots.js';
import { grantAll, unlink } from './wait-list.js';
import { cancel, giveUp, wait } from './waiter.js';

/** Words of a request. */
export const Request = {
  OP: 0,
  PROXY: 1,
  ANSWERS: 2,
  /** Who asks: a slot and its generation. */
  SLOT: 3,
  GENERATION: 4,
  /** Node and number of a wait, 0 for none. */
  NODE: 5,
  NUMBER: 6,
  /** Arguments. */
  A: 7,
  B: 8,
  /** Lane of the payload, 0 for none. */
  LANE: 9,
  /** Length in bytes of the key, -1 for none. */
  KEY: 10,
} as const;
export const REQUEST_WORDS = 11;

/** Words of an answer. */
export const Answer = {
  /** An Outcome, or REFUSED. */
  OUTCOME: 0,
  /** What comes beside the outcome; of a refusal, its `Refusal`. */
  VALUE: 1,
  /** Lane of the payload, 0 for none. The payload of a refusal says why. */
  LANE: 2,
} as const;
export const ANSWER_WORDS = 3;
export const REFUSED = -1;
export const Refusal = { OWNER_LOST: 0, NOT_SERIALIZABLE: 1, EXHAUSTED: 2 } as const;

/** Lane of requests and answers themselves. Any that the engine does not read. */
export const RAW_LANE = 100;

function refusal(code: number, why: string): Error {
  if (code === Refusal.NOT_SERIALIZABLE) return new NotSerializableError(why);
  if (code === Refusal.EXHAUSTED)
    return new ArenaExhaustedError(why || 'the arena of the process has no room for the answer of another');
  return new OwnerLostError(why);
}

/** The payload of an item as bytes. */
export function payloadOf(lane: number, value: number | string | Uint8Array): Uint8Array {
  if (lane === ItemLane.NUMBER) return new Uint8Array(new Float64Array([value as number]).buffer);
  if (lane === ItemLane.STRING) return Buffer.from(value as string, 'utf8');
  return value as Uint8Array;
}

/** And back. */
export function itemValueOf(lane: number, payload: Uint8Array): number | string | Uint8Array {
  if (lane === ItemLane.NUMBER) return new Float64Array(payload.slice().buffer)[0] as number;
  if (lane === ItemLane.STRING) return Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  return payload.slice();
}

function payloadOfItem(item: EncodedItem): Uint8Array {
  if (item.lane === ItemLane.NUMBER) return payloadOf(item.lane, item.number);
  return item.lane === ItemLane.STRING ? payloadOf(item.lane, item.string) : item.bytes.subarray(0, item.length);
}

/** What came of a request. */
interface Answered {
  readonly outcome: number;
  readonly value: number;
  readonly lane: number;
  readonly payload: Uint8Array;
}

export class Proxies {
  readonly #isolate: Isolate;
  /** Queue of this isolate's answers, 0 before the first request. */
  #answers = 0;

  constructor(isolate: Isolate) {
    this.#isolate = isolate;
    isolate.withdrawFromOwner = (node) => this.#withdraw(node);
  }

  /** An operation that does not wait. Leaves the value in `out[0]` and returns the outcome. */
  ask(op: number, proxy: number, a: number, b: number): number {
    const { out, words } = this.#isolate;
    // Before the owner knows: who is granted it next may be of this arena.
    if (op === Op.MUTEX_RELEASE) clearHolder(words, proxy);
    const { outcome, value } = this.#request(op, proxy, a, b, 0, 0);
    out[0] = value;
    return outcome;
  }

  /** Begins a wait: an outcome, with its value in `out[0]`, or a ticket. */
  begin(op: number, proxy: number, mode: number, timeout: number): number {
    const isolate = this.#isolate;
    if (timeout === 0) return this.#note(proxy, this.#request(op, proxy, 0, 0, 0, 0));
    const node = takeNode(isolate);
    if (node === 0) return Outcome.NO_MEMORY;
    const { section, words } = isolate;
    const number = Atomics.add(words, WAIT_NUMBERS, 1) + 1;
    words[node + WAIT_NUMBER] = number;
    section.lock(proxy);
    link(isolate, proxy, Cell.WAITERS, node, mode, 0);
    section.unlock();
    let answered: Answered;
    try {
      answered = this.#request(op, proxy, 0, 0, node, number);
    } catch (error) {
      giveUp(isolate, node);
      throw error;
    }
    if (answered.outcome === Outcome.PENDING) return node;
    giveUp(isolate, node);
    return this.#note(proxy, answered);
  }

  put(proxy: number, reserved: boolean, item: EncodedItem, key: Uint8Array | undefined): number {
    const { outcome } = this.#request(Op.QUEUE_PUT, proxy, reserved ? 1 : 0, 0, 0, 0, item, key);
    // The owner's queue has references of its own.
    if (outcome === Outcome.OK) for (const handle of item.handles) release(this.#isolate, handle);
    return outcome;
  }

  take(proxy: number, reserved: boolean): number | string | Uint8Array | undefined {
    const { out } = this.#isolate;
    const { outcome, lane, payload } = this.#request(Op.QUEUE_TAKE, proxy, reserved ? 1 : 0, 0, 0, 0);
    if (lane === 0) {
      out[0] = -outcome;
      return undefined;
    }
    out[0] = lane;
    out[1] = payload.length;
    return itemValueOf(lane, payload);
  }

  /** Drops this isolate's reference. If it was the last, the owner learns of it before anything that is asked later. */
  disown(proxy: number): void {
    try {
      this.#request(Op.DISOWN, proxy, 0, 0, 0, 0);
    } catch (error) {
      if (!(error instanceof OwnerLostError)) throw error;
    }
  }

  /** What is granted at once is this isolate's. */
  #note(proxy: number, { outcome, value }: Answered): number {
    const { out, self, words } = this.#isolate;
    if (outcome === Outcome.GRANTED && kindOf(words, proxy) === Kind.MUTEX) setHolder(words, proxy, self, value !== 0);
    out[0] = value;
    return outcome;
  }

  /** The owner gives up a wait. What it had granted is delivered when this returns. */
  #withdraw(node: number): void {
    const { words } = this.#isolate;
    try {
      this.#request(Op.CANCEL, words[node + Node.CELL] as number, words[node + WAIT_NUMBER] as number, 0, 0, 0);
    } catch (error) {
      // It has ended, and grants nothing more.
      if (!(error instanceof OwnerLostError)) throw error;
    }
  }

  #request(
    op: number,
    proxy: number,
    a: number,
    b: number,
    node: number,
    number: number,
    item?: EncodedItem,
    key?: Uint8Array,
  ): Answered {
    const isolate = this.#isolate;
    const { self, words } = isolate;
    const answers = this.#ownAnswers();
    const payload = item === undefined ? undefined : payloadOfItem(item);
    const head = REQUEST_WORDS * 4;
    const keyLength = key?.length ?? 0;
    const bytes = new Uint8Array(head + keyLength + (payload?.length ?? 0));
    const fields = new Int32Array(bytes.buffer, 0, REQUEST_WORDS);
    fields.set([op, proxy, answers, self, words[slotWord(self, Slot.GENERATION)] as number, node, number, a, b]);
    fields[Request.LANE] = item?.lane ?? 0;
    fields[Request.KEY] = key === undefined ? -1 : keyLength;
    if (key !== undefined) bytes.set(key, head);
    if (payload !== undefined) bytes.set(payload, head + keyLength);

    const handles = [proxy, answers, ...(item?.handles ?? [])];
    for (const handle of handles) Atomics.add(words, handle + Cell.REFS, 1);
    if (op === Op.DISOWN) disown(isolate, proxy);
    const request = { lane: RAW_LANE, number: 0, string: '', bytes, length: bytes.length, handles };
    const put = queuePut(isolate, words[proxy + ProxyWord.REQUESTS] as number, false, request, undefined);
    if (put !== Outcome.OK) {
      for (const handle of handles) release(isolate, handle);
      throw new ArenaExhaustedError('the arena has no room for a request to the owner of a shared object');
    }
    return this.#answer(proxy, answers);
  }

  #ownAnswers(): number {
    if (this.#answers !== 0) return this.#answers;
    const isolate = this.#isolate;
    const answers = isolate.cells.create(Kind.QUEUE);
    if (answers === 0) throw new ArenaExhaustedError('the arena has no room for another shared object');
    queueInit(isolate, answers, 0, 0);
    this.#answers = answers;
    return answers;
  }

  #answer(proxy: number, answers: number): Answered {
    const isolate = this.#isolate;
    const begun = queueAwaitItem(isolate, answers, WaiterMode.THREAD, -1);
    let outcome = begun;
    if (begun >= FIRST_TICKET) {
      do outcome = this.#slice(begun, proxy);
      while (outcome === Outcome.PENDING);
    }
    if (outcome !== Outcome.GRANTED) {
      // An answer that comes after all must not be taken for that of another request.
      this.#answers = 0;
      disown(isolate, answers);
      throw outcome === Outcome.NO_MEMORY
        ? new ArenaExhaustedError('the arena has no room for another waiter')
        : new OwnerLostError('the object belongs to another process, and the thread that talks with it has ended');
    }
    const taken = (queueTake(isolate, answers, true) as Uint8Array | undefined) ?? isolate.scratch;
    const bytes = taken.slice(0, isolate.out[1] as number);
    const fields = new Int32Array(bytes.buffer, 0, ANSWER_WORDS);
    const payload = bytes.subarray(ANSWER_WORDS * 4);
    const came = fields[Answer.OUTCOME] as number;
    const value = fields[Answer.VALUE] as number;
    if (came === REFUSED) throw refusal(value, Buffer.from(payload).toString('utf8'));
    return { outcome: came, value, lane: fields[Answer.LANE] as number, payload };
  }

  /** A call of its own, as `waitSlice` of `wait.ts`. Gives up when there is nobody to answer. */
  #slice(node: number, proxy: number): number {
    const isolate = this.#isolate;
    const { words } = isolate;
    const outcome = wait(isolate, node, -1, false);
    if (outcome !== Outcome.PENDING) return outcome;
    const broker = words[proxy + ProxyWord.BROKER] as number;
    const there =
      Atomics.load(words, slotWord(broker, Slot.STATE)) === SlotState.LIVE &&
      words[slotWord(broker, Slot.GENERATION)] === words[proxy + ProxyWord.BROKER_GENERATION];
    return there ? outcome : cancel(isolate, node);
  }
}

/** For a broker: a wait for a proxy has come to an end. Nothing happens when nobody waits for that any more. */
export function deliverToProxy(
  isolate: Isolate,
  proxy: number,
  node: number,
  number: number,
  outcome: number,
  value: number,
): void {
  const { section, words } = isolate;
  section.lock(proxy);
  // Under the guard a node that is linked here stays so, and its number is never given twice.
  const waits =
    words[node] === Kind.NODE &&
    words[node + Node.CELL] === proxy &&
    words[node + Node.NEXT] !== 0 &&
    words[node + WAIT_NUMBER] === number;
  if (waits) {
    if (outcome === Outcome.GRANTED && kindOf(words, proxy) === Kind.MUTEX)
      setHolder(words, proxy, words[node + Node.SLOT] as number, value !== 0);
    unlink(section, proxy + Cell.WAITERS, node);
    section.grant(node, outcome, value);
  }
  section.unlock();
}

/** For a broker: all who wait for a proxy get that outcome. */
export function endWaitsOfProxy(isolate: Isolate, proxy: number, outcome: number): void {
  const { section } = isolate;
  section.lock(proxy);
  grantAll(section, proxy + Cell.WAITERS, outcome);
  section.unlock();
}
