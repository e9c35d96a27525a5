/**
 * The reaches of a contract: where the other side of a shared object is.
 *
 *   task            in the same event loop
 *   thread          in another thread, waiting with promises
 *   blocked thread  in another thread, waiting with Sync calls
 *   process, blocked process   the same in another process, where objects reach one
 *
 * A suite is written once, over `Reach`; its own side is always this event loop.
 */
import { Worker } from 'node:worker_threads';
import { Process } from 'heddle/multiprocessing';
import { SimpleQueue } from 'heddle/queue';
import { afterAll } from 'vitest';
import { encodeBytes } from '#dist/codec/codec.js';
import { engine } from '#dist/engine/select.js';
import { wordsAt } from '#dist/engine/words-at.js';
import { Cell, Node } from '#dist/memory/layout.js';
import { serve } from './fixtures/serve.mjs';

// biome-ignore lint/suspicious/noExplicitAny: a partner performs calls of any signature
type Method = (...args: any[]) => unknown;
type MethodName<T> = { [K in keyof T]: T[K] extends Method ? K : never }[keyof T] & string;
type Result<F> = F extends Method ? Promise<Awaited<ReturnType<F>>> : never;
type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;

/** The other side. */
export interface Partner {
  /** Calls a method there: by its name, or by that of its Sync twin where the reach blocks. */
  call<T extends object, K extends MethodName<T>>(object: T, method: K, ...args: Arguments<T[K]>): Result<T[K]>;
  /** Runs a function there. It must need nothing but its arguments. */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>>;
}

export interface Reach {
  readonly name: string;
  /** The other side waits with Sync calls. */
  readonly blocking: boolean;
  /** Values and SharedArrays are the same ones there. */
  readonly numbers: boolean;
  /** Partners that do not hinder each other. */
  partners(count: number): Partner[];
}

const here: Partner = {
  call: ((object: Record<string, Method>, method: string, ...args: unknown[]) =>
    Promise.resolve().then(() => object[method]?.(...args))) as Partner['call'],
  run: (fn, ...args) => Promise.resolve().then(() => fn(...args)) as Promise<Awaited<ReturnType<typeof fn>>>,
};

const task: Reach = {
  name: 'task',
  blocking: false,
  numbers: true,
  partners: (count) => Array.from({ length: count }, () => here),
};

interface Outcome {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** Who runs the other side. */
interface Host {
  /** Calls back if it ends before it is told to. */
  onFailure(callback: (error: unknown) => void): void;
  /** Resolves when it has ended. */
  ended(): Promise<unknown>;
}

type StartHost = (commands: SimpleQueue<unknown>, results: SimpleQueue<Outcome>, blocking: boolean) => Host;

const threadHost: StartHost = (commands, results, blocking) => {
  const queues = encodeBytes([commands, results]);
  const worker = new Worker(new URL('fixtures/partner.mjs', import.meta.url), { workerData: { queues, blocking } });
  // Only a command under way keeps the test process alive.
  worker.unref();
  return {
    onFailure: (callback) => worker.once('error', callback),
    ended() {
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.ref();
      return ended;
    },
  };
};

const processHost: StartHost = (commands, results, blocking) => {
  const process = new Process({ target: serve, args: [commands, results, blocking], daemon: true });
  const started = process.start();
  return {
    onFailure: (callback) =>
      started
        .then(() => process.sentinel)
        .then((code) => callback(new Error(`the other process ended with ${code}`)), callback),
    ended: () => process.join(),
  };
};

class RemotePartner implements Partner {
  readonly #commands = new SimpleQueue<unknown>();
  readonly #results = new SimpleQueue<Outcome>();
  readonly #host: Host;
  readonly #blocking: boolean;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #lastId = 0;

  constructor(start: StartHost, blocking: boolean) {
    this.#blocking = blocking;
    this.#host = start(this.#commands, this.#results, blocking);
    this.#host.onFailure((error) => {
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  call = ((object: object, method: string, ...args: unknown[]) => {
    const twin = `${method}Sync`;
    const name = this.#blocking && twin in object ? twin : method;
    const fn = (target: Record<string, Method>, called: string, ...rest: unknown[]): unknown =>
      target[called]?.(...rest);
    return this.run(fn as Method, object, name, ...args);
  }) as Partner['call'];

  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    const id = ++this.#lastId;
    const result = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#commands.putSync({ id, source: fn.toString(), args });
    void this.#receive();
    return result as Promise<Awaited<R>>;
  }

  async #receive(): Promise<void> {
    const outcome = await this.#results.get();
    const waiting = this.#waiting.get(outcome.id);
    this.#waiting.delete(outcome.id);
    if ('error' in outcome) waiting?.reject(outcome.error);
    else waiting?.resolve(outcome.value);
  }

  async end(): Promise<void> {
    this.#commands.putSync('end');
    await this.#host.ended();
  }
}

function remoteReach(name: string, start: StartHost, blocking: boolean): Reach {
  const started: RemotePartner[] = [];
  afterAll(() => Promise.all(started.map((partner) => partner.end())));
  return {
    name,
    blocking,
    numbers: start === threadHost || engine.supports.processSharedMemory,
    partners(count) {
      while (started.length < count) started.push(new RemotePartner(start, blocking));
      return started.slice(0, count);
    },
  };
}

/** Every reach, or, where HEDDLE_TEST_REACH says so, those of processes; for the top level of a test file. */
export function reaches(): Reach[] {
  if (process.env['HEDDLE_TEST_REACH'] === 'process') return processReaches();
  const threads = [remoteReach('thread', threadHost, false), remoteReach('blocked thread', threadHost, true)];
  const { processProxies, processSharedMemory } = engine.supports;
  if (!processProxies && !processSharedMemory) return [task, ...threads];
  return [task, ...threads, ...processReaches()];
}

function processReaches(): Reach[] {
  return [remoteReach('process', processHost, false), remoteReach('blocked process', processHost, true)];
}

/** Those that Values reach; for the top level of a test file. */
export function numberReaches(): Reach[] {
  return reaches().filter(({ numbers }) => numbers);
}

export function handleOf(object: object): number {
  return (object as { readonly _handle: number })._handle;
}

/** How many wait in a list of the object: the main one unless said otherwise. */
export function waiters(object: object, list: number = Cell.WAITERS): number {
  const word = handleOf(object) + list;
  const first = Atomics.load(wordsAt(word), word);
  let count = 0;
  let node = first;
  // The list may change while it is walked; whoever asks asks again.
  while (node !== 0 && count < 1000) {
    count++;
    node = Atomics.load(wordsAt(node), node + Node.NEXT);
    if (node === first) break;
  }
  return count;
}

/** How many references there are to the object: of isolates, messages and other objects. */
export function references(object: object): number {
  const word = handleOf(object) + Cell.REFS;
  return Atomics.load(wordsAt(word), word);
}

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a promise is rejected with; for one that is rejected before the test comes to await it. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => new Error(`resolved with ${String(value)} instead of being rejected`),
    (error: unknown) => error,
  );
}

/** Waits until something is so. */
export async function until(condition: () => boolean, what = condition.toString()): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`this did not come true: ${what}`);
    await turn();
  }
}
