/**
 * What a broker has with one other process: a parent, or a child. Both sides are alike; each owns objects of which the
 * other has proxies.
 *
 *   lent      objects of this arena that the other side knows, each with how often it was sent
 *   arrived   proxies of objects of the other side, each with how often it has arrived
 *   agents    who does here what isolates there ask for
 *   calls     what isolates here have asked for and is not answered
 *
 * A proxy that nobody here refers to any more is dropped, and the other side told how often it had arrived. It takes that
 * from its count, so an object that it has sent meanwhile stays.
 *
 * What is asked of a proxy that belongs to a third process is passed on to that one, with the name of this peer before
 * the isolate's, so a process knows its parent and its children only.
 */
import { changeHandles, handlesOf } from '../codec/tail.js';
import type { Handle } from '../engine/engine.js';
import { encodedItem } from '../engine/item-payload.js';
import { canBeProxied, canLeave, copiedWords, kindOf, Op, partWords } from '../engine/proxies/proxy.js';
import { Refusal } from '../engine/proxies/requests.js';
import { ArenaExhaustedError, NotSerializableError } from '../errors.js';
import { Outcome } from '../memory/layout.js';
import { Agent } from './agent.js';
import type { Exchange } from './exchange.js';
import type { Call, Handed, Parcel, Refused, Result, Traffic } from './line.js';

/** An item of this arena, with a reference to each of its objects. */
export interface Unpacked {
  readonly lane: number;
  readonly value: number | string | Uint8Array;
  readonly handles: Handle[];
}

interface Arrival {
  readonly proxy: Handle;
  times: number;
}

export class Peer {
  /** Unique among the peers of this broker. */
  readonly name: string;
  readonly #exchange: Exchange;
  readonly #send: (message: Traffic) => void;
  readonly #lent = new Map<Handle, number>();
  readonly #arrived = new Map<number, Arrival>();
  readonly #agents = new Map<string, Agent>();
  readonly #calls = new Map<number, (result: Result) => void>();
  #lastCall = 0;
  #lost = false;

  constructor(exchange: Exchange, name: string, send: (message: Traffic) => void) {
    this.#exchange = exchange;
    this.name = name;
    this.#send = send;
  }

  /**
   * An item as it goes to the other side. The references in it stay the caller's.
   *
   * @throws NotSerializableError when something in it has no proxy; nothing is then lent.
   */
  pack(lane: number, value: number | string | Uint8Array): Parcel {
    if (!(value instanceof Uint8Array)) return { lane, value, objects: [] };
    const handles = handlesOf(lane, value);
    for (const handle of handles) {
      const obstacle = this.#obstacle(handle);
      if (obstacle !== undefined) throw new NotSerializableError(obstacle);
    }
    return { lane, value, objects: handles.map((handle) => this.#lend(handle)) };
  }

  /** Why an object of this arena cannot go to the other side; undefined: it can. */
  #obstacle(handle: Handle): string | undefined {
    const { engine, words } = this.#exchange;
    if (canLeave(words, handle, engine.self)) return undefined;
    return canBeProxied(kindOf(words, handle))
      ? 'a shared object in the item belongs to a process that another thread has to do with, and cannot go to this one ' +
          'where processes share no memory (engine.supports.processSharedMemory); start both processes in the same thread'
      : 'a shared object in the item cannot go to another process where processes share no memory ' +
          '(engine.supports.processSharedMemory): only locks, events, semaphores, conditions, barriers, queues and pipes do; ' +
          'send what it holds';
  }

  #lend(handle: Handle): Handed {
    const home = this.#exchange.homeOf(handle);
    if (home?.peer === this) return { home: home.object };
    const times = this.#lent.get(handle) ?? 0;
    if (times === 0) this.#exchange.hold(handle);
    this.#lent.set(handle, times + 1);
    const { words } = this.#exchange;
    const kind = kindOf(words, handle);
    const parts = partWords(kind).map((word) => {
      const part = words[handle + word] as Handle;
      return part === 0 ? undefined : this.#lend(part);
    });
    return { handle, kind, copied: copiedWords(words, handle), parts };
  }

  /** An item that has come from the other side. @throws ArenaExhaustedError; it can then be unpacked again. */
  unpack({ lane, value, objects }: Parcel): Unpacked {
    const handles = this.#receiveAll(objects);
    let next = 0;
    if (value instanceof Uint8Array) changeHandles(lane, value, () => handles[next++] as Handle);
    return { lane, value, handles };
  }

