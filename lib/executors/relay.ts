/**
 * A worker whose tasks run in a process that shares no memory with this one. A thread of this process, the relay, is the
 * worker as far as the board is concerned: it claims tasks, tells the process what to do, and gives back what comes of it.
 *
 *   client ──board──► relay: WorkerLoop ──letters──► process: FarWorker
 *          ◄─────────                   ◄──────────
 *
 * Arguments, results and functions pass through undecoded: see `post.ts`.
 *
 * The relay ends after its process, when it has given back all that this one had finished: so whoever sees that the relay
 * is gone knows that nobody touches its tasks any more.
 */
import { decode, encode } from '../codec/codec.js';
import { Lane as CodecLane } from '../codec/lanes.js';
import { engine } from '../engine/select.js';
import { ArenaExhaustedError, NotSerializableError } from '../errors.js';
import { Abort, Entry, Flag, returnedBy } from './board.js';
import { definitionAt, type Functions, KEPT, LoadedFunction } from './functions.js';
import { following, isAfter, Letter, type Line, Post, type Received } from './post.js';
import { dropRaw, encodedOf, handlesIn, NOTHING, type RawItem, rawOf } from './raw-item.js';
import { writeThrown } from './result.js';
import type { RunningTask } from './running-task.js';

/** What came of a task elsewhere. */
export class Arrived {
  readonly item: RawItem;
  readonly flags: number;

  constructor(item: RawItem, flags: number) {
    this.item = item;
    this.flags = flags;
  }
}

/** A function as the process knows it. */
class FarFunction extends LoadedFunction {
  readonly number: number;
  /** The client's number of it. */
  readonly known: number;
  /** Handle of its definition, to which it has a reference. */
  readonly definition: number;
  /** Why it could not get there. */
  refusal: unknown;

  constructor(number: number, known: number, definition: number) {
    super(() => {
      throw new Error('a function that another process runs was called in this one');
    });
    this.number = number;
    this.known = known;
    this.definition = definition;
    engine.retain(definition);
  }

  release(): void {
    engine.release(this.definition);
  }
}

/** A task that the process has. */
interface Out {
  readonly task: RunningTask;
  readonly fn: FarFunction;
  /** What its entry said, and had, before it was sent. */
  readonly flags: number;
  readonly args: RawItem;
  /** By which it was sent. */
  readonly letter: number;
  /** It has been told to stop. */
  told: boolean;
  /** It awaits something, and leaves its process to others. */
  awaits: boolean;
  resolve(arrived: Arrived): void;
  reject(error: unknown): void;
}

export class Relay {
  readonly #line: Line;
  readonly #post: Post;
  readonly #worker: number;
  readonly #out = new Map<number, Out>();
  readonly #functions = new Map<number, FarFunction>();
  #lastTask = 0;
  #lastFunction = 0;
  #pings: (() => void)[] = [];
  #ready: (() => void) | undefined;
  /** Tasks that keep the process busy. */
  #busy = 0;
  /** Is called when the process could do with another task. */
  onFree: () => void = () => {};

  /**
   * @param worker Identifier of the worker that it is.
   * @param address Where it may listen; undefined: nowhere.
   */
  constructor(line: Line, worker: number, address: string | undefined) {
    this.#worker = worker;
    this.#line = line;
    this.#post = new Post(line.toProcess, line.toRelay, (letter) => this.#hear(letter));
    void this.#post.listen((error) => Promise.reject(error));
    if (address === undefined) return;
    const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    this.#post.offer(address, key, () => this.#post.send(Letter.HELLO, 0, 0, 0, rawOf(encode([address, key]))));
  }

