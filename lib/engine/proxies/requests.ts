/**
 * Operations on proxies, as the isolate that calls them does them: each is a request to the broker, which asks the
 * object's owner, and the thread sleeps until the answer is there. The broker is another thread, so Sync calls and
 * calls of a loop are served alike.
 *
 * Who has to wait does so for an event of this arena, which goes with the request. The owner links a waiter of its own;
 * what that one is granted the broker writes in the event, and sets it. A wait is given up only after the owner has
 * been told: its answer comes behind what it has granted.
 *
 *   request  REQUEST_WORDS words, key, payload; references to the proxy, to the queue for the answer, to the event
 *            of a wait, and to the objects in the payload
 *   answer   ANSWER_WORDS words, payload; references to the objects in the payload
 */
import { ArenaExhaustedError, NotSerializableError, OwnerLostError } from '../../errors.js';
import { Discipline, FIRST_TICKET, Kind, Outcome, ProxyWord, Slot, WaiterMode } from '../../memory/layout.js';
import type { EncodedItem, Engine, Handle, Mode } from '../engine.js';
import { itemValueOf, payloadOfItem } from '../item-payload.js';
import { pause } from '../pause.js';
import { isLive, slotWord } from '../slot-word.js';
import { wordsOf } from '../words-of.js';
import { clearHolder, kindOf, Op, setHolder } from './proxy.js';

/** Words of a request. */
export const Request = {
  OP: 0,
  PROXY: 1,
  ANSWERS: 2,
  /** Who asks: a slot and its generation. */
  SLOT: 3,
  GENERATION: 4,
  /** The event of a wait, of one that is given up for CANCEL; 0 for none. */
  WAIT: 5,
  /** Argument. */
  A: 6,
  /** Lane of the payload, 0 for none. */
  LANE: 7,
  /** Length in bytes of the key, -1 for none. */
  KEY: 8,
} as const;
export const REQUEST_WORDS = 9;

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

/** Words of the event of a wait: what it has come to. An Event uses them otherwise for nothing. */
const Ended = { OUTCOME: 12, VALUE: 13 } as const;

/** Lane of requests and answers themselves. Any that the engine does not read. */
export const RAW_LANE = 100;

function refusal(code: number, why: string): Error {
  if (code === Refusal.NOT_SERIALIZABLE) return new NotSerializableError(why);
  if (code === Refusal.EXHAUSTED)
    return new ArenaExhaustedError(why || 'the arena of the process has no room for the answer of another');
  return new OwnerLostError(why);
}

/** What came of a request. */
interface Answered {
  readonly outcome: number;
  readonly value: number;
  readonly lane: number;
  readonly payload: Uint8Array;
}

/** A wait under way. */
interface Wait {
  readonly proxy: Handle;
  readonly event: Handle;
  /** Of mode LOOP, or in the midst of one of mode THREAD: what waits for the event; else 0. */
  node: number;
}

/** For a broker: ends the wait of an isolate of this arena. */
export function endWait(engine: Engine, event: Handle, outcome: number, value: number): void {
  const words = engine.allWords();
  Atomics.store(words, event + Ended.VALUE, value);
  Atomics.store(words, event + Ended.OUTCOME, outcome);
  engine.eventSet(event);
}

export class Requests {
  readonly #engine: Engine;
  /** By ticket: the event, of a thread that blocks, or the node in line for it, of a loop. */
  readonly #waits = new Map<number, Wait>();
  /** Queue of this isolate's answers, 0 before the first request. */
  #answers = 0;

