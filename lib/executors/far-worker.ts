/**
 * What a process of an executor runs that shares no memory with the one that has made it: it sets itself up, then does
 * what its relay writes, until that tells it to end.
 */
import {
  Carriage,
  decode,
  decodeBytes,
  detach,
  encode,
  encodeThrown,
  neededModules,
  neededModulesOfBytes,
  processAudience,
} from '../codec/codec.js';
import { engine } from '../engine/select.js';
import { ArenaExhaustedError, NotSerializableError, OwnerLostError } from '../errors.js';
import { importModules, modulesLoaded } from '../shipping/modules.js';
import { finishProgram } from '../threads/exit.js';
import '../threads/arrivals.js';
import { beginWork } from './begin-work.js';
import { Abort, Flag } from './board.js';
import { isThenable, salvage } from './chunk.js';
import { confessBeforeEnd } from './confession.js';
import type { Beginning, Ears } from './parts.js';
import { AGAIN_MS, isAfter, Letter, type Line, Post, type Received } from './post.js';
import { dropRaw, handlesIn, type RawItem, rawOf } from './raw-item.js';
import { type Call, callWithList } from './running-task.js';
import { contexts, setCurrentContext, TaskContext } from './task-context.js';

/** What the process is told at its birth. */
export interface FarSetup extends Beginning {
  readonly id: number;
  readonly parts: Ears;
  readonly line: Line;
  /** Most tasks that run here at a time. */
  readonly concurrency: number;
}

/** Called by the process's entry module. */
export async function run(setup: FarSetup): Promise<void> {
  confessBeforeEnd(setup);
  await beginWork(setup, new FarWorker(setup.line, setup.concurrency));
}

/** A task that asks whether it is to stop makes this thread ask the relay so often at most. Milliseconds. */
const BETWEEN_QUESTIONS_MS = 10;
const NO_SCRATCH = new Uint8Array(0);

class FarTask extends TaskContext {
  readonly #ask: () => void;
  /** An `Abort`. */
  told: number = Abort.NOT;

  constructor(ask: () => void) {
    super();
    this.#ask = ask;
  }

  protected override readAbort(): number {
    if (this.told === Abort.NOT) this.#ask();
    return this.told;
  }
}

/** A function as it came, until its first task makes it. It holds a reference to each object that it captures. */
class Definition {
  readonly item: RawItem;
  #made: Call | undefined;

  constructor(item: RawItem) {
    this.item = item;
  }

  make(): Call | Promise<Call> {
    if (this.#made !== undefined) return this.#made;
    const bytes = this.item.value as Uint8Array;
    const modules = neededModulesOfBytes(bytes);
    return modulesLoaded(modules) ? this.#decode(bytes) : importModules(modules).then(() => this.#decode(bytes));
  }

  #decode(bytes: Uint8Array): Call {
    for (const handle of handlesIn(this.item)) engine.retain(handle);
    this.#made = decodeBytes(bytes) as Call;
    return this.#made;
  }
}

class FarWorker {
  readonly #line: Line;
  readonly #post: Post;
  readonly #concurrency: number;
  readonly #audience = processAudience();
  readonly #definitions = new Map<number, Definition>();
  readonly #tasks = new Map<number, FarTask>();
  #lastTask = 0;
  /** Tasks that have been told to stop before they have got here, and how. */
  readonly #toldEarly = new Map<number, number>();
  #nextQuestion = 0;

  constructor(line: Line, concurrency: number) {
    this.#line = line;
    this.#concurrency = concurrency;
    this.#post = new Post(line.toRelay, line.toProcess, (letter) => this.#obey(letter));
    void this.#post.listen((error) => this.#refuse(error));
    process.on('exit', () => this.#takeLeave());
  }

  start(): void {
    this.#post.insist(Letter.READY);
  }

  /** Tasks that have not got here can be had by others. */
  #takeLeave(): void {
    // A listener of the user's may throw, and the process live on.
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    try {
      this.#post.sendFarewell();
    } catch (error) {
      if (!isWithoutRoomOrOwner(error)) throw error;
    }
  }

