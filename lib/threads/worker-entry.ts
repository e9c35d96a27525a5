/**
 * What an isolate of heddle runs: it awaits commands, one thread after the other, and between them puts
 * back what a thread may have changed.
 *
 *   awaits a command ─► enroll ─► start answered, run() ─► uncaught? report ─► dismiss, let joiners go ─┐
 *        ▲                                                                                             │
 *        └── idle: back in the reserve ◄── nothing left running (else when the loop has run dry) ◄─────┘
 */
import { decodeBytes, neededModulesOfBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { promise } from '../engine/wait.js';
import { Outcome, Slot, WaiterMode } from '../memory/layout.js';
import type { SimpleQueue } from '../queues/simple-queue.js';
import { importModules } from '../shipping/modules.js';
import { writeDirectly } from './console.js';
import { dropExcepthook, report } from './excepthook.js';
import { Control, type IsolateData, IsolateState, isolateData, ReserveWord } from './isolate-data.js';
import { clearLocals } from './local.js';
import { setCurrentThread } from './registry.js';
import { dismiss, enroll } from './running.js';
import { decodeName, ownWord, setOwnWord } from './slot.js';
import { type Command, finishThread, pendingStarts, reserve, type Thread } from './thread.js';
import './arrivals.js';

if (isolateData === undefined)
  throw new Error('worker-entry.js is what the isolates of heddle run, and no module to import');
const { control, reserve: reserveWords, commands: passed, parent, reusable, argv }: IsolateData = isolateData;

writeDirectly(process.stdout, 1);
writeDirectly(process.stderr, 2);
process.argv = [...argv];

const commands = reviveShared(passed.tag, passed.handle, passed.extra) as SimpleQueue<Uint8Array>;
setOwnWord(Slot.PARENT, parent);

/** An isolate beyond what the reserve keeps waits so long for another thread: one burst of threads is often followed by another. */
const LINGER_MS = 2000;

/** The thread that runs, or that ran last and may have left something behind. */
let current: Thread | undefined;

function reportUncaught(error: unknown): void {
  if (current !== undefined) report(error, current);
}
process.on('uncaughtException', reportUncaught);
process.on('unhandledRejection', reportUncaught);
process.on('exit', () => {
  // process.exit() in a thread, or the natural end of the isolate.
  if (ownWord(Slot.THREAD) === 0 || current === undefined) return;
  leave();
  // The module of the target may have called process.exit() while it was imported.
  answerStart();
  finishThread(current._handle);
});

/** Takes off what a thread has put on to see its own errors: the next one's are none of its business. */
function removeListeners(): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (listener !== reportUncaught) process.removeListener(event, listener);
    }
  }
}

/** True when nothing of a thread is active any more; a handle that is being closed is not. */
function nothingLeft(): boolean {
  return process.getActiveResourcesInfo().every((resource) => resource === 'CloseReq');
}

/** A turn of the event loop: rejections are reported and closed handles gone after it. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when nothing keeps the event loop alive any more. */
function loopRunsDry(): Promise<void> {
  return new Promise((resolve) => {
    process.once('beforeExit', () => resolve());
  });
}

/** True when a command has come, which is not taken yet; false when none has within `timeout` ms (-1: for ever). */
function commandArrives(timeout: number): Promise<boolean> {
  return promise(engine.queueAwaitItem(commands._handle, WaiterMode.LOOP, timeout), timeout, undefined, (outcome) => {
    if (outcome !== Outcome.GRANTED) return false;
    engine.queueUnreserve(commands._handle, 1);
    return true;
  });
}

/** The Thread that the creator has handed over; undefined when it has given up waiting for this isolate, which it ends. */
function takeThread(): Thread | undefined {
  const handle = Atomics.exchange(control, Control.THREAD, 0);
  if (handle === 0) return undefined;
  const name = decodeName(new Uint8Array(control.buffer, Control.NAME * 4, Atomics.load(control, Control.NAME_LENGTH)));
  return reviveShared('Thread', handle, name) as Thread;
}

/** Lets whoever waits for the start go on, once. */
function answerStart(): void {
  const started = Atomics.exchange(control, Control.STARTED, 0);
  if (started === 0) return;
  engine.eventSet(started);
  engine.release(started);
}

/** Runs a thread until its target's promise has settled. */
async function run(thread: Thread): Promise<void> {
  const name = thread.name;
  enroll(thread._handle, name);
  setCurrentThread(thread);
  try {
    const command = commands.getNowait();
    await importModules(neededModulesOfBytes(command));
    thread._assume(name, decodeBytes(command) as Command);
    answerStart();
    await thread.run();
  } catch (error) {
    report(error, thread);
  }
  answerStart();
  // A thread it has just started is in the registry before this one leaves it.
  await Promise.all(pendingStarts);
  await turn();
}

/** Takes the thread out of all registers; its joiners are still to be told. */
function leave(): void {
  dropExcepthook();
  dismiss();
  Atomics.store(control, Control.OCCUPIED, 0);
}

/** Puts the isolate back as it was before the thread. */
function cleanUp(): void {
  removeListeners();
  clearLocals();
  engine.setThreadName('heddle');
  process.exitCode = undefined;
  setOwnWord(Slot.FLAGS, 0);
  setCurrentThread(undefined);
}

/** Goes back to the reserve. */
function becomeIdle(): void {
  Atomics.add(reserveWords, ReserveWord.IDLE, 1);
  Atomics.store(control, Control.STATE, IsolateState.IDLE);
}

function isSurplus(): boolean {
  return Atomics.load(reserveWords, ReserveWord.IDLE) > Atomics.load(reserveWords, ReserveWord.BOUND);
}

/** Leaves the reserve for good; false when it is not surplus any more, claimed meanwhile, or home to threads that this would end. */
function retire(): boolean {
  if (!reserve.occupants().next().done) return false;
  for (;;) {
    const idle = Atomics.load(reserveWords, ReserveWord.IDLE);
    if (idle <= Atomics.load(reserveWords, ReserveWord.BOUND)) return false;
    if (Atomics.compareExchange(reserveWords, ReserveWord.IDLE, idle, idle - 1) === idle) break;
  }
  if (Atomics.compareExchange(control, Control.STATE, IsolateState.IDLE, IsolateState.RETIRED) === IsolateState.IDLE)
    return true;
  // The creator was faster, and counts it out itself.
  Atomics.add(reserveWords, ReserveWord.IDLE, 1);
  return false;
}

/** True when there is another thread to run, false when the isolate has retired. */
async function nextThread(): Promise<boolean> {
  while (!(await commandArrives(isSurplus() ? LINGER_MS : -1))) {
    if (retire()) return false;
  }
  return true;
}

async function serve(): Promise<void> {
  while (await nextThread()) {
    const thread = takeThread();
    if (thread === undefined) return;
    current = thread;
    await run(thread);
    if (reusable && nothingLeft()) {
      cleanUp();
      leave();
      // Idle before its joiners know: who joins and then starts a thread finds this isolate free.
      becomeIdle();
      finishThread(thread._handle);
      continue;
    }
    leave();
    finishThread(thread._handle);
    await loopRunsDry();
    if (!reusable) {
      for (const child of reserve.occupants()) await child.join();
      return;
    }
    cleanUp();
    becomeIdle();
  }
}

void serve();
