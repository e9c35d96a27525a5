/**
 * An agent does in this process, as the owner of objects, what an isolate of another process asks for. It is an engine
 * with a slot of its own, so what it holds and waits for is known as that isolate's: when that one ends, its agent is
 * swept as a dead thread is, which passes on its locks, takes it out of the lines it stood in, and gives back what it was
 * granted and had not taken.
 */
import type { EncodedItem, Handle } from '../engine/engine.js';
import type { AgentEngine } from '../engine/proxies/local-engine.js';
import { Op } from '../engine/proxies/proxy.js';
import { slotWord } from '../engine/slot-word.js';
import { Cell, FIRST_TICKET, Kind, Mutex, Outcome, Slot, WaiterMode } from '../memory/layout.js';

const { LOOP } = WaiterMode;

/** A wait under way. */
interface Wait {
  readonly object: Handle;
  /** Its number there. */
  readonly number: number;
  readonly ended: WaitEnded;
}

/** Is told what a wait has come to, which may have been given up at that moment. */
export type WaitEnded = (outcome: number, value: number) => void;

/** What an operation came to: PENDING for a wait that goes on. */
export interface Done {
  readonly outcome: number;
  readonly value: number;
  /** What was taken out of a queue. */
  readonly lane?: number;
  readonly taken?: number | string | Uint8Array;
  /** Why nothing was taken: an object that cannot go to the other process. */
  readonly obstacle?: Handle;
}

export class Agent {
  readonly #engine: AgentEngine;
  readonly #waits = new Map<number, Wait>();
  readonly #tickets = new Map<number, number>();
  /** What it may hold, and what a sweep therefore has to look at: it has a reference to each. */
  readonly #adopted = new Set<Handle>();

