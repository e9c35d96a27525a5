/**
 * A function over many items: pulls items, sends them in chunks, hands out the results.
 *
 *   source ──pull──► chunk ──dispatch──► slots (in order of the items, or of completion) ──► consumers
 *     ▲                                                                                        │
 *     └───────────── pulls on while there is room: chunks under way, items not handed out ◄────┘
 *
 * A slot is a chunk under way or finished, or an error at its place: of an item that cannot travel, or of
 * the source. The run ends once, in one of these ways: all is handed out; an error was; `timeout` is over while
 * somebody waits; the signal is aborted; the consumer leaves. At every end but the first the futures are
 * cancelled and the source closed.
 */

import { stays } from '../engine/stays.js';
import {
  checkedTimeout,
  deadlineOf,
  LONGEST_TIMER,
  signalOf,
  timeLeft,
  timeoutOf,
  type WaitOptions,
} from '../engine/wait.js';
import { NotSerializableError, TimeoutError } from '../errors.js';
import { isChunkError } from './chunk.js';
import { ChunkSizer } from './chunk-sizer.js';
import type { Executor } from './executor.js';
import { expiresFirst } from './expiry.js';
import { type KnownFunction, knownFunction } from './functions.js';
import type { Future } from './future.js';
import { hold, release } from './hold.js';
import type { Manner, MapOptions, Mapped } from './map-options.js';
import { NO_VALUES, type Slot, Slots, slotOf } from './map-slots.js';
import { open } from './map-source.js';
import type { TaskOptions } from './task-options.js';
import { addOrigin, type Site, siteOf } from './task-origin.js';

const CHUNKS_UNDER_WAY = 8;
const CHUNKS_BUFFERED = 64;

interface Waiter<R> {
  resolve(result: IteratorResult<R, undefined>): void;
  reject(error: unknown): void;
}

const END: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

export class MapRun<R> implements Mapped<R> {
  readonly #executor: Executor;
  readonly #fn: Function;
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #isAsync: boolean;
  readonly #sizer: ChunkSizer;
  readonly #taskOptions: TaskOptions | undefined;
  readonly #manner: Manner;
  readonly #bufferSize: number;
  readonly #timeout: number;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #mostUnderWay: number;
  readonly #mostBuffered: number;

  readonly #slots: Slots;
  /** Items pulled and not handed out. */
  #buffered = 0;
  #pulled = 0;
  #partial: unknown[] = [];
  #exhausted = false;
  #sent = false;
  #filling = false;
  #pulling = false;
  #flushing: NodeJS.Immediate | undefined;
  #ended = false;
  #reported = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #waiters: Waiter<R>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #holding = false;
  readonly #site: Site;
  /** The function as it was when the first items were sent. */
  #known: KnownFunction | undefined;
  #array:
    | { readonly values: R[]; readonly resolve: (values: R[]) => void; readonly reject: (error: unknown) => void }
    | undefined;

  constructor(
    executor: Executor,
    fn: Function,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions,
    taskOptions: TaskOptions | undefined,
    manner: Manner,
  ) {
    const workers = executor._workerLimit;
    this.#executor = executor;
    this.#fn = fn;
    this.#sizer = new ChunkSizer(options.chunkSize, options.bufferSize, workers);
    this.#taskOptions = taskOptions;
    this.#manner = manner;
    this.#site = siteOf(manner.caller);
    this.#slots = new Slots(options.ordered ?? true);
    this.#bufferSize = options.bufferSize ?? Number.POSITIVE_INFINITY;
    this.#timeout = checkedTimeout(options.timeout);
    this.#deadline = deadlineOf(this.#timeout);
    const limit = executor._queueLimit || Number.POSITIVE_INFINITY;
    this.#mostUnderWay = Math.min(CHUNKS_UNDER_WAY * workers, limit);
    this.#mostBuffered = manner.unbounded ? Number.POSITIVE_INFINITY : CHUNKS_BUFFERED * workers;
    // Before the source is opened: what is aborted already has nothing to close.
    this.#signal = signalOf(options);
    ({ iterator: this.#source, isAsync: this.#isAsync } = open(items));
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
    try {
      this.#fill();
    } catch (error) {
      this.#end();
      throw error;
    }
    // Nothing to do at all.
    this.#deliver();
  }

  next(options?: WaitOptions): Promise<IteratorResult<R, undefined>> {
    if (options !== undefined) return this.#nextWithin(options);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#proceed();
    });
  }

