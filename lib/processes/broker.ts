/**
 * Processes where each has an arena of its own, as on the fallback engine: an isolate of its own in every process,
 * the *broker*, starts the children and knows how they end, so that nothing of it needs the event loop of who started
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
 * told that they have ended, and they that their parent has.
 */
import { isMainThread, SHARE_ENV } from 'node:worker_threads';
import { encodeBytes } from '../codec/codec.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { promise } from '../engine/wait.js';
import { Process, WaiterMode } from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { Event } from '../sync/event.js';
import { startProgram } from '../threads/worker-program.js';
import type { Place, Program } from './launch.js';
import { requireProcesses } from './launch.js';

/** What a broker is asked to do: to start a process. */
export interface Errand {
  readonly place: Place;
  readonly program: Program;
  readonly answers: SimpleQueue<Answer>;
}
export type Answer = { readonly pid: number } | { readonly refusal: Error };

/** What a broker is told at its birth, as `workerData`, encoded. */
export interface Instructions {
  readonly errands: SimpleQueue<Errand>;
  /** In a child: to be set once this process's record is made. */
  readonly introduced: Event | undefined;
}

const entry = new URL('./broker-entry.js', import.meta.url);

/** Where this isolate's broker takes its errands. */
let errands: SimpleQueue<Errand> | undefined;

/** Has a process started; blocks until the system has done so, or has not. */
export function commission(place: Place, program: Program): Answer {
  errands ??= startBroker(undefined);
  const answers = new SimpleQueue<Answer>();
  errands.putSync({ place, program, answers });
  const answer = answers.getSync();
  if ('pid' in answer && !isMainThread) stayUntilEndOf(place);
  return answer;
}

/** In a child, before anything else: resolves when this process's record says what its parent knows. */
export async function enterFamily(): Promise<void> {
  const introduced = new Event();
  errands = startBroker(introduced);
  await introduced.wait();
}

function startBroker(introduced: Event | undefined): SimpleQueue<Errand> {
  const queue = new SimpleQueue<Errand>();
  const instructions: Instructions = { errands: queue, introduced };
  const workerData = encodeBytes(instructions);
  const broker = startProgram(entry, { name: 'heddle-broker', workerData, env: SHARE_ENV });
  broker.unref();
  return queue;
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
