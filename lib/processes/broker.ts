/**
 * Processes where each has an arena of its own, elsewhere than on Linux and on the fallback engine: an isolate in every
 * process, the *broker*, starts the children and knows how they end, so that nothing of it needs the event loop of who started
 * them, which may block in `joinSync`.
 *
 *   parent                       its broker                  the child's broker            child
 *   reserves a record
 *   commission()            ──►  spawns, says the PID
 *   has the PID             ◄──                                                            starts its broker, waits
 *                                welcome: what to run   ──►  makes the child's record  ──► takes the commands
 *                                sets the event of      ◄──  started                  ◄──  runs
 *                                the start
 *                                child's end: sets the cell
 *                                parent's end: the line ──►  sets the parent's cell, ends a daemonic child
 *
 * The two brokers talk by a *line* (`line.ts`), a socket that the child inherits as a descriptor. It closes with
 * either process, whatever death that dies.
 *
 * A broker belongs to the isolate that needed it first, and ends with it; the isolate of a thread therefore stays for
 * as long as children run that it has started. Where it is terminated, its children are given up: who joins them is
 * told that they have ended, and they that their parent has. One that dies while somebody waits for its answer, as it
 * does at once where its program cannot be loaded, fails the start; the next start makes another.
 */
import { isMainThread, type MessagePort, SHARE_ENV, type Worker } from 'node:worker_threads';
import { encodeBytes } from '../codec/codec.js';
import { pause } from '../engine/pause.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { block, promise } from '../engine/wait.js';
import { WorkerLostError } from '../errors.js';
import { Outcome, Process, WaiterMode } from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { Event } from '../sync/event.js';
import { Lifeline } from '../threads/lifeline.js';
import { startProgram } from '../threads/worker-program.js';
import type { Launch, Place, Program } from './launch.js';
import { requireProcesses } from './launch.js';

/** What a broker is asked to do: to start a process. */
export interface Errand {
  readonly place: Place;
  readonly program: Program;
  readonly answers: SimpleQueue<Answer | undefined>;
}
export type Answer = { readonly pid: number } | { readonly refusal: Error };

/** `workerData` of a broker. */
export interface BrokerData {
  /** Encoded `Instructions`. */
  readonly instructions: Uint8Array;
  /** Closes when the broker ends; see `lifeline.ts`. */
  readonly lifeline: MessagePort;
}

/** What a broker is told at its birth. */
export interface Instructions {
  readonly errands: SimpleQueue<Errand>;
  /** In a child: to be set once this process's record is made. */
  readonly introduced: Event | undefined;
}

const entry = new URL('./broker-entry.js', import.meta.url);

class Broker {
  readonly errands = new SimpleQueue<Errand>();
  readonly #lifeline = new Lifeline();
  readonly #worker: Worker;
  readonly #end: Promise<Error>;
  #isEndAwaited = false;

  constructor(introduced: Event | undefined) {
    const instructions: Instructions = { errands: this.errands, introduced };
    const worker = startProgram(entry, {
      name: 'heddle-broker',
      workerData: { instructions: encodeBytes(instructions), lifeline: this.#lifeline.end } satisfies BrokerData,
      transferList: [this.#lifeline.end],
      env: SHARE_ENV,
    });
    worker.unref();
    this.#worker = worker;
    this.#end = new Promise((resolve) => {
      let cause: Error | undefined;
      worker.once('error', (error) => {
        cause = error;
      });
      worker.once('exit', (code) => {
        if (broker === this) broker = undefined;
        const why = cause ?? new WorkerLostError(`the thread that sees to processes has ended with exit code ${code}`);
        if (this.#isEndAwaited) resolve(why);
        // Nobody else says it. A child that is not introduced has nothing to run.
        else if (cause !== undefined || introduced?.isSet() === false) throw why;
      });
    });
  }

  /** An answer to an errand; undefined when the broker has died instead. Blocks for it. */
  await(answers: SimpleQueue<Answer | undefined>): Answer | undefined {
    const begun = engine.queueAwaitItem(answers._handle, WaiterMode.THREAD, -1);
    if (begun === Outcome.NO_MEMORY) return this.#lookFor(answers);
    block(begun, -1, () => {
      if (this.#lifeline.isBroken()) answers.putSync(undefined);
    });
    engine.queueUnreserve(answers._handle, 1);
    return answers.getNowait();
  }

  /** The same where the arena has no room to wait: the errand is under way all the same. */
  #lookFor(answers: SimpleQueue<Answer | undefined>): Answer | undefined {
    while (answers.empty()) {
      if (this.#lifeline.isBroken()) return undefined;
      pause(1);
    }
    return answers.getNowait();
  }

  /** Why it has died: for who saw that it has. Keeps the loop alive. */
  end(): Promise<Error> {
    this.#isEndAwaited = true;
    this.#worker.ref();
    return this.#end;
  }
}

/** This isolate's. */
let broker: Broker | undefined;

/** Has a process started; blocks until the system has done so, or has not. */
export function commission(place: Place, program: Program): Launch {
  broker ??= new Broker(undefined);
  const asked = broker;
  const answers = new SimpleQueue<Answer | undefined>();
  asked.errands.putSync({ place, program, answers });
  const answer = asked.await(answers);
  if (answer === undefined) {
    broker = undefined;
    return { pid: undefined, refusal: asked.end() };
  }
  if ('refusal' in answer) return { pid: undefined, refusal: Promise.resolve(answer.refusal) };
  if (!isMainThread) stayUntilEndOf(place);
  return answer;
}

/** In a child, before anything else: resolves when this process's record says what its parent knows. */
export async function enterFamily(): Promise<void> {
  const introduced = new Event();
  broker = new Broker(introduced);
  await introduced.wait();
}

/** Keeps this isolate, and its broker, for as long as the child runs. */
function stayUntilEndOf({ record, generation }: Place): void {
  const { words } = engine;
  const cell = requireProcesses().retainHandle(record, Process.CELL);
  // It has ended already, and its record may be another child's.
  if (cell === 0) return;
  if (Atomics.load(words, processWord(Process.GENERATION, record)) !== generation) {
    engine.release(cell);
    return;
  }
  const ended = promise(engine.eventWait(cell, WaiterMode.LOOP, -1), -1, undefined, () => engine.release(cell));
  // No room for another waiter: then the isolate stays no longer than its owner needs it.
  ended.catch(() => engine.release(cell));
}
