/**
 * The isolates that threads run in: made when needed, and kept warm for the next thread when a thread
 * has finished and left nothing running.
 *
 *   creator                                        isolate
 *   claim(): IDLE → BUSY, or new Worker            awaits its command queue
 *   hand over the Thread's handle in `control`
 *   put the command on the queue ───────────────►  wakes, runs the thread
 *                                                  BUSY → IDLE, sets the Thread's event
 *
 * Nothing here needs the event loop of the creator: it may go on, or block in `joinSync`. That an isolate has died
 * the loop is told by 'exit'; while it is blocked, `seeToTheDead` looks.
 */
import { availableParallelism } from 'node:os';
import { type ResourceLimits, SHARE_ENV } from 'node:worker_threads';
import { dropBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { travelOf } from '../engine/shared-object.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { Control, type IsolateData, IsolateState, ReserveWord } from './isolate-data.js';
import { Lifeline, noSignOfLife } from './lifeline.js';
import { startProgram } from './worker-program.js';

/** Idle isolates that one creator keeps, about 9 MB each; more than that for a moment only. */
const RESERVE_BOUND = Math.max(4, 2 * availableParallelism());

const entry = new URL('./worker-entry.js', import.meta.url);

export interface Isolate<Occupant> {
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Takes commands, encoded. */
  readonly commands: SimpleQueue<Uint8Array>;
  /** Who it was last claimed for; kept until the next claim, for the case that the isolate dies. */
  occupant: Occupant | undefined;
  /** Resolves when its death has been seen to. From the call on, the loop is kept alive for it. */
  burial(): Promise<void>;
  readonly lifeline: Lifeline;
  /** Ends it, whatever it does. */
  terminate(): void;
}

export interface Demands {
  /** An isolate of its own, which ends with the thread. */
  readonly fresh: boolean;
  readonly resourceLimits: ResourceLimits | undefined;
}

/** What to do when an isolate has died. */
export interface Undertaker<Occupant> {
  /** The isolate was ended under its occupant by an error that nothing inside could catch, such as lack of memory. */
  failed(error: unknown, occupant: Occupant): void;
  /** The isolate of this Thread is gone, whichever way. */
  gone(occupant: Occupant): void;
}

export class Reserve<Occupant> {
  readonly #isolates = new Set<Isolate<Occupant>>();
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * ReserveWord.WORDS));
  readonly #undertaker: Undertaker<Occupant>;

  constructor(undertaker: Undertaker<Occupant>) {
    this.#undertaker = undertaker;
    this.#words[ReserveWord.BOUND] = RESERVE_BOUND;
  }

  /** An isolate that awaits a command: an idle one if there is one and it will do, else a new one. */
  claim(demands: Demands): Isolate<Occupant> {
    if (demands.fresh || demands.resourceLimits !== undefined) return this.#create(demands.resourceLimits, false);
    if (Atomics.load(this.#words, ReserveWord.IDLE) > 0) {
      for (const isolate of this.#isolates) {
        if (
          Atomics.compareExchange(isolate.control, Control.STATE, IsolateState.IDLE, IsolateState.BUSY) ===
          IsolateState.IDLE
        ) {
          Atomics.sub(this.#words, ReserveWord.IDLE, 1);
          return isolate;
        }
      }
    }
    return this.#create(undefined, true);
  }

  /** Gives back an isolate that was claimed and gets no command. */
  unclaim(isolate: Isolate<Occupant>): void {
    isolate.occupant = undefined;
    takeBack(isolate.control);
    Atomics.add(this.#words, ReserveWord.IDLE, 1);
    Atomics.store(isolate.control, Control.STATE, IsolateState.IDLE);
  }

  /** How many isolates there are, busy ones included. */
  get size(): number {
    return this.#isolates.size;
  }

  /** An isolate that has died under its occupant, by the word of `finished`, and has not been seen to yet. */
  unburied(finished: (occupant: Occupant) => boolean): Isolate<Occupant> | undefined {
    for (const isolate of this.#isolates) {
      if (isolate.occupant !== undefined && isOccupied(isolate) && finished(isolate.occupant)) return isolate;
    }
    return undefined;
  }

  /**
   * Lets those go who wait for a Thread whose isolate has died under it; for a creator that is blocked. Its event loop
   * sees to the rest later, as to any death.
   *
   * @param finished Whether nobody waits for the Thread any more.
   */
  seeToTheDead(finished: (occupant: Occupant) => boolean): void {
    for (const isolate of this.#isolates) {
      const { occupant } = isolate;
      if (occupant === undefined || !isOccupied(isolate) || finished(occupant)) continue;
      if (isolate.lifeline.isBroken()) this.#undertaker.gone(occupant);
      else if (isolate.lifeline.isOverdue) this.#giveUp(isolate, occupant);
    }
  }

  /** Unless the isolate takes the Thread at this very moment. */
  #giveUp(isolate: Isolate<Occupant>, occupant: Occupant): void {
    const handle = Atomics.exchange(isolate.control, Control.THREAD, 0);
    if (handle === 0) return;
    engine.release(handle);
    Atomics.store(isolate.control, Control.OCCUPIED, 0);
    isolate.terminate();
    this.#undertaker.failed(noSignOfLife('the isolate of the thread'), occupant);
    this.#undertaker.gone(occupant);
  }

  /** Those for whom an isolate was claimed that has not been idle since. */
  *occupants(): Generator<Occupant> {
    for (const { control, occupant } of this.#isolates) {
      if (occupant !== undefined && Atomics.load(control, Control.STATE) === IsolateState.BUSY) yield occupant;
    }
  }

  #create(resourceLimits: ResourceLimits | undefined, reusable: boolean): Isolate<Occupant> {
    const control = new Int32Array(new SharedArrayBuffer(4 * Control.WORDS));
    const commands = new SimpleQueue<Uint8Array>();
    const travel = travelOf(commands);
    engine.retain(commands._handle);
    const lifeline = new Lifeline(resourceLimits);
    const data: IsolateData = {
      heddle: 'isolate',
      lifeline: lifeline.end,
      control,
      reserve: this.#words,
      commands: { tag: travel.tag, handle: commands._handle, extra: travel.extra?.(commands) },
      parent: engine.self + 1,
      reusable,
      argv: process.argv,
    };
    const limits = resourceLimits === undefined ? {} : { resourceLimits };
    const worker = startProgram(entry, {
      name: 'heddle',
      workerData: data,
      transferList: [lifeline.end],
      env: SHARE_ENV,
      ...limits,
    });
    const buried = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        this.#bury(isolate);
        resolve();
      });
    });
    const burial = (): Promise<void> => {
      worker.ref();
      return buried;
    };
    const isolate: Isolate<Occupant> = {
      control,
      commands,
      occupant: undefined,
      burial,
      lifeline,
      terminate: () => void worker.terminate(),
    };
    this.#isolates.add(isolate);
    // Idle isolates do not keep the process alive, and threads do so by themselves (see exit.ts).
    worker.unref();
    worker.on('error', (error) => {
      if (isOccupied(isolate) && isolate.occupant !== undefined) this.#undertaker.failed(error, isolate.occupant);
    });
    return isolate;
  }

  #bury(isolate: Isolate<Occupant>): void {
    this.#isolates.delete(isolate);
    const { control, occupant } = isolate;
    if (Atomics.exchange(control, Control.STATE, IsolateState.RETIRED) === IsolateState.IDLE)
      Atomics.sub(this.#words, ReserveWord.IDLE, 1);
    takeBack(control);
    while (!isolate.commands.empty()) dropBytes(isolate.commands.getNowait());
    Atomics.store(control, Control.OCCUPIED, 0);
    if (occupant !== undefined) this.#undertaker.gone(occupant);
  }
}

/** True while the Thread that the isolate was claimed for has not left it. */
export function isOccupied({ control }: Isolate<unknown>): boolean {
  return Atomics.load(control, Control.OCCUPIED) === 1;
}

/** Releases what was handed over and not taken. */
function takeBack(control: Int32Array): void {
  for (const word of [Control.THREAD, Control.STARTED]) {
    const handle = Atomics.exchange(control, word, 0);
    if (handle !== 0) engine.release(handle);
  }
}
