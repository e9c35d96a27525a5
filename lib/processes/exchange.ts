/**
 * A broker's dealings with objects of other processes: the proxies of this arena, who their owners are, and the requests
 * that isolates of this process make to them (see `engine/proxies/requests.ts`).
 *
 * Only a broker gives out a proxy to who does not have it. So one that it finds with no reference but its own is
 * nobody's, and goes. It looks from time to time, and also for isolates that have ended since they asked for something.
 *
 * An item that was taken elsewhere for an isolate here, and for which the arena has no room, the broker keeps: who asked is told
 * so, and who asks next gets it.
 */

import { handlesOf } from '../codec/tail.js';
import type { Handle } from '../engine/engine.js';
import { encodedItem, itemValueOf, payloadOf } from '../engine/item-payload.js';
import { clearHolder, kindOf, Op, setHolder } from '../engine/proxies/proxy.js';
import type { ProxyingEngine } from '../engine/proxies/proxying-engine.js';
import {
  ANSWER_WORDS,
  Answer,
  endWait,
  RAW_LANE,
  REFUSED,
  REQUEST_WORDS,
  Request,
} from '../engine/proxies/requests.js';
import { engine as ownEngine } from '../engine/select.js';
import { isLive } from '../engine/slot-word.js';
import { promise, settleOwnGrants } from '../engine/wait.js';
import { ArenaExhaustedError } from '../errors.js';
import { Cell, Kind, Mutex, Outcome, WaiterMode } from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import type { Granted, Parcel, Refused, Result, Traffic } from './line.js';
import { Peer, refused } from './peer.js';

/** How often it looks for proxies and isolates that are gone, while there are any. Milliseconds. */
const LOOK_MS = 100;

/** How often it looks for requests where the arena has no room for its wait. Milliseconds. */
const LOOK_FOR_REQUEST_MS = 5;

/** Whose a proxy's object is, and its handle there. */
interface Home {
  readonly peer: Peer;
  readonly object: number;
}

/** An isolate of this process that has asked for something. */
interface Caller {
  readonly slot: number;
  readonly generation: number;
}

/** A wait of an isolate of this process for an object of another. */
interface Wait {
  readonly proxy: Handle;
  /** Is set when the wait has ended: see `requests.ts`. This isolate has a reference. */
  readonly event: Handle;
  readonly caller: Caller;
}

export class Exchange {
  readonly engine = ownEngine as ProxyingEngine;
  /** All of the control segment. */
  readonly words = this.engine.allWords();
  readonly #requests = new SimpleQueue();
  readonly #homes = new Map<Handle, Home>();
  readonly #peers = new Map<string, Peer>();
  readonly #callers = new Map<string, Caller>();
  /** By number, and the numbers by event. */
  readonly #waits = new Map<number, Wait>();
  readonly #numbers = new Map<Handle, number>();
  #lastWait = 0;
  /** Objects that peers know, and how many do. */
  readonly #held = new Map<Handle, number>();
  /** By the proxies of their queues: items that have found no room here. */
  readonly #kept = new Map<Handle, Parcel[]>();
  #lastPeer = 0;
  #looks: NodeJS.Timeout | undefined;

  constructor() {
    void this.#takeRequests();
  }

