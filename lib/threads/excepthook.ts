/**
 * What becomes of an error that nobody catches in a thread: printed, or given to the excepthook.
 *
 * The hook is one for all threads of a process, and runs in the thread that set it, where its variables are. A
 * failing thread puts its error on that thread's queue, whose handle is in the process record; the hook is
 * called from the event loop, and at the latest before a join of the failing thread returns there.
 */
import { inspect } from 'node:util';
import { decodeBytes, encodeThrownBytes } from '../codec/codec.js';
import { requireFunction } from '../engine/arguments.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { unwatch, watch } from '../engine/wait.js';
import { FIRST_TICKET, Outcome, Process, WaiterMode } from '../memory/layout.js';
import { allItemsIn } from '../queues/counts.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { writeFully } from './console.js';
import type { Thread } from './thread.js';

/** What an excepthook is told. */
export interface ExcepthookArgs {
  /** What was thrown. From another thread it is a copy, with class, message, own properties, cause and stack. */
  readonly error: unknown;
  /** The thread it was thrown in. */
  readonly thread: Thread;
}

export type Excepthook = (args: ExcepthookArgs) => void;

/** An uncaught error on its way to the hook. */
interface Failure {
  /** Encoded: any thrown value travels, in one form or another. */
  readonly error: Uint8Array;
  readonly thread: Thread;
}

const words = engine.words;
const hookWord = processWord(Process.EXCEPTHOOK);
let hook: Excepthook | undefined;
/** Where errors come from other threads; made when this isolate first sets a hook, and kept. */
let inbox: SimpleQueue<Failure> | undefined;

/**
 * Sets what is called with every uncaught error of every thread, in place of printing it; `undefined`
 * goes back to printing `Error in thread NAME:` and the stack to standard error. Uncaught are errors that
 * `run` throws or its promise rejects with, and errors and rejections of whatever it left running.
 *
 * The hook runs in the thread that calls `setExcepthook`, between other work of its event loop, and has
 * run by the time a `join` of the failing thread in that thread returns. Set by a thread other than
 * the main one it lasts until that thread has finished. A hook that throws is reported on standard error.
 * Python: `threading.excepthook`.
 *
 * @throws TypeError when `value` is neither a function nor undefined.
 *
 * @example
 * ```ts
 * import { setExcepthook, Thread } from 'heddle';
 *
 * setExcepthook(({ error, thread }) => console.log(`${thread.name}: ${error}`));
 * const thread = new Thread({ name: 'worker', target: () => { throw new Error('no luck'); } });
 * await thread.start();
 * await thread.join(); // worker: Error: no luck
 * ```
 */
export function setExcepthook(value: Excepthook | undefined): void {
  if (value !== undefined) requireFunction('hook', value);
  hook = value;
  if (value === undefined) {
    Atomics.store(words, hookWord, 0);
    return;
  }
  if (inbox === undefined) {
    inbox = new SimpleQueue();
    // The record's reference. Never given back, so that a failing thread can always follow the handle.
    inbox._remember();
    engine.retain(inbox._handle);
    awaitErrors(inbox);
    process.on('exit', deliverErrors);
  }
  Atomics.store(words, hookWord, inbox._handle);
}

/** Ends the service of a hook that this isolate has set: the thread that set it has finished. */
export function dropExcepthook(): void {
  if (hook === undefined || inbox === undefined) return;
  Atomics.compareExchange(words, hookWord, inbox._handle, 0);
  deliverErrors();
  hook = undefined;
}

/** Reports an uncaught error of `thread`. Never throws. */
export function report(error: unknown, thread: Thread): void {
  const handle = Atomics.load(words, hookWord);
  if (handle === 0) {
    print(error, thread.name);
    return;
  }
  if (handle === inbox?._handle) {
    call({ error, thread });
    return;
  }
  engine.retain(handle);
  const outbox = reviveShared('SimpleQueue', handle, undefined) as SimpleQueue<Failure>;
  try {
    outbox.putSync({ error: encodeThrownBytes(error), thread });
  } catch (refusal) {
    // The arena is exhausted. Standard error still works.
    print(error, thread.name);
    printError('which could not be given to the excepthook:', refusal);
  }
}

/** Calls the hook with what has arrived from other threads. */
export function deliverErrors(): void {
  // What is promised to the watch counts: it is about to be unwatched.
  if (inbox === undefined || allItemsIn(inbox._handle) === 0) return;
  endWatch(inbox);
  while (!inbox.empty()) {
    const { error, thread } = inbox.getNowait();
    call({ error: decodeBytes(error), thread });
  }
  awaitErrors(inbox);
}

function call(args: ExcepthookArgs): void {
  if (hook === undefined) {
    print(args.error, args.thread.name);
    return;
  }
  try {
    hook(args);
  } catch (failure) {
    print(args.error, args.thread.name);
    printError('Error in excepthook:', failure);
  }
}

/** Ticket of the wait for the next error, 0 for none; an outcome that comes for an earlier one is stale. */
let watched = 0;

/** Calls `deliverErrors` when something arrives, without keeping the loop alive. */
function awaitErrors(queue: SimpleQueue<Failure>): void {
  const ticket = engine.queueAwaitItem(queue._handle, WaiterMode.LOOP, -1);
  if (ticket < FIRST_TICKET) {
    // It has, while the hook ran.
    engine.queueUnreserve(queue._handle, 1);
    setImmediate(deliverErrors).unref();
    return;
  }
  watched = ticket;
  watch(ticket, () => {
    if (watched === ticket) deliverErrors();
  });
}

/** Gives back the item that the watch has been granted, if it has. */
function endWatch(queue: SimpleQueue<Failure>): void {
  if (watched === 0) return;
  // Without an outcome to be had any more it was granted, and its callback is about to come.
  const outcome = unwatch(watched) ?? Outcome.GRANTED;
  if (outcome === Outcome.GRANTED) engine.queueUnreserve(queue._handle, 1);
  watched = 0;
}

function print(error: unknown, name: string): void {
  printError(`Error in thread ${name}:`, error);
}

function printError(heading: string, error: unknown): void {
  try {
    writeFully(2, Buffer.from(`${heading}\n${inspect(error)}\n`));
  } catch (refusal) {
    // Nobody reads standard error (EPIPE, EBADF): there is nowhere left to say so.
    if ((refusal as NodeJS.ErrnoException).code === undefined) throw refusal;
  }
}