  constructor(engine: AgentEngine) {
    this.#engine = engine;
    engine.onReady(() => this.#settle());
  }

  retire(): void {
    this.#waits.clear();
    this.#engine.retire();
  }

  /** The process that it acts for has no use for an object any more. */
  part(object: Handle): void {
    if (this.#adopted.delete(object)) this.#engine.disown(object);
  }

  #adopt(object: Handle): void {
    if (this.#adopted.has(object)) return;
    this.#adopted.add(object);
    this.#engine.retain(object);
    this.#engine.adopt(object);
  }

  /** Begins what may wait. `number` 0: it must not. */
  begin(op: number, object: Handle, number: number, ended: WaitEnded): Done {
    const outcome = this.#begin(op, object, number === 0 ? 0 : -1);
    const done =
      outcome >= FIRST_TICKET
        ? { outcome: Outcome.PENDING, value: 0 }
        : { outcome, value: this.#valueOf(object, outcome, this.#engine.out[0] as number) };
    if (outcome >= FIRST_TICKET) {
      this.#waits.set(outcome, { object, number, ended });
      this.#tickets.set(number, outcome);
    }
    this.#settle();
    return done;
  }

  #begin(op: number, object: Handle, timeout: number): number {
    const engine = this.#engine;
    switch (op) {
      case Op.MUTEX_ACQUIRE:
        this.#adopt(object);
        return engine.mutexAcquire(object, LOOP, timeout);
      case Op.SEMAPHORE_ACQUIRE:
        return engine.semaphoreAcquire(object, LOOP, timeout);
      case Op.EVENT_WAIT:
        return engine.eventWait(object, LOOP, timeout);
      case Op.CONDITION_ENQUEUE:
        return engine.conditionEnqueue(object, LOOP);
      case Op.BARRIER_ARRIVE:
        this.#adopt(object);
        return engine.barrierArrive(object, LOOP, timeout);
      case Op.QUEUE_AWAIT_PLACE:
        return engine.queueAwaitPlace(object, LOOP, timeout);
      case Op.QUEUE_AWAIT_ITEM:
        return engine.queueAwaitItem(object, LOOP, timeout);
      default:
        return engine.queueJoin(object, LOOP, timeout);
    }
  }

  /** What does not wait. */
  perform(op: number, object: Handle, a: number): Done {
    try {
      return this.#perform(op, object, a);
    } finally {
      this.#settle();
    }
  }

  #perform(op: number, object: Handle, a: number): Done {
    const engine = this.#engine;
    let outcome: number = Outcome.OK;
    let value = 0;
    switch (op) {
      case Op.MUTEX_RELEASE:
        outcome = engine.mutexRelease(object);
        break;
      case Op.SEMAPHORE_RELEASE:
        outcome = engine.semaphoreRelease(object, a);
        break;
      case Op.EVENT_SET:
        engine.eventSet(object);
        break;
      case Op.EVENT_CLEAR:
        engine.eventClear(object);
        break;
      case Op.CONDITION_NOTIFY:
        value = engine.conditionNotify(object, a);
        break;
      case Op.BARRIER_RELEASE:
        engine.barrierRelease(object);
        break;
      case Op.BARRIER_BREAK:
        engine.barrierBreak(object);
        break;
      case Op.BARRIER_RESET:
        engine.barrierReset(object);
        break;
      case Op.QUEUE_UNRESERVE:
        engine.queueUnreserve(object, a as 0 | 1);
        break;
      case Op.QUEUE_TASK_DONE:
        outcome = engine.queueTaskDone(object);
        break;
      case Op.QUEUE_SHUTDOWN:
        engine.queueShutdown(object, a !== 0);
        break;
      case Op.QUEUE_RESIZE:
        engine.queueResize(object, a);
        break;
      case Op.LOOK:
        value = engine.look(object, a);
        break;
      case Op.CANCEL:
        this.#cancel(a);
        break;
      default:
        throw new TypeError(`malformed request: unknown operation ${op}`);
    }
    return { outcome, value };
  }

  put(queue: Handle, reserved: boolean, item: EncodedItem, key: Uint8Array | undefined): Done {
    const outcome = this.#engine.queuePut(queue, reserved, item, key);
    this.#settle();
    return { outcome, value: 0 };
  }

  /** Takes an item, unless it holds an object that cannot go by that broker: then it stays. */
  take(queue: Handle, reserved: boolean, broker: number): Done {
    const { out, scratch } = this.#engine;
    const taken = this.#engine.queueTakeFor(queue, reserved, broker);
    const lane = out[0] as number;
    const beside = out[1] as number;
    let done: Done;
    if (lane > 0) done = { outcome: Outcome.OK, value: 0, lane, taken: taken ?? scratch.slice(0, beside) };
    else if (lane === -Outcome.MISUSE) done = { outcome: -lane, value: 0, obstacle: beside };
    else done = { outcome: -lane, value: 0 };
    this.#settle();
    return done;
  }

  /** Gives up a wait, unless it has ended. */
  #cancel(number: number): void {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) return;
    const outcome = this.#engine.cancel(ticket);
    if (outcome === Outcome.TIMED_OUT) this.#forget(ticket);
    else this.#end(ticket, outcome, this.#engine.out[0] as number);
  }

  /** Takes what was granted; also by this agent itself, of which nobody rings. */
  #settle(): void {
    const { ready, words, self } = this.#engine;
    if (Atomics.load(words, slotWord(self, Slot.READY)) === 0) return;
    for (;;) {
      const count = this.#engine.drain();
      for (let i = 0; i < count; i++)
        this.#end(ready[3 * i] as number, ready[3 * i + 1] as number, ready[3 * i + 2] as number);
      if (3 * count < ready.length) return;
    }
  }

  #end(ticket: number, outcome: number, value: number): void {
    const wait = this.#forget(ticket);
    wait?.ended(outcome, this.#valueOf(wait.object, outcome, value));
  }

  #forget(ticket: number): Wait | undefined {
    const wait = this.#waits.get(ticket);
    this.#waits.delete(ticket);
    if (wait !== undefined) this.#tickets.delete(wait.number);
    return wait;
  }

  /** Of a mutex: whether its holder before died. */
  #valueOf(object: Handle, outcome: number, value: number): number {
    if (outcome !== Outcome.GRANTED || this.#engine.look(object, Cell.KIND) !== Kind.MUTEX) return value;
    return this.#engine.look(object, Cell.STATE) & Mutex.OWNER_DIED;
  }
}