  /** The handles here of objects that have come, each with a reference for who gets it: of all, or of none. */
  #receiveAll(objects: readonly (Handed | undefined)[]): Handle[] {
    const handles: Handle[] = [];
    try {
      for (const handed of objects) handles.push(handed === undefined ? 0 : this.#receive(handed));
    } catch (error) {
      this.#unreceive(objects, handles);
      throw error;
    }
    return handles;
  }

  /** As if they had not come. */
  #unreceive(objects: readonly (Handed | undefined)[], handles: readonly Handle[]): void {
    handles.forEach((handle, i) => {
      if (handle !== 0) this.#exchange.engine.release(handle);
      this.#uncount(objects[i]);
    });
  }

  #uncount(handed: Handed | undefined): void {
    if (handed === undefined || 'home' in handed) return;
    const arrival = this.#arrived.get(handed.handle);
    if (arrival !== undefined) arrival.times--;
    for (const part of handed.parts) this.#uncount(part);
  }

  #receive(handed: Handed): Handle {
    const { engine, words } = this.#exchange;
    if ('home' in handed) {
      engine.retain(handed.home);
      return handed.home;
    }
    const { handle, kind, copied } = handed;
    const parts = this.#receiveAll(handed.parts);
    let arrival = this.#arrived.get(handle);
    if (arrival === undefined) {
      let proxy: Handle;
      try {
        proxy = this.#exchange.createProxy(kind, copied, this, handle);
      } catch (error) {
        this.#unreceive(handed.parts, parts);
        throw error;
      }
      partWords(kind).forEach((word, i) => {
        words[proxy + word] = parts[i] as Handle;
      });
      arrival = { proxy, times: 0 };
      this.#arrived.set(handle, arrival);
    } else {
      for (const part of parts) if (part !== 0) engine.release(part);
    }
    arrival.times++;
    engine.retain(arrival.proxy);
    return arrival.proxy;
  }

  /** A proxy that nobody refers to. */
  drop(object: number): void {
    const arrival = this.#arrived.get(object);
    this.#arrived.delete(object);
    if (arrival !== undefined) this.send({ kind: 'dropped', object, arrivals: arrival.times });
  }

  send(message: Traffic): void {
    if (!this.#lost) this.#send(message);
  }

  /**
   * `call` in the name of `proxy`, an object of the other side, but that a kept item comes before others. What was reserved
   * for who takes it is given back then.
   */
  ask(proxy: Handle, call: Omit<Call, 'kind' | 'id'>, done: (result: Result) => void): void {
    const kept = call.op === Op.QUEUE_TAKE ? this.#exchange.keptOf(proxy) : undefined;
    if (kept === undefined) {
      this.call(call, done);
      return;
    }
    if (call.a !== 0) this.call({ ...call, op: Op.QUEUE_UNRESERVE }, () => {});
    done(kept);
  }

  /** Asks the other side; `done` is called once, at once when it has ended. An item in the result: see `unpack`. */
  call(call: Omit<Call, 'kind' | 'id'>, done: (result: Result) => void): void {
    if (this.#lost) {
      done(lost);
      return;
    }
    const id = ++this.#lastCall;
    this.#calls.set(id, done);
    this.#send({ kind: 'call', id, ...call });
  }

  receive(message: Traffic): void {
    // What a dead process had still asked for nobody waits for.
    if (this.#lost) return;
    switch (message.kind) {
      case 'call':
        this.#serve(message);
        break;
      case 'reply': {
        const done = this.#calls.get(message.id);
        this.#calls.delete(message.id);
        done?.(message.result);
        break;
      }
      case 'granted':
        this.#exchange.deliver(message);
        break;
      case 'gone':
        this.#forget(message.isolate);
        break;
      default:
        this.#takeBack(message.object, message.arrivals);
    }
  }

  #takeBack(object: Handle, arrivals: number): void {
    const times = (this.#lent.get(object) ?? 0) - arrivals;
    if (times > 0) {
      this.#lent.set(object, times);
      return;
    }
    if (!this.#lent.delete(object)) return;
    for (const agent of this.#agents.values()) agent.part(object);
    this.#exchange.unhold(object);
  }

  /** Isolates of the other side have ended: see `Gone`. */
  #forget(name: string): void {
    for (const [isolate, agent] of this.#agents) {
      if (isolate !== name && !(name.endsWith('/') && isolate.startsWith(name))) continue;
      this.#agents.delete(isolate);
      agent.retire();
    }
    this.#exchange.tellOthers(this, { kind: 'gone', isolate: `${this.name}/${name}` });
  }

  /** The other side has ended, and with it its objects. */
  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    for (const agent of this.#agents.values()) agent.retire();
    this.#agents.clear();
    this.#exchange.tellOthers(this, { kind: 'gone', isolate: `${this.name}/` });
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const done of calls) done(lost);
    this.#exchange.endWaitsOf(this);
    for (const object of this.#lent.keys()) this.#exchange.unhold(object);
    this.#lent.clear();
  }

  #serve(call: Call): void {
    let result: Result;
    try {
      const home = this.#exchange.homeOf(call.object);
      if (home !== undefined) {
        this.#passOn(call, home.peer, home.object);
        return;
      }
      result = this.#perform(call);
    } catch (error) {
      result = refused(error);
    }
    this.send({ kind: 'reply', id: call.id, result });
  }

  #perform(call: Call): Result {
    const { op, object, a, isolate, number } = call;
    let agent = this.#agents.get(isolate);
    if (agent === undefined) {
      agent = new Agent(this.#exchange.engine.createAgent());
      this.#agents.set(isolate, agent);
    }
    if (op === Op.QUEUE_PUT) return this.#put(agent, call);
    if (op === Op.QUEUE_TAKE) return this.#take(agent, call);
    if (op <= Op.LAST_WAIT) {
      const ended = (outcome: number, value: number): void =>
        this.send({ kind: 'granted', isolate, number, outcome, value });
      const { outcome, value } = agent.begin(op, object, number, ended);
      return { outcome, value, item: undefined };
    }
    const { outcome, value } = agent.perform(op, object, a);
    return { outcome, value, item: undefined };
  }

  #put(agent: Agent, { object, a, item, key }: Call): Result {
    const { lane, value, handles } = this.unpack(item as Parcel);
    const { outcome } = agent.put(object, a !== 0, encodedItem(lane, value, handles), key);
    // Those that the queue has not taken over.
    if (outcome !== Outcome.OK) for (const handle of handles) this.#exchange.engine.release(handle);
    return { outcome, value: 0, item: undefined };
  }

  /** An item that cannot go to the other side is not taken: others here can have it. */
  #take(agent: Agent, { object, a }: Call): Result {
    const { outcome, value, lane, taken, obstacle } = agent.take(object, a !== 0, this.#exchange.engine.self);
    if (obstacle !== undefined)
      throw new NotSerializableError(`${this.#obstacle(obstacle)}; the item stays where it is`);
    if (lane === undefined || taken === undefined) return { outcome, value, item: undefined };
    try {
      return { outcome, value, item: this.pack(lane, taken) };
    } finally {
      this.#releaseAll(lane, taken);
    }
  }

  #releaseAll(lane: number, value: number | string | Uint8Array): void {
    if (!(value instanceof Uint8Array)) return;
    for (const handle of handlesOf(lane, value)) this.#exchange.engine.release(handle);
  }

  /** Asks the process that the object belongs to, and passes the answer back. */
  #passOn(call: Call, owner: Peer, object: number): void {
    const { op, a, isolate, number, key } = call;
    const item = call.item === undefined ? undefined : this.#relay(call.item, this, owner);
    const asked = { isolate: `${this.name}/${isolate}`, op, object, a, number, item, key };
    const reply = (result: Result): void => this.send({ kind: 'reply', id: call.id, result });
    owner.ask(call.object, asked, (result) => {
      try {
        this.#exchange.handOver(call.object, result, (what) => reply(this.#relayResult(what, owner)));
      } catch (error) {
        reply(refused(error));
      }
    });
  }

  #relayResult(result: Result, owner: Peer): Result {
    if (!('outcome' in result) || result.item === undefined) return result;
    return { ...result, item: this.#relay(result.item, owner, this) };
  }

  #relay(parcel: Parcel, from: Peer, to: Peer): Parcel {
    const { lane, value } = from.unpack(parcel);
    try {
      return to.pack(lane, value);
    } finally {
      this.#releaseAll(lane, value);
    }
  }
}

const lost: Result = {
  refusal: 'the object belongs to another process, which has ended',
  code: Refusal.OWNER_LOST,
};

export function refused(error: unknown): Refused {
  const refusal = error instanceof Error ? error.message : String(error);
  if (error instanceof NotSerializableError) return { refusal, code: Refusal.NOT_SERIALIZABLE };
  return { refusal, code: error instanceof ArenaExhaustedError ? Refusal.EXHAUSTED : Refusal.OWNER_LOST };
}
