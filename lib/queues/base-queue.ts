/**
 * Items in and out of a queue cell: what all queues have in common.
 *
 * A put encodes its item before anything else, so that what cannot travel throws while the queue is as
 * it was, and what waits for a place is the item as it was at the call. Whoever waits is granted a
 * place or an item by the one who makes it available; it is used, or given back, and never lost.
 */
import { decode, discard, encode, encodeOwned, neededModules, own } from '../codec/codec.js';
import { Lane } from '../codec/lanes.js';
import { requireInteger } from '../engine/arguments.js';
import type { EncodedItem, Outcome as OutcomeCode } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { SharedObject } from '../engine/shared-object.js';
import {
  block,
  deadlineOf,
  noRoom,
  promise,
  type SyncWaitOptions,
  settleOwnGrants,
  signalOf,
  timeLeft,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { QueueEmptyError, QueueFullError, QueueShutDownError } from '../errors.js';
import { Kind, Outcome, WaiterMode } from '../memory/layout.js';
import '../shipping/lane.js';
import { importModules, modulesLoaded } from '../shipping/modules.js';
import { itemsIn } from './counts.js';
import { encodeKey, type PriorityKey } from './priority-key.js';

const DONE = Promise.resolve();
const ring = engine.itemRing;
if (ring !== undefined) ring.onNotice = settleOwnGrants;
export const NOW: SyncWaitOptions = { timeout: 0 };
export const MOST_ITEMS = 0x3fffffff;

/** What `queueTake` returns. */
type Taken = number | string | Uint8Array | undefined;

/** An item that waits to be put. */
interface Parcel {
  readonly item: EncodedItem;
  readonly key: Uint8Array | undefined;
}

/** A put that did not come to OK or FULL. */
function refusal(outcome: OutcomeCode): Error {
  switch (outcome) {
    case Outcome.SHUT_DOWN:
      return new QueueShutDownError('the queue is shut down');
    case Outcome.INCOMPARABLE:
      return new TypeError(
        'the priority of the item cannot be compared with those in the queue, which are of another kind',
      );
    case Outcome.NO_MEMORY:
      return noRoom();
    default:
      return new QueueFullError('the queue is full');
  }
}

function stillFull(timeout: number): QueueFullError {
  return new QueueFullError(timeout === 0 ? 'the queue is full' : `the queue was still full after ${timeout} ms`);
}

function stillEmpty(timeout: number): QueueEmptyError {
  return new QueueEmptyError(timeout === 0 ? 'the queue is empty' : `the queue was still empty after ${timeout} ms`);
}

export abstract class BaseQueue<T> extends SharedObject {
  /** Thrown by the next take: an item that `getMany` took and could not decode, after others that it could. */
  #failure: { readonly error: unknown } | undefined;

  constructor(discipline: number, maxSize: number) {
    super(Kind.QUEUE);
    if (!this.adopted) engine.queueInit(this._handle, discipline, maxSize);
  }

  /**
   * Puts an item, waiting for a free place. What waits is the item as it is at the call.
   *
   * @throws NotSerializableError or FunctionNotShippableError when the item cannot travel; QueueFullError
   * when no place came free in time; QueueShutDownError when the queue is shut down; the signal's reason
   * when that is aborted first. The queue is then as it was.
   */
  put(item: T, options?: WaitOptions): Promise<void> {
    try {
      const timeout = options === undefined ? -1 : timeoutOf(options);
      const signal = options === undefined ? undefined : signalOf(options);
      const priority = this._priorityOf(item);
      const encoded = encode(item);
      const key = this.#keyOf(priority, encoded);
      if (this.#putNow(encoded, key, timeout, false)) return DONE;
      return this.#putInTurn({ item: own(encoded), key: key?.slice() }, timeout, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking the calling thread, the main thread included. */
  putSync(item: T, options?: SyncWaitOptions): void {
    if (typeof item === 'number' && options === undefined && ring?.putNumber(this._handle, item)) return;
    this.#putSync(item, options);
  }

  #putSync(item: T, options: SyncWaitOptions | undefined): void {
    const timeout = options === undefined ? -1 : timeoutOf(options);
    const priority = this._priorityOf(item);
    const encoded = encode(item);
    const key = this.#keyOf(priority, encoded);
    if (this.#putNow(encoded, key, timeout, true)) return;
    // While the thread is blocked nobody encodes over the shared item.
    this.#putBlocking(encoded, key, deadlineOf(timeout), timeout);
  }

  /**
   * Takes an item, waiting for one.
   *
   * @throws QueueEmptyError when none came in time; QueueShutDownError when the queue is shut down and
   * empty; the signal's reason when that is aborted first.
   */
  get(options?: WaitOptions): Promise<T> {
    try {
      const timeout = options === undefined ? -1 : timeoutOf(options);
      const signal = options === undefined ? undefined : signalOf(options);
      this.#throwFailure();
      const taken = engine.queueTake(this._handle, false);
      const lane = engine.out[0] as number;
      if (lane > 0) return Promise.resolve(this.#receive(lane, taken));
      if (lane !== -Outcome.EMPTY || timeout === 0) throw this.#nothing(lane, timeout);
      return this.#takeInTurn(timeout, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking the calling thread, the main thread included. */
  getSync(options?: SyncWaitOptions): T {
    if (this.#failure !== undefined) this.#throwFailure();
    if (options === undefined && ring?.takeNumber(this._handle)) return ring.value as T;
    return this.#takeSync(options);
  }

  #takeSync(options: SyncWaitOptions | undefined): T {
    const timeout = options === undefined ? -1 : timeoutOf(options);
    let taken = engine.queueTake(this._handle, false, timeout !== 0);
    let lane = engine.out[0] as number;
    if (lane <= 0) {
      if (lane === -Outcome.EMPTY && timeout !== 0) {
        taken = this.#takeBlocking(timeout);
        lane = engine.out[0] as number;
      }
      if (lane <= 0) throw this.#nothing(lane, timeout);
    }
    return this.#receiveSync(lane, taken);
  }

  /**
   * Takes an item if there is one. Python: `get_nowait()`.
   *
   * @throws QueueEmptyError, QueueShutDownError.
   */
  getNowait(): T {
    return this.getSync(NOW);
  }

  /** How many items there are. Others may put and take at any time, so what it says may be over at once. */
  qsize(): number {
    return itemsIn(this._handle);
  }

  /** True while there is no item. See `qsize`. */
  empty(): boolean {
    return this.qsize() === 0;
  }

  /** What orders the item; undefined where arrival does. @internal */
  _priorityOf(_item: T): PriorityKey | undefined {
    return undefined;
  }

  /** What the key is called in errors. @internal */
  get _keyName(): string {
    return 'item';
  }

  // After the user's code has run (a priority function, a getter), which may itself put: the bytes of a
  // key last until the next.
  #keyOf(priority: PriorityKey | undefined, encoded: EncodedItem): Uint8Array | undefined {
    if (priority === undefined) return undefined;
    try {
      return encodeKey(priority, this._keyName);
    } catch (error) {
      discard(encoded);
      throw error;
    }
  }

  /**
   * Puts the item if there is a place; false when it has to wait for one, which `timeout` allows. `blocks`:
   * the thread will sleep then, rather than its loop go on. Throws, with the item dropped, when refused.
   */
  #putNow(item: EncodedItem, key: Uint8Array | undefined, timeout: number, blocks: boolean): boolean {
    const outcome = engine.queuePut(this._handle, false, item, key, blocks && timeout !== 0);
    settleOwnGrants();
    if (outcome === Outcome.OK) return true;
    if (outcome === Outcome.FULL && timeout !== 0) return false;
    discard(item);
    throw refusal(outcome);
  }

  #putInTurn(parcel: Parcel, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const begun = engine.queueAwaitPlace(this._handle, WaiterMode.LOOP, timeout);
    if (begun === Outcome.NO_MEMORY) {
      discard(parcel.item);
      throw noRoom();
    }
    return promise(begun, timeout, signal, (outcome) => this.#useGrant(outcome, parcel.item, parcel.key, timeout));
  }

  #putBlocking(item: EncodedItem, key: Uint8Array | undefined, deadline: number, timeout: number): void {
    const begun = engine.queueAwaitPlace(this._handle, WaiterMode.THREAD, timeLeft(deadline));
    if (begun === Outcome.NO_MEMORY) {
      discard(item);
      throw noRoom();
    }
    this.#useGrant(block(begun, deadline), item, key, timeout);
  }

  /** Puts the item into the place that was granted; otherwise drops it and throws why. */
  #useGrant(outcome: OutcomeCode, item: EncodedItem, key: Uint8Array | undefined, timeout: number): void {
    let put = outcome;
    if (outcome === Outcome.GRANTED) {
      put = engine.queuePut(this._handle, true, item, key);
      settleOwnGrants();
      if (put === Outcome.OK) return;
    }
    discard(item);
    throw put === Outcome.TIMED_OUT ? stillFull(timeout) : refusal(put);
  }

  #takeInTurn(timeout: number, signal: AbortSignal | undefined): Promise<T> {
    return promise(engine.queueAwaitItem(this._handle, WaiterMode.LOOP, timeout), timeout, signal, (outcome) => {
      if (outcome !== Outcome.GRANTED) throw this.#nothing(-outcome, timeout);
      const taken = engine.queueTake(this._handle, true);
      const lane = engine.out[0] as number;
      if (lane <= 0) throw this.#nothing(lane, timeout);
      return this.#receive(lane, taken);
    });
  }

  /** Leaves what came of it in `engine.out`, as `queueTake` does. */
  #takeBlocking(timeout: number): Taken {
    const deadline = deadlineOf(timeout);
    const outcome = block(engine.queueAwaitItem(this._handle, WaiterMode.THREAD, timeout), deadline);
    if (outcome === Outcome.GRANTED) return engine.queueTake(this._handle, true);
    engine.out[0] = -outcome;
    return undefined;
  }

  /** Why there is no item, from the negative outcome. */
  #nothing(lane: number, timeout: number): Error {
    return lane === -Outcome.SHUT_DOWN
      ? new QueueShutDownError('the queue is shut down and empty')
      : stillEmpty(timeout);
  }

  #receiveSync(lane: number, taken: Taken): T {
    settleOwnGrants();
    if (lane === Lane.NUMBER || lane === Lane.STRING) return taken as T;
    return decode(lane, taken, engine.scratch, engine.out[1] as number) as T;
  }

  /** As `receiveSync`, but first imports the modules of functions in the item. */
  #receive(lane: number, taken: Taken): T | Promise<T> {
    const length = engine.out[1] as number;
    if (lane === Lane.VALUE) {
      const urls = neededModules(lane, taken, engine.scratch, length);
      if (urls.length > 0 && !modulesLoaded(urls)) {
        settleOwnGrants();
        const bytes = (taken as Uint8Array | undefined) ?? engine.scratch.slice(0, length);
        // Where a module cannot be imported, decoding says so, and lets go of what the item holds.
        const imported = importModules(urls).catch(() => undefined);
        return imported.then(() => decode(lane, bytes, engine.scratch, bytes.length) as T);
      }
    }
    return this.#receiveSync(lane, taken);
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    throw failure.error;
  }

  /** `putMany` of the queues that have it. @internal */
  async _putMany(items: Iterable<T>, options: WaitOptions | undefined): Promise<void> {
    const timeout = timeoutOf(options);
    const deadline = deadlineOf(timeout);
    const signal = signalOf(options);
    const parcels = this.#parcels(items);
    let next = 0;
    try {
      for (const parcel of parcels) {
        next++;
        if (this.#putNow(parcel.item, parcel.key, timeout, false)) continue;
        await this.#putInTurn(parcel, timeLeft(deadline), signal);
      }
    } finally {
      for (; next < parcels.length; next++) discard((parcels[next] as Parcel).item);
    }
  }

  /** @internal */
  _putManySync(items: Iterable<T>, options: SyncWaitOptions | undefined): void {
    const timeout = timeoutOf(options);
    const deadline = deadlineOf(timeout);
    const parcels = this.#parcels(items);
    let next = 0;
    try {
      for (const parcel of parcels) {
        next++;
        if (this.#putNow(parcel.item, parcel.key, timeout, true)) continue;
        this.#putBlocking(parcel.item, parcel.key, deadline, timeout);
      }
    } finally {
      for (; next < parcels.length; next++) discard((parcels[next] as Parcel).item);
    }
  }

  /** All items encoded, or none: one that cannot travel must not leave half of them put. */
  #parcels(items: Iterable<T>): Parcel[] {
    if (typeof (items as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] !== 'function') {
      throw new TypeError('items must be iterable');
    }
    const parcels: Parcel[] = [];
    try {
      for (const item of items) {
        const priority = this._priorityOf(item);
        const encoded = encodeOwned(item, `items[${parcels.length}]`);
        parcels.push({ item: encoded, key: this.#keyOf(priority, encoded)?.slice() });
      }
    } catch (error) {
      for (const parcel of parcels) discard(parcel.item);
      throw error;
    }
    return parcels;
  }

  /** `getMany` of the queues that have it. @internal */
  async _getMany(max: number, options: WaitOptions | undefined): Promise<T[]> {
    requireInteger('max', max, 1, MOST_ITEMS);
    const items: (T | Promise<T>)[] = [await this.get(options)];
    this.#takeMore(items, max, (lane, taken) => this.#receive(lane, taken));
    const received: T[] = [];
    for (const outcome of await Promise.allSettled(items)) {
      if (outcome.status === 'fulfilled') received.push(outcome.value);
      else this.#failure ??= { error: outcome.reason };
    }
    return received;
  }

  /** @internal */
  _getManySync(max: number, options: SyncWaitOptions | undefined): T[] {
    requireInteger('max', max, 1, MOST_ITEMS);
    const items = [this.getSync(options)];
    this.#takeMore(items, max, (lane, taken) => this.#receiveSync(lane, taken));
    return items;
  }

  /** Takes what is there without waiting, until there are `max` items. */
  #takeMore<R>(items: R[], max: number, receive: (lane: number, taken: Taken) => R): void {
    while (items.length < max) {
      let taken: Taken;
      try {
        taken = engine.queueTake(this._handle, false);
      } catch {
        // Nothing was taken; who takes next is told why, unless it is gone by then.
        return;
      }
      const lane = engine.out[0] as number;
      if (lane <= 0) return;
      try {
        items.push(receive(lane, taken));
      } catch (error) {
        this.#failure = { error };
        return;
      }
    }
  }
}