  /** Resolves when the process is set up. */
  whenReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready = resolve;
    });
  }

  /** For a client: what its functions are called there. */
  makeFunctions(): Functions {
    const known = new Map<number, FarFunction>();
    return {
      get: (number, definition) => {
        let fn = known.get(number);
        if (fn === undefined) {
          fn = this.#define(number, definition, known.size >= KEPT ? forgetFirst(known) : 0);
          known.set(number, fn);
        }
        return fn;
      },
    };
  }

  #define(known: number, definition: number, toForget: number): FarFunction {
    const { bytes, handles } = definitionAt(definition);
    const number = ++this.#lastFunction;
    for (const handle of handles) engine.retain(handle);
    const item = { lane: CodecLane.VALUE, value: bytes };
    try {
      this.#post.send(Letter.DEFINE, toForget, number, 0, item);
    } catch (error) {
      dropRaw(item);
      throw error;
    }
    const fn = new FarFunction(number, known, definition);
    this.#functions.set(number, fn);
    this.#functions.get(toForget)?.release();
    this.#functions.delete(toForget);
    return fn;
  }

  /** Whether another task would have to wait for one that is there. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Has a task run. Throws, with nothing done, when it cannot be sent. */
  run(task: RunningTask, flags: number): Promise<Arrived> {
    const fn = task.loaded as FarFunction;
    const number = following(this.#lastTask);
    this.#lastTask = number;
    const args = (flags & Flag.NONE) !== 0 ? NOTHING : task.client.table.take(task.segment, task.at);
    // A copy stays, for another process should this one end before it has it.
    for (const handle of handlesIn(args)) engine.retain(handle);
    let letter = 0;
    try {
      if (!this.#post.isOver) letter = this.#post.send(Letter.RUN, number, fn.number, flags & RUN_FLAGS, args);
    } catch (error) {
      dropRaw(args);
      dropRaw(args);
      throw error;
    }
    this.#busy++;
    const arrived = new Promise<Arrived>((resolve, reject) =>
      this.#out.set(number, { task, fn, flags, args, letter, told: false, awaits: false, resolve, reject }),
    );
    if (letter === 0) {
      dropRaw(args);
      this.#giveBack(number);
    } else this.look();
    return arrived;
  }

  /** Tells the process which tasks are to stop. */
  look(): void {
    for (const [number, out] of this.#out) {
      const how = out.task.abort & ~Abort.OVERDUE;
      if (how === Abort.NOT || out.told) continue;
      out.told = true;
      try {
        this.#line.aborts.putSync(number * 8 + how);
      } catch (error) {
        // A task that blocks is not told then.
        if (!(error instanceof ArenaExhaustedError)) throw error;
      }
      this.#post.insist(Letter.LOOK, number, how);
    }
  }

  /** The task is the process's no more. */
  #finish(task: number): Out | undefined {
    const out = this.#out.get(task);
    if (out === undefined) return undefined;
    this.#out.delete(task);
    this.#free(out);
    dropRaw(out.args);
    return out;
  }

  #free(out: Out): void {
    if (out.awaits) return;
    out.awaits = true;
    if (--this.#busy === 0) this.onFree();
  }

  /** The process has ended before it had this task: another may have it. */
  #giveBack(number: number): void {
    const { task, fn, flags, args } = this.#out.get(number) as Out;
    const { client, segment, at } = task;
    const { words } = segment;
    this.#out.delete(number);
    try {
      if ((flags & Flag.NONE) === 0) client.table.write(segment, at, encodedOf(args), flags & KEPT_FLAGS);
    } catch {
      // No room: then it is lost.
      dropRaw(args);
      return;
    }
    engine.retain(fn.definition);
    words[at + Entry.LANE] = (words[at + Entry.LANE] as number) | Flag.DEFINED;
    words[at + Entry.FUNCTION] = fn.known;
    words[at + Entry.DEFINITION] = fn.definition;
    Atomics.store(words, at, returnedBy(this.#worker));
  }

  /** Writes what came of a task into its entry. */
  write(task: RunningTask, { item, flags }: Arrived): void {
    const { client, segment, at } = task;
    try {
      client.table.write(segment, at, encodedOf(item), flags);
    } catch (error) {
      dropRaw(item);
      writeThrown(task, error);
    }
  }

  /** Calls back when the process has answered. */
  ping(answered: () => void): void {
    this.#pings.push(answered);
    this.#post.insist(Letter.PING);
  }

  /** The process is to end when what its tasks have left behind has finished. */
  stop(): void {
    this.#post.insist(Letter.STOP);
  }

  /** Takes what a process that has ended has left; resolves when all of it has been given back. */
  async drain(): Promise<void> {
    await this.#post.finish();
    // Those who wait for what has come go on.
    await new Promise((resolve) => setImmediate(resolve));
    for (const lost of [...this.#out.keys()]) this.#finish(lost);
    for (const fn of this.#functions.values()) fn.release();
  }

  #hear(letter: Received): void {
    switch (letter.kind) {
      case Letter.READY:
        this.#ready?.();
        break;
      case Letter.DONE:
        this.#settle(letter);
        break;
      case Letter.PONG:
        for (const answered of this.#pings.splice(0)) answered();
        break;
      case Letter.AWAITS: {
        const out = this.#out.get(letter.task);
        if (out !== undefined) this.#free(out);
        break;
      }
      case Letter.FAREWELL:
        this.#post.isOver = true;
        for (const [number, out] of this.#out) if (isAfter(out.letter, letter.task)) this.#giveBack(number);
        break;
      case Letter.REFUSED:
        this.#takeBack(decode(letter.lane, letter.value, NO_SCRATCH, 0));
    }
  }

  #settle(letter: Received): void {
    const out = this.#finish(letter.task);
    if (out === undefined) dropRaw(letter);
    else if (out.fn.refusal === undefined) out.resolve(new Arrived(letter, letter.flags));
    else out.reject(out.fn.refusal);
  }

  /** The first letter holds something that cannot get to the process, which waits until it is gone. */
  #takeBack(why: unknown): void {
    const refusal = why ?? new NotSerializableError('what the task was given cannot go to its process');
    const letter = this.#post.takeBack();
    if (letter !== undefined) {
      dropRaw(letter);
      this.#post.sendLapsed(letter.number);
      if (letter.kind === Letter.DEFINE) {
        const fn = this.#functions.get(letter.fn);
        if (fn !== undefined) fn.refusal = refusal;
      } else {
        this.#finish(letter.task)?.reject(refusal);
      }
    }
    this.#line.cleared.release();
  }
}

const KEY_BYTES = 32;
/** Of an entry's flags, what matters to who runs the task, and what does to who queues it anew. */
const RUN_FLAGS = Flag.NONE | Flag.SINGLE | Flag.CHUNK;
const KEPT_FLAGS = RUN_FLAGS | Flag.ASYNC;
const NO_SCRATCH = new Uint8Array(0);

/** Makes room for another function; returns its number there. */
function forgetFirst(known: Map<number, FarFunction>): number {
  const [number, fn] = known.entries().next().value as [number, FarFunction];
  known.delete(number);
  return fn.number;
}