  /** Something cannot get here: the relay takes it back. */
  async #refuse(error: unknown): Promise<void> {
    // The parent has ended, and so will this process.
    if (error instanceof OwnerLostError) await new Promise(() => {});
    if (!(error instanceof NotSerializableError)) throw error;
    try {
      this.#post.send(Letter.REFUSED, 0, 0, 0, rawOf(encodeThrown(error)));
    } catch (unsent) {
      if (!(unsent instanceof ArenaExhaustedError)) throw unsent;
      this.#post.insist(Letter.REFUSED);
    }
    while (!this.#line.cleared.tryAcquire()) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }

  #obey(letter: Received): void {
    const { kind, task, fn } = letter;
    switch (kind) {
      case Letter.DEFINE:
        this.#forget(task);
        this.#definitions.set(fn, new Definition(letter));
        break;
      case Letter.RUN:
        void this.#run(letter);
        break;
      case Letter.LOOK:
        this.#tell(task, letter.flags);
        this.#tasks.get(task)?.look();
        break;
      case Letter.PING:
        this.#post.insist(Letter.PONG);
        break;
      case Letter.HELLO: {
        const [address, key] = decode(letter.lane, letter.value, NO_SCRATCH, 0) as [string, Uint8Array];
        void this.#post.accept(address, key).then((hadConnection) => {
          // The relay is gone, and whatever it was to be told with it.
          if (hadConnection) process.kill(process.pid, 'SIGTERM');
        });
        break;
      }
      case Letter.STOP:
        // As a program ends: threads and processes that tasks have started are waited for.
        void finishProgram().then(() => process.exit(0));
        break;
      default:
      // LAPSED
    }
  }

  #forget(fn: number): void {
    const definition = this.#definitions.get(fn);
    if (definition === undefined) return;
    this.#definitions.delete(fn);
    dropRaw(definition.item);
  }

  /** Asks the relay, without the event loop, which tasks have been told to stop. */
  readonly #ask = (): void => {
    const now = performance.now();
    if (now < this.#nextQuestion) return;
    try {
      for (;;) {
        const abort = engine.queueTake(this.#line.aborts._handle, false) as number;
        if ((engine.out[0] as number) <= 0) break;
        const task = Math.floor(abort / 8);
        this.#tell(task, abort - 8 * task);
      }
    } catch (error) {
      if (!isWithoutRoomOrOwner(error)) throw error;
    }
    this.#nextQuestion = performance.now() + BETWEEN_QUESTIONS_MS;
  };

  #tell(number: number, how: number): void {
    const task = this.#tasks.get(number);
    if (task !== undefined) task.told = how;
    else if (isAfter(number, this.#lastTask)) this.#toldEarly.set(number, how);
  }

  async #run({ task: number, fn, flags, lane, value: args }: Received): Promise<void> {
    const task = new FarTask(this.#ask);
    task.told = this.#toldEarly.get(number) ?? Abort.NOT;
    this.#toldEarly.delete(number);
    this.#lastTask = number;
    this.#tasks.set(number, task);
    const isAlone = this.#concurrency === 1;
    if (isAlone) setCurrentContext(task);
    let value: unknown;
    let thrown = false;
    let isTaken = false;
    try {
      const made = this.#definitions.get(fn)?.make() ?? unknownFunction;
      const call = made instanceof Promise ? await made : made;
      const modules = neededModules(lane, args, NO_SCRATCH, 0);
      if (!modulesLoaded(modules)) await importModules(modules);
      isTaken = true;
      value = isAlone ? invoke(call, flags, lane, args) : contexts.run(task, invoke, call, flags, lane, args);
      if (isThenable(value)) {
        if (!isAlone) this.#post.insist(Letter.AWAITS, number);
        value = await value;
      }
    } catch (error) {
      if (!isTaken) dropRaw({ lane, value: args });
      value = error;
      thrown = true;
    }
    if (isAlone) setCurrentContext(undefined);
    task.end();
    this.#tasks.delete(number);
    this.#answer(number, value, thrown, flags);
  }

  #answer(task: number, value: unknown, thrown: boolean, flags: number): void {
    try {
      if (thrown) this.#send(task, rawOf(encodeThrown(value)), Flag.THROWN);
      else this.#sendResult(task, value);
    } catch (refusal) {
      const isChunk = !thrown && (flags & Flag.CHUNK) !== 0;
      this.#answerFailure(task, isChunk ? salvage(value as unknown[], refusal, this.#audience) : refusal);
    }
  }

  #sendResult(task: number, value: unknown): void {
    const carriage = new Carriage(false);
    this.#send(task, rawOf(encode(value, 'result', carriage, this.#audience)), 0);
    if (carriage.written.length > 0) detach(carriage.written);
  }

  /** What came of the task cannot travel, or finds no room. */
  #answerFailure(task: number, failure: unknown): void {
    try {
      this.#send(task, rawOf(encodeThrown(failure)), Flag.THROWN);
    } catch (error) {
      // The client knows what it means that nothing was thrown.
      if (error instanceof ArenaExhaustedError) this.#post.insist(Letter.DONE, task, Flag.THROWN);
      else if (!(error instanceof OwnerLostError)) throw error;
    }
  }

  #send(task: number, item: RawItem, flags: number): void {
    try {
      this.#post.send(Letter.DONE, task, 0, flags, item);
    } catch (error) {
      dropRaw(item);
      throw error;
    }
  }
}

function invoke(call: Call, flags: number, lane: number, args: RawItem['value']): unknown {
  if ((flags & Flag.NONE) !== 0) return call();
  const value = decode(lane, args, NO_SCRATCH, 0);
  return (flags & Flag.SINGLE) !== 0 ? call(value) : callWithList(call, value as unknown[], flags);
}

/** Of a task whose function could not get here: the relay knows why. */
function unknownFunction(): never {
  throw new Error('the function of the task is not known');
}

/** Somebody has ended, or there is no room: nothing that can be helped here. */
function isWithoutRoomOrOwner(error: unknown): boolean {
  return error instanceof OwnerLostError || error instanceof ArenaExhaustedError;
}