  /** A process that has come. `lose()` it when it has ended. */
  meet(send: (message: Traffic) => void): Peer {
    const peer = new Peer(this, String(++this.#lastPeer), send);
    this.#peers.set(peer.name, peer);
    return peer;
  }

  /** Forgets a peer that is lost. What is left of its objects stays until nobody has it. */
  part(peer: Peer): void {
    this.#peers.delete(peer.name);
    for (const proxy of this.#kept.keys()) if (this.#homes.get(proxy)?.peer === peer) this.#kept.delete(proxy);
    peer.lose();
    settleOwnGrants();
  }

  /** Whose the object is; undefined when it is this process's. */
  homeOf(handle: Handle): Home | undefined {
    return this.#homes.get(handle);
  }

  createProxy(kind: number, copied: readonly number[], peer: Peer, object: number): Handle {
    const proxy = this.engine.createProxy(kind, copied, this.#requests._handle);
    this.#homes.set(proxy, { peer, object });
    this.#looks ??= setInterval(() => this.#look(), LOOK_MS).unref();
    return proxy;
  }

  /** Keeps an object for a peer. */
  hold(handle: Handle): void {
    const holders = this.#held.get(handle) ?? 0;
    this.#held.set(handle, holders + 1);
    if (holders > 0 || this.#homes.has(handle)) return;
    this.engine.retain(handle);
    this.engine.adopt(handle);
  }

  unhold(handle: Handle): void {
    const holders = (this.#held.get(handle) ?? 0) - 1;
    if (holders > 0) {
      this.#held.set(handle, holders);
      return;
    }
    this.#held.delete(handle);
    // A proxy goes when nobody here has it either.
    if (!this.#homes.has(handle)) this.engine.disown(handle);
  }

  deliver(granted: Granted): void {
    const { isolate, number, outcome, value } = granted;
    const slash = isolate.indexOf('/');
    if (slash >= 0) {
      this.#peers.get(isolate.slice(0, slash))?.send({ ...granted, isolate: isolate.slice(slash + 1) });
      return;
    }
    const wait = this.#waits.get(number);
    // It may have gone with who waited for it.
    if (wait !== undefined) this.#endWait(number, wait, outcome, value);
  }

  #endWait(number: number, wait: Wait, outcome: number, value: number): void {
    const { proxy, event, caller } = wait;
    if (outcome === Outcome.GRANTED && kindOf(this.words, proxy) === Kind.MUTEX)
      setHolder(this.words, proxy, caller.slot, value !== 0);
    endWait(this.engine, event, outcome, value);
    this.#forgetWait(number, event);
  }

  #forgetWait(number: number, event: Handle): void {
    this.#waits.delete(number);
    this.#numbers.delete(event);
    this.engine.disown(event);
  }

  /** Ends the waits for objects of a peer that is lost. */
  endWaitsOf(peer: Peer): void {
    for (const [number, wait] of this.#waits)
      if (this.#homes.get(wait.proxy)?.peer === peer) this.#endWait(number, wait, Outcome.OWNER_LOST, 0);
  }

  /**
   * Gives what was asked of a proxy to who asked. Where that throws, for want of room, an item in it is kept.
   */
  handOver(proxy: Handle, result: Result, give: (result: Result) => void): void {
    const item = 'outcome' in result ? result.item : undefined;
    const kept = this.#kept.get(proxy) ?? [];
    const isKept = item !== undefined && kept[0] === item;
    try {
      give(result);
    } catch (error) {
      if (item !== undefined && !isKept) this.#kept.set(proxy, [...kept, item]);
      throw error;
    }
    if (!isKept) return;
    kept.shift();
    if (kept.length === 0) this.#kept.delete(proxy);
  }

  /** The answer to a take of a queue of which items are kept: the first of them. */
  keptOf(proxy: Handle): Result | undefined {
    const item = this.#kept.get(proxy)?.[0];
    return item && { outcome: Outcome.OK, value: 0, item };
  }

  tellOthers(but: Peer, message: Traffic): void {
    for (const peer of this.#peers.values()) if (peer !== but) peer.send(message);
  }

  async #takeRequests(): Promise<void> {
    const { engine } = this;
    const queue = this.#requests._handle;
    for (;;) {
      let reserved = await this.#awaitRequest(queue);
      for (;;) {
        const taken = engine.queueTake(queue, reserved) as Uint8Array | undefined;
        reserved = false;
        if ((engine.out[0] as number) <= 0) break;
        this.#serve((taken ?? engine.scratch).slice(0, engine.out[1]));
      }
    }
  }

  /** Whether a request is reserved. Without room to wait, it is time to look for one. */
  async #awaitRequest(queue: Handle): Promise<boolean> {
    try {
      const begun = this.engine.queueAwaitItem(queue, WaiterMode.LOOP, -1);
      return (await promise(begun, -1, undefined, (outcome) => outcome)) === Outcome.GRANTED;
    } catch (error) {
      if (!(error instanceof ArenaExhaustedError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_FOR_REQUEST_MS));
      return false;
    }
  }

  #serve(bytes: Uint8Array): void {
    const fields = new Int32Array(bytes.buffer, 0, REQUEST_WORDS);
    const field = (word: number): number => fields[word] as number;
    const proxy = field(Request.PROXY);
    const answers = field(Request.ANSWERS);
    const lane = field(Request.LANE);
    const keyStart = REQUEST_WORDS * 4;
    const keyEnd = keyStart + Math.max(0, field(Request.KEY));
    const key = field(Request.KEY) < 0 ? undefined : bytes.slice(keyStart, keyEnd);
    const caller: Caller = { slot: field(Request.SLOT), generation: field(Request.GENERATION) };
    const event = field(Request.WAIT);
    const isolate = `${caller.slot}.${caller.generation}`;
    this.#callers.set(isolate, caller);
    if (field(Request.OP) === Op.DISOWN) {
      this.engine.release(proxy);
      this.#dropUnused(proxy);
      this.#answer(answers, undefined, { outcome: Outcome.OK, value: 0, item: undefined }, proxy);
      return;
    }
    const { peer, object } = this.#homes.get(proxy) as Home;
    const op = field(Request.OP);
    const number = event === 0 ? 0 : this.#numberOf(op, event, proxy, caller);
    const answer = (result: Result): void => {
      // What goes on waits, what was given up has ended.
      const goesOn = op !== Op.CANCEL && 'outcome' in result && result.outcome === Outcome.PENDING;
      if (number !== 0 && !goesOn && this.#waits.has(number)) this.#forgetWait(number, event);
      this.#answer(answers, peer, result, proxy);
      this.engine.release(proxy);
    };
    let item: ReturnType<Peer['pack']> | undefined;
    if (lane !== 0) {
      const value = itemValueOf(lane, bytes.subarray(keyEnd));
      try {
        item = peer.pack(lane, value);
      } catch (error) {
        answer(refused(error));
        return;
      } finally {
        if (value instanceof Uint8Array) for (const handle of handlesOf(lane, value)) this.engine.release(handle);
      }
    }
    const a = op === Op.CANCEL ? number : field(Request.A);
    peer.ask(proxy, { isolate, op, object, a, number, item, key }, answer);
  }

  /** The number of a wait by its event, of which the request had a reference. */
  #numberOf(op: number, event: Handle, proxy: Handle, caller: Caller): number {
    if (op === Op.CANCEL) {
      this.engine.release(event);
      return this.#numbers.get(event) ?? 0;
    }
    this.engine.adopt(event);
    const number = ++this.#lastWait;
    this.#waits.set(number, { proxy, event, caller });
    this.#numbers.set(event, number);
    return number;
  }

  #answer(answers: Handle, peer: Peer | undefined, result: Result, proxy: Handle): void {
    try {
      this.handOver(proxy, result, (what) => this.#send(answers, peer, what));
    } catch (error) {
      this.#refuse(answers, refused(error));
    }
    this.engine.release(answers);
    settleOwnGrants();
  }

  /** With words, or, where there is no room for them, without. Where there is no room at all, it says that there will be no answer. */
  #refuse(answers: Handle, refusal: Refused): void {
    for (const words of [refusal.refusal, '']) {
      try {
        this.#send(answers, undefined, { ...refusal, refusal: words });
        return;
      } catch (error) {
        if (!(error instanceof ArenaExhaustedError)) throw error;
      }
    }
    this.engine.queueShutdown(answers, false);
  }

  #send(answers: Handle, peer: Peer | undefined, result: Result): void {
    let outcome: number = REFUSED;
    let value = 0;
    let lane = 0;
    let payload: Uint8Array = Buffer.alloc(0);
    let handles: Handle[] = [];
    if ('refusal' in result) {
      value = result.code;
      payload = Buffer.from(result.refusal, 'utf8');
    } else {
      outcome = result.outcome;
      value = result.value;
      if (result.item !== undefined && peer !== undefined) {
        const unpacked = peer.unpack(result.item);
        handles = unpacked.handles;
        lane = unpacked.lane;
        payload = payloadOf(lane, unpacked.value);
      }
    }
    const bytes = new Uint8Array(ANSWER_WORDS * 4 + payload.length);
    const fields = new Int32Array(bytes.buffer, 0, ANSWER_WORDS);
    fields[Answer.OUTCOME] = outcome;
    fields[Answer.VALUE] = value;
    fields[Answer.LANE] = lane;
    bytes.set(payload, ANSWER_WORDS * 4);
    const { engine } = this;
    const put = engine.queuePut(answers, false, encodedItem(RAW_LANE, bytes, handles), undefined);
    if (put === Outcome.OK) return;
    for (const handle of handles) engine.release(handle);
    throw new ArenaExhaustedError('the arena of the process has no room for the answer of another');
  }

  #look(): void {
    const { words } = this;
    for (const [isolate, { slot, generation }] of this.#callers) {
      if (isLive(words, slot, generation)) continue;
      this.#callers.delete(isolate);
      for (const proxy of this.#homes.keys()) this.#clearHolder(proxy, slot);
      for (const [number, { event, caller }] of this.#waits)
        if (caller.slot === slot && caller.generation === generation) this.#forgetWait(number, event);
      for (const peer of this.#peers.values()) peer.send({ kind: 'gone', isolate });
    }
    for (const proxy of this.#homes.keys()) this.#dropUnused(proxy);
    // Who asks for something has a proxy.
    if (this.#homes.size === 0 && this.#callers.size === 0) {
      clearInterval(this.#looks);
      this.#looks = undefined;
    }
    settleOwnGrants();
  }

  /** Drops a proxy that nobody has. */
  #dropUnused(proxy: Handle): void {
    const home = this.#homes.get(proxy);
    if (home === undefined || this.#held.has(proxy) || this.#kept.has(proxy)) return;
    if (Atomics.load(this.words, proxy + Cell.REFS) !== 1) return;
    this.#homes.delete(proxy);
    this.engine.disown(proxy);
    home.peer.drop(home.object);
  }

  /** A dead isolate holds nothing. */
  #clearHolder(proxy: Handle, slot: number): void {
    const { words } = this;
    if (kindOf(words, proxy) !== Kind.MUTEX) return;
    if (Atomics.load(words, proxy + Cell.STATE) >> Mutex.OWNER_SHIFT === slot) clearHolder(words, proxy);
  }
}