  /** `engine` knows nothing of proxies. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** An operation that does not wait. Leaves the value in `out[0]` and returns the outcome. */
  ask(op: number, proxy: Handle, a: number): number {
    // Before the owner knows: who is granted it next may be of this arena.
    if (op === Op.MUTEX_RELEASE) clearHolder(wordsOf(this.#engine, proxy), proxy);
    const { outcome, value } = this.#request(op, proxy, a, 0);
    this.#engine.out[0] = value;
    return outcome;
  }

  /** Begins a wait: an outcome, with its value in `out[0]`, or a ticket. Blocks for nothing but the answer. */
  begin(op: number, proxy: Handle, mode: Mode, timeout: number): number {
    if (timeout === 0) return this.#note(proxy, this.#request(op, proxy, 0, 0));
    const engine = this.#engine;
    const event = engine.create(Kind.EVENT);
    let wait: Wait;
    let answered: Answered;
    try {
      // In line before the owner knows of it: what is granted comes to a ticket.
      const node = mode === WaiterMode.LOOP ? engine.eventWait(event, mode, -1) : 0;
      wait = { proxy, event, node: node < FIRST_TICKET ? 0 : node };
      if (mode === WaiterMode.LOOP && wait.node === 0) {
        engine.disown(event);
        return node;
      }
      answered = this.#request(op, proxy, 0, event);
    } catch (error) {
      engine.disown(event);
      throw error;
    }
    if (answered.outcome !== Outcome.PENDING) {
      this.#close(wait);
      return this.#note(proxy, answered);
    }
    const ticket = wait.node === 0 ? event : wait.node;
    this.#waits.set(ticket, wait);
    return ticket;
  }

  /** Whether a ticket is of a wait for a proxy. */
  has(ticket: number): boolean {
    return this.#waits.has(ticket);
  }

  /** One slice, as `Engine.wait`. */
  wait(ticket: number, timeout: number): number {
    const engine = this.#engine;
    const wait = this.#waits.get(ticket) as Wait;
    const { event, proxy } = wait;
    const came =
      wait.node === 0 ? engine.eventWait(event, WaiterMode.THREAD, timeout) : engine.wait(wait.node, timeout);
    if (came >= FIRST_TICKET) {
      wait.node = came;
      return Outcome.PENDING;
    }
    if (came === Outcome.PENDING) {
      if (this.#isServed(proxy)) return came;
      this.#finish(ticket, wait);
      return Outcome.OWNER_LOST;
    }
    wait.node = 0;
    if (came !== Outcome.GRANTED) this.#withdraw(wait);
    const ended = this.#finish(ticket, wait);
    return ended === Outcome.TIMED_OUT ? came : ended;
  }

  /** As `Engine.cancel`. */
  cancel(ticket: number): number {
    const wait = this.#waits.get(ticket) as Wait;
    this.#withdraw(wait);
    return this.#finish(ticket, wait);
  }

  /** What `drain` has taken, as who waits for proxies knows it. */
  translate(ready: Int32Array, count: number): void {
    if (this.#waits.size === 0) return;
    for (let i = 0; i < 3 * count; i += 3) {
      const ticket = ready[i] as number;
      const wait = this.#waits.get(ticket);
      if (wait === undefined) continue;
      const words = wordsOf(this.#engine, wait.event);
      ready[i + 1] = Atomics.load(words, wait.event + Ended.OUTCOME);
      ready[i + 2] = Atomics.load(words, wait.event + Ended.VALUE);
      this.#waits.delete(ticket);
      this.#engine.disown(wait.event);
    }
  }

  put(proxy: Handle, reserved: boolean, item: EncodedItem, key: Uint8Array | undefined): number {
    const { outcome } = this.#request(Op.QUEUE_PUT, proxy, reserved ? 1 : 0, 0, item, key);
    // The owner's queue has references of its own.
    if (outcome === Outcome.OK) for (const handle of item.handles) this.#engine.release(handle);
    return outcome;
  }

  take(proxy: Handle, reserved: boolean): number | string | Uint8Array | undefined {
    const { out } = this.#engine;
    const { outcome, lane, payload } = this.#request(Op.QUEUE_TAKE, proxy, reserved ? 1 : 0, 0);
    if (lane === 0) {
      out[0] = -outcome;
      return undefined;
    }
    out[0] = lane;
    out[1] = payload.length;
    return itemValueOf(lane, payload);
  }

  /** Drops this isolate's reference. If it was the last, the owner learns of it before anything that is asked later. */
  disown(proxy: Handle): void {
    try {
      this.#request(Op.DISOWN, proxy, 0, 0);
    } catch (error) {
      if (!(error instanceof OwnerLostError)) throw error;
    }
  }

  /** What is granted at once is this isolate's. */
  #note(proxy: Handle, { outcome, value }: Answered): number {
    const { out, self } = this.#engine;
    const words = wordsOf(this.#engine, proxy);
    if (outcome === Outcome.GRANTED && kindOf(words, proxy) === Kind.MUTEX) setHolder(words, proxy, self, value !== 0);
    out[0] = value;
    return outcome;
  }

  /** The owner gives up a wait. What it had granted is delivered when this returns. */
  #withdraw({ proxy, event }: Wait): void {
    if (Atomics.load(wordsOf(this.#engine, event), event + Ended.OUTCOME) !== 0) return;
    try {
      this.#request(Op.CANCEL, proxy, 0, event);
    } catch (error) {
      // It has ended, and grants nothing more.
      if (!(error instanceof OwnerLostError)) throw error;
    }
  }

  /** Ends a wait here: what it was granted, TIMED_OUT if nothing. */
  #finish(ticket: number, wait: Wait): number {
    const words = wordsOf(this.#engine, wait.event);
    const outcome = Atomics.load(words, wait.event + Ended.OUTCOME);
    const value = Atomics.load(words, wait.event + Ended.VALUE);
    this.#waits.delete(ticket);
    this.#close(wait);
    this.#engine.out[0] = outcome === 0 ? 0 : value;
    return outcome === 0 ? Outcome.TIMED_OUT : outcome;
  }

  #close({ event, node }: Wait): void {
    if (node !== 0) this.#engine.cancel(node);
    this.#engine.disown(event);
  }

  #request(op: number, proxy: Handle, a: number, event: Handle, item?: EncodedItem, key?: Uint8Array): Answered {
    const engine = this.#engine;
    const { self, words } = engine;
    const answers = this.#ownAnswers();
    const payload = item === undefined ? undefined : payloadOfItem(item);
    const head = REQUEST_WORDS * 4;
    const keyLength = key?.length ?? 0;
    const bytes = new Uint8Array(head + keyLength + (payload?.length ?? 0));
    const fields = new Int32Array(bytes.buffer, 0, REQUEST_WORDS);
    fields.set([op, proxy, answers, self, words[slotWord(self, Slot.GENERATION)] as number, event, a]);
    fields[Request.LANE] = item?.lane ?? 0;
    fields[Request.KEY] = key === undefined ? -1 : keyLength;
    if (key !== undefined) bytes.set(key, head);
    if (payload !== undefined) bytes.set(payload, head + keyLength);

    const handles = [proxy, answers, ...(event === 0 ? [] : [event]), ...(item?.handles ?? [])];
    for (const handle of handles) engine.retain(handle);
    if (op === Op.DISOWN) engine.disown(proxy);
    const request = { lane: RAW_LANE, number: 0, string: '', bytes, length: bytes.length, handles };
    const requests = wordsOf(this.#engine, proxy)[proxy + ProxyWord.REQUESTS] as Handle;
    if (engine.queuePut(requests, false, request, undefined) !== Outcome.OK) {
      for (const handle of handles) engine.release(handle);
      throw new ArenaExhaustedError('the arena has no room for a request to the owner of a shared object');
    }
    return this.#answer(proxy, answers);
  }

  #ownAnswers(): Handle {
    if (this.#answers !== 0) return this.#answers;
    const answers = this.#engine.create(Kind.QUEUE);
    this.#engine.queueInit(answers, Discipline.FIFO, 0);
    this.#answers = answers;
    return answers;
  }

  #answer(proxy: Handle, answers: Handle): Answered {
    const engine = this.#engine;
    const bytes = this.#awaitAnswer(proxy, answers);
    if (bytes === undefined) {
      // An answer that comes after all must not be taken for that of another request.
      this.#answers = 0;
      // Shut down by the broker: it has come to know the answer, and cannot say it.
      const isUnspeakable = engine.out[0] === -Outcome.SHUT_DOWN;
      engine.disown(answers);
      if (isUnspeakable) throw refusal(Refusal.EXHAUSTED, '');
      throw new OwnerLostError('the object belongs to another process, and the thread that talks with it has ended');
    }
    const fields = new Int32Array(bytes.buffer, 0, ANSWER_WORDS);
    const payload = bytes.subarray(ANSWER_WORDS * 4);
    const came = fields[Answer.OUTCOME] as number;
    const value = fields[Answer.VALUE] as number;
    if (came === REFUSED) throw refusal(value, Buffer.from(payload).toString('utf8'));
    return { outcome: came, value, lane: fields[Answer.LANE] as number, payload };
  }

  /** The bytes of the answer; undefined when none will come. */
  #awaitAnswer(proxy: Handle, answers: Handle): Uint8Array<ArrayBuffer> | undefined {
    const engine = this.#engine;
    for (;;) {
      const begun = engine.queueAwaitItem(answers, WaiterMode.THREAD, -1);
      let outcome = begun;
      if (begun >= FIRST_TICKET) {
        do outcome = this.#slice(begun, proxy);
        while (outcome === Outcome.PENDING);
      }
      const taken = engine.queueTake(answers, outcome === Outcome.GRANTED) as Uint8Array | undefined;
      if ((engine.out[0] as number) > 0) return (taken ?? engine.scratch).slice(0, engine.out[1]);
      // Without room to wait it is looked for: what has been asked for is done, whoever waits for it or not.
      if (outcome !== Outcome.NO_MEMORY || engine.out[0] !== -Outcome.EMPTY || !this.#isServed(proxy)) return undefined;
      pause(1);
    }
  }

  /** A call of its own, as `waitSlice` of `wait.ts`. Gives up when there is nobody to answer. */
  #slice(node: number, proxy: Handle): number {
    const outcome = this.#engine.wait(node, -1);
    return outcome !== Outcome.PENDING || this.#isServed(proxy) ? outcome : this.#engine.cancel(node);
  }

  /** Whether the broker that has made a proxy is there. */
  #isServed(proxy: Handle): boolean {
    const words = wordsOf(this.#engine, proxy);
    const broker = words[proxy + ProxyWord.BROKER] as number;
    return isLive(this.#engine.words, broker, words[proxy + ProxyWord.BROKER_GENERATION] as number);
  }
}