  /** A wait that is given up takes no result. */
  async #nextWithin(options: WaitOptions): Promise<IteratorResult<R, undefined>> {
    const timeout = timeoutOf(options);
    const signal = signalOf(options);
    let step: IteratorResult<R, undefined> | undefined;
    let failure: { readonly error: unknown } | undefined;
    let wake: (() => void) | undefined;
    const waiter: Waiter<R> = {
      resolve(result) {
        step = result;
        wake?.();
      },
      reject(error) {
        failure = { error };
        wake?.();
      },
    };
    this.#waiters.push(waiter);
    this.#proceed();
    if (step === undefined && failure === undefined) {
      const withdraw = (): void => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        this.#hold();
      };
      const late = await expiresFirst(
        (woken) => {
          wake = woken;
          return withdraw;
        },
        timeout,
        signal,
      );
      if (late) {
        withdraw();
        throw new TimeoutError(`no result within ${timeout} ms`);
      }
    }
    if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
    return step as unknown as IteratorResult<R, undefined>;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#reported = true;
    const closed = this.#end();
    this.#deliver();
    await closed;
    return END;
  }

  toArray(): Promise<R[]> {
    return new Promise((resolve, reject) => {
      this.#array = { values: [], resolve, reject };
      this.#proceed();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Hands out what there is, and uses the room that this makes. */
  #proceed(): void {
    this.#deliver();
    if (this.#ended || this.#exhausted) return;
    try {
      this.#fill();
    } catch (error) {
      this.#refused(error);
    }
    this.#deliver();
  }

  /** The executor takes no more tasks, or not this one. */
  #refused(error: unknown): void {
    this.#slots.addError(error);
    this.#closeSource();
    this.#sentAll();
  }

  // The source.

  /** Room for another chunk. */
  #hasRoom(): boolean {
    const { underWay, waiting } = this.#slots;
    if (underWay.size >= this.#mostUnderWay) return false;
    if (this.#bufferSize === Number.POSITIVE_INFINITY)
      return underWay.size + waiting < this.#mostBuffered || this.#array !== undefined;
    const room = this.#bufferSize - this.#buffered;
    return room >= Math.min(this.#sizer.size, this.#bufferSize) || (room > 0 && this.#partial.length > 0);
  }

  /** Pulls and sends as much as there is room for. Throws what the executor refuses a task with. */
  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    try {
      if (this.#isAsync) this.#pullAsync();
      else while (!this.#ended && !this.#exhausted && this.#hasRoom()) this.#pullChunk();
    } finally {
      this.#filling = false;
    }
  }

  #pullChunk(): void {
    const size = Math.min(this.#sizer.size, this.#bufferSize - this.#buffered);
    const items: unknown[] = [];
    let failure: { readonly error: unknown } | undefined;
    try {
      while (items.length < size) {
        const step = (this.#source as Iterator<unknown>).next();
        if (step.done) {
          this.#exhausted = true;
          break;
        }
        items.push(step.value);
      }
    } catch (error) {
      this.#exhausted = true;
      failure = { error };
    }
    // The generator itself may have ended the run.
    if (this.#ended) return;
    if (items.length > 0) this.#send(items);
    if (failure !== undefined) this.#slots.addError(failure.error);
    if (this.#exhausted) this.#sentAll();
  }

  #pullAsync(): void {
    if (this.#pulling || this.#ended || this.#exhausted || !this.#hasRoom()) return;
    this.#pulling = true;
    const failed = (error: unknown): void => {
      this.#pulling = false;
      this.#exhausted = true;
      if (this.#ended) return;
      this.#flush();
      this.#slots.addError(error);
      this.#sentAll();
      this.#deliver();
    };
    let step: Promise<IteratorResult<unknown>>;
    try {
      step = Promise.resolve((this.#source as AsyncIterator<unknown>).next());
    } catch (error) {
      failed(error);
      return;
    }
    step.then(({ done, value }) => {
      this.#pulling = false;
      if (this.#ended) return;
      if (done) {
        this.#exhausted = true;
        this.#flush();
        this.#sentAll();
        this.#deliver();
        return;
      }
      this.#partial.push(value);
      this.#buffered++;
      const full = this.#partial.length >= Math.min(this.#sizer.size, this.#bufferSize);
      // What has come is not kept back for what may be long in coming.
      if (full || this.#buffered >= this.#bufferSize) this.#flush();
      else this.#flushing ??= setImmediate(() => this.#flush());
      this.#proceed();
    }, failed);
  }

  /** Sends the items that an asynchronous source has yielded so far. */
  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const items = this.#partial;
    if (items.length === 0 || this.#ended) return;
    this.#partial = [];
    this.#buffered -= items.length;
    try {
      this.#send(items);
    } catch (error) {
      this.#refused(error);
      this.#deliver();
    }
  }

  /** Nothing more will be sent. */
  #sentAll(): void {
    if (this.#sent) return;
    this.#sent = true;
    this.#manner.onSent?.();
  }

  // The tasks.

  /** Sends items as one task; as one each when something in them cannot travel, so that only that fails. */
  #send(items: unknown[]): void {
    const first = this.#pulled;
    this.#pulled += items.length;
    try {
      this.#sendChunk(items, first);
    } catch (error) {
      if (!(error instanceof NotSerializableError)) throw error;
      if (items.length === 1) this.#slots.addError(error);
      else {
        this.#pulled = first;
        for (const item of items) {
          this.#send([item]);
          if (this.#ended) return;
        }
      }
    }
  }

  #sendChunk(items: unknown[], first: number): void {
    const style = this.#manner.style ?? first;
    this.#known ??= knownFunction(this.#fn);
    const future = this.#executor._dispatchChunk(this.#known, items, style, this.#taskOptions, this.#site);
    const slot = slotOf(items.length, future);
    this.#buffered += items.length;
    this.#slots.begin(slot);
    if (future.done()) {
      this.#settle(slot, future);
      // Refused: the executor is broken, or full of others' tasks. More of the same would be refused as well.
      this.#closeSource();
      this.#sentAll();
    } else {
      future._watch(() => {
        this.#settle(slot, future);
        if (!this.#ended) this.#proceed();
      });
    }
  }

  #settle(slot: Slot, future: Future<unknown[]>): void {
    this.#slots.underWay.delete(slot);
    slot.settled = true;
    slot.future = undefined;
    const outcome = future._outcome;
    if (!future._failed && !future.cancelled()) {
      const values = outcome as unknown[];
      this.#sizer.took(values.pop() as number, values.length);
      slot.values = values;
    } else {
      slot.failed = true;
      if (isChunkError(outcome)) {
        slot.values = outcome.values ?? NO_VALUES;
        slot.error = outcome.cause;
        addOrigin(slot.error, { site: this.#site, isSure: true, name: this.#taskOptions?.name });
      } else slot.error = outcome;
    }
    this.#slots.settled(slot);
  }

  // The consumers.

  /** Hands out as much as there is, to as many as wait. */
  #deliver(): void {
    while (!this.#ended && (this.#waiters.length > 0 || this.#array !== undefined)) {
      const slot = this.#slots.ready();
      if (slot === undefined) break;
      if (slot.taken < slot.values.length) {
        this.#handOut(slot);
        continue;
      }
      this.#buffered -= slot.count - slot.taken;
      this.#slots.drop();
      if (!slot.failed) continue;
      if (this.#manner.goesOn && this.#waiters.length > 0) this.#waiters.shift()?.reject(slot.error);
      else this.#fail(slot.error);
    }
    if (!this.#ended && this.#exhausted && this.#slots.areDone && this.#partial.length === 0) this.#end();
    if (this.#ended) this.#dismiss();
    else this.#watchTime();
    this.#hold();
  }

  /** Keeps the event loop alive exactly while somebody waits. */
  #hold(): void {
    const waited = this.#waiters.length > 0 || this.#array !== undefined;
    if (!this.#manner.holds || waited === this.#holding) return;
    this.#holding = waited;
    if (waited) hold();
    else release();
  }

  #handOut(slot: Slot): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#buffered--;
      waiter.resolve({ done: false, value: slot.values[slot.taken++] as R });
      return;
    }
    const { values } = this.#array as { values: R[] };
    while (slot.taken < slot.values.length) {
      values.push(slot.values[slot.taken++] as R);
      this.#buffered--;
    }
  }

  /** The run has ended: everybody is told. */
  #dismiss(): void {
    const { values, resolve, reject } = this.#array ?? {};
    this.#array = undefined;
    if (this.#failure !== undefined && !this.#reported && (reject !== undefined || this.#waiters.length > 0)) {
      this.#reported = true;
      const { error } = this.#failure;
      if (this.#waiters.length > 0) this.#waiters.shift()?.reject(error);
      else reject?.(error);
    }
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(END);
    resolve?.(values as R[]);
  }

  // The end.

  #fail(error: unknown): void {
    this.#failure = { error };
    void this.#end();
  }

  readonly #abort = (): void => {
    if (this.#ended) return;
    this.#fail(this.#signal?.reason);
    this.#deliver();
  };

  /** Ends the run. The promise is of the source's being closed. */
  #end(): Promise<void> | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#flushing);
    this.#signal?.removeEventListener('abort', this.#abort);
    const left = [...this.#slots.underWay];
    this.#slots.clear();
    this.#partial = [];
    for (const { future } of left) future?.cancel();
    this.#sentAll();
    return this.#exhausted ? undefined : this.#closeSource();
  }

  /** Calls `return` of the source. What it throws matters to who leaves of his own accord only. */
  #closeSource(): Promise<void> | undefined {
    if (this.#exhausted) return undefined;
    this.#exhausted = true;
    if (typeof this.#source.return !== 'function') return undefined;
    const closing = new Promise((resolve) => resolve(this.#source.return?.())).then(() => {});
    closing.catch(() => {});
    // A source that is asked for an item may not answer before it has one: nobody waits for that.
    return this.#pulling ? undefined : closing;
  }

  /** Fails who waits when the time is over. */
  #watchTime(): void {
    if (this.#deadline < 0) return;
    if (this.#waiters.length === 0 && this.#array === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        if (timeLeft(this.#deadline) > 0) this.#watchTime();
        else {
          this.#fail(new TimeoutError(`not all results of map were there within ${this.#timeout} ms`));
          this.#deliver();
        }
      },
      Math.min(Math.ceil(timeLeft(this.#deadline)), LONGEST_TIMER),
    );
  }
}

stays(MapRun, 'send an array of what it yields', 'an iterator over results');
