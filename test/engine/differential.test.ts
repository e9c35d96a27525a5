/**
 * The native engine and the fallback, driven with the same random operations, do the same: the same
 * outcomes, the same tickets in the same order, the same items, the same state words.
 *
 * HEDDLE_SEED repeats one run; the seed is part of every failure's message.
 */
import { expect, test } from 'vitest';
import { hasUvLoop, loadAddon } from '#dist/engine/addon.js';
import { FallbackEngine } from '#dist/engine/fallback/fallback-engine.js';
import { NativeEngine } from '#dist/engine/native.js';
import {
  Barrier,
  CELLS_START,
  Cell,
  Discipline,
  FIRST_TICKET,
  Header,
  Kind,
  Node,
  Outcome,
  Queue,
  Semaphore,
  WaiterMode,
  WORDS_PER_CELL,
} from '#dist/memory/layout.js';
import { bytes, engine as chosen, type Item, number, numberKey, string, stringKey } from './harness.js';

const SEQUENCES = 10_000;
const OPERATIONS = 60;
const { LOOP, THREAD } = WaiterMode;
type Engine = typeof chosen;

/** mulberry32. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One engine with the objects of a sequence. Objects and tickets are named by the order in which they came to be. */
class Subject {
  readonly objects: number[] = [];
  readonly tickets = new Map<number, number>();
  readonly handles: number[] = [];
  readonly engine: Engine;
  #named = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  create(kind: number, prepare: (handle: number, words: Int32Array) => void): void {
    const handle = this.engine.create(kind);
    prepare(handle, this.engine.words);
    this.objects.push(handle);
  }

  /** An outcome as it is, a ticket by its name. */
  outcome(result: number): string {
    if (result < FIRST_TICKET) return `outcome ${result}`;
    this.handles.push(result);
    this.tickets.set(result, this.#named);
    return `ticket ${this.#named++}`;
  }

  drain(): string[] {
    const log: string[] = [];
    for (;;) {
      const count = this.engine.drain();
      for (let i = 0; i < count; i++) {
        const [ticket, outcome, value] = this.engine.ready.subarray(3 * i, 3 * i + 3) as unknown as [
          number,
          number,
          number,
        ];
        // The value beside other outcomes means nothing.
        const says = outcome === Outcome.BROKEN ? '' : ` ${value}`;
        log.push(`ready ${this.tickets.get(ticket)}: ${outcome}${says}`);
        this.forget(ticket);
      }
      if (3 * count < this.engine.ready.length) return log;
    }
  }

  cancel(ticket: number): string {
    const outcome = this.engine.cancel(ticket);
    const name = this.tickets.get(ticket);
    this.forget(ticket);
    return `cancel ${name}: ${outcome}`;
  }

  forget(ticket: number): void {
    this.tickets.delete(ticket);
    this.handles.splice(this.handles.indexOf(ticket), 1);
  }

  take(handle: number, reserved: boolean): string {
    const value = this.engine.queueTake(handle, reserved);
    const [lane, length] = this.engine.out as unknown as [number, number];
    if (lane < 0) return `nothing ${lane}`;
    if (typeof value === 'number' || typeof value === 'string') return `${lane} ${typeof value} ${value}`;
    const taken = value ?? this.engine.scratch.subarray(0, length);
    return `${lane} bytes ${length} ${Buffer.from(taken.buffer as ArrayBuffer, taken.byteOffset, length).toString('base64')}`;
  }

  /** References of waiters. Native: not of threads, and those of a queue are kept until what they were promised is used. */
  #ofWaiters(handle: number): number {
    const words = this.engine.words;
    const end = CELLS_START + words[Header.CELLS_TOP]! * WORDS_PER_CELL;
    let count = 0;
    for (let node = CELLS_START; node < end; node += WORDS_PER_CELL) {
      if (words[node + Cell.KIND] !== Kind.NODE || words[node + Node.CELL] !== handle) continue;
      if (this.engine instanceof FallbackEngine || words[node + Node.REFERS] !== 0) count++;
    }
    return count;
  }

  /** What the words of an object say. */
  words(index: number): number[] {
    const handle = this.objects[index]!;
    const words = this.engine.words;
    const kind = words[handle + Cell.KIND]!;
    const shown = [
      kind,
      words[handle + Cell.REFS]! - this.#ofWaiters(handle),
      words[handle + Cell.STATE]!,
      Number(words[handle + Cell.WAITERS] !== 0),
    ];
    // The owner is a slot, and the two engines have slots of their own.
    if (kind === Kind.MUTEX) shown[2]! &= 0xff;
    if (kind === Kind.BARRIER) shown.push(words[handle + Barrier.COUNT]!, Number(words[handle + Barrier.ENTRY] !== 0));
    if (kind === Kind.QUEUE) {
      const { MAX_SIZE, COUNT, UNFINISHED, RESERVED_ITEMS, RESERVED_PLACES } = Queue;
      for (const word of [MAX_SIZE, COUNT, UNFINISHED, RESERVED_ITEMS, RESERVED_PLACES])
        shown.push(words[handle + word]!);
    }
    return shown;
  }

  end(): string {
    for (const ticket of [...this.handles]) this.cancel(ticket);
    this.engine.drain();
    this.engine.drain();
    for (const handle of this.objects) this.engine.disown(handle);
    return `${this.engine.words[Header.CELLS_LIVE]}`;
  }
}

type Operation = (subject: Subject) => string | string[];

/** Draws the objects of a sequence, then its operations, each a function for any subject. */
class Script {
  readonly kinds: number[] = [];
  /** Of 23 puts and takes: in some sequences queues grow long. */
  readonly puts: number;

  readonly rnd: () => number;

  constructor(rnd: () => number) {
    this.rnd = rnd;
    this.puts = this.pick([8, 12, 18]);
  }

  int(below: number): number {
    return Math.floor(this.rnd() * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!;
  }

  object(): (subject: Subject) => void {
    const kind = this.pick([
      Kind.MUTEX,
      Kind.SEMAPHORE,
      Kind.EVENT,
      Kind.CONDITION,
      Kind.BARRIER,
      Kind.QUEUE,
      Kind.QUEUE,
      Kind.QUEUE,
    ]);
    this.kinds.push(kind);
    const small = this.int(4);
    const bounded = this.int(2);
    const discipline = this.pick([Discipline.FIFO, Discipline.LIFO, Discipline.PRIORITY]);
    return (subject) =>
      subject.create(kind, (handle, words) => {
        if (kind === Kind.SEMAPHORE) {
          words[handle + Cell.STATE] = small << Semaphore.VALUE_SHIFT;
          words[handle + Semaphore.BOUND] = small + 1;
          words[handle + Semaphore.BOUNDED] = bounded;
        }
        if (kind === Kind.BARRIER) words[handle + Barrier.PARTIES] = small + 1;
        if (kind === Kind.QUEUE) subject.engine.queueInit(handle, discipline, small);
      });
  }

  item(): () => Item {
    const size = this.pick([0, 1, 8, 24, 25, 70, 300, 16384, 20000]);
    const seed = this.int(1000);
    switch (this.int(6)) {
      case 0:
        return () => string(String.fromCharCode(65 + (seed % 50)).repeat(size % 500));
      case 1:
        return () => string('é日ÿ'.slice(0, 1 + (seed % 3)).repeat(size % 400));
      case 2:
        return () =>
          bytes(
            Uint8Array.from({ length: size }, (_, i) => i * seed),
            [],
            7 + (seed % 3),
          );
      default:
        return () => number(seed / 8);
    }
  }

  key(): Uint8Array {
    const small = this.int(5);
    switch (this.int(12)) {
      case 0:
        return stringKey('k'.repeat(small * 7));
      case 1:
        return Uint8Array.from([0x30, ...numberKey(small), ...stringKey(`s${this.int(3)}`), 0x01]);
      default:
        return numberKey(small - 2);
    }
  }

  operation(): Operation {
    const roll = this.int(10);
    if (roll === 0) return (subject) => subject.drain();
    if (roll === 1) {
      const which = this.rnd();
      return (subject) => {
        const open = subject.handles;
        return open.length === 0 ? 'none' : subject.cancel(open[Math.floor(which * open.length)]!);
      };
    }
    const index = this.int(this.kinds.length);
    const act = this.act(this.kinds[index]!);
    return (subject) => act(subject, subject.objects[index]!);
  }

  act(kind: number): (subject: Subject, handle: number) => string | string[] {
    // A thread that waits would block this only thread: its timeout is 0 or short.
    const [mode, timeout] = this.pick([
      [LOOP, -1],
      [LOOP, -1],
      [LOOP, -1],
      [LOOP, 0],
      [THREAD, 0],
      [THREAD, 0.01],
    ] as const);
    const roll = this.int(8);
    switch (kind) {
      case Kind.MUTEX:
        if (roll < 4) return (s, h) => s.outcome(s.engine.mutexAcquire(h, mode, timeout));
        return (s, h) => s.outcome(s.engine.mutexRelease(h));
      case Kind.SEMAPHORE: {
        if (roll < 4) return (s, h) => s.outcome(s.engine.semaphoreAcquire(h, mode, timeout));
        const count = 1 + this.int(3);
        return (s, h) => s.outcome(s.engine.semaphoreRelease(h, count));
      }
      case Kind.EVENT:
        if (roll < 5) return (s, h) => s.outcome(s.engine.eventWait(h, mode, timeout));
        if (roll < 7) return (s, h) => `${s.engine.eventSet(h)}`;
        return (s, h) => `${Atomics.and(s.engine.words, h + Cell.STATE, ~1)}`;
      case Kind.CONDITION: {
        if (roll < 4) return (s, h) => s.outcome(s.engine.conditionEnqueue(h, LOOP));
        const count = this.pick([0, 1, 2, 0x7fffffff]);
        return (s, h) => `notified ${s.engine.conditionNotify(h, count)}`;
      }
      case Kind.BARRIER:
        if (roll < 5) {
          return (s, h) => {
            const outcome = s.engine.barrierArrive(h, mode, timeout);
            return [s.outcome(outcome), outcome === Outcome.LAST ? `${s.engine.out[0]}` : ''];
          };
        }
        if (roll < 7 || this.int(3) > 0) return (s, h) => `${s.engine.barrierRelease(h)}`;
        return this.int(2) === 0 ? (s, h) => `${s.engine.barrierBreak(h)}` : (s, h) => `${s.engine.barrierReset(h)}`;
      default:
        return this.actOnQueue(mode, timeout);
    }
  }

  actOnQueue(mode: 0 | 1, timeout: number): (subject: Subject, handle: number) => string | string[] {
    const reserved = this.int(4) === 0;
    const what = this.int(2) as 0 | 1;
    const size = this.int(5);
    const roll = this.int(40);
    if (roll < this.puts) {
      const item = this.item();
      const key = this.key();
      return (s, h) => `put ${s.engine.queuePut(h, reserved, item(), key)}`;
    }
    if (roll < 23) return (s, h) => s.take(h, reserved);
    if (roll < 26) return (s, h) => s.outcome(s.engine.queueAwaitItem(h, mode, timeout));
    if (roll < 30) return (s, h) => s.outcome(s.engine.queueAwaitPlace(h, mode, timeout));
    if (roll < 33) return (s, h) => `${s.engine.queueUnreserve(h, what)}`;
    if (roll < 35) return (s, h) => s.outcome(s.engine.queueTaskDone(h));
    if (roll < 37) return (s, h) => s.outcome(s.engine.queueJoin(h, mode, timeout));
    if (roll < 39) return (s, h) => `${s.engine.queueResize(h, size)}`;
    // Rarely: little happens to a queue after it.
    if (this.int(3) > 0) return (s, h) => s.take(h, reserved);
    return (s, h) => `${s.engine.queueShutdown(h, what === 1)}`;
  }
}

/** Runs one sequence on both; the history up to the first difference, or undefined. */
function differ(subjects: [Subject, Subject], seed: number): string | undefined {
  const script = new Script(random(seed));
  const history: string[] = [];
  const both = (what: string, run: (subject: Subject) => unknown): boolean => {
    const [native, fallback] = subjects.map((subject) => JSON.stringify(run(subject)));
    history.push(`${what}: ${native}`);
    if (native === fallback) return false;
    history.push(`  fallback: ${fallback}`);
    return true;
  };
  // Few objects: the operations meet.
  for (let objects = 1 + script.int(2); objects > 0; objects--) {
    const create = script.object();
    for (const subject of subjects) create(subject);
  }
  for (let i = 0; i < OPERATIONS; i++) {
    const operation = script.operation();
    if (both(`operation ${i}`, operation)) return history.join('\n');
    if (both('  words', (subject) => script.kinds.map((_, index) => subject.words(index)))) return history.join('\n');
  }
  return undefined;
}

const { addon, refusals } = loadAddon();

// Once is enough: in the native project, where there is one.
test.skipIf(addon === undefined || chosen.name !== 'native')(
  `native and fallback agree in ${SEQUENCES} random sequences ${refusals.join(' ')}`,
  { timeout: 300_000 },
  () => {
    const native = new NativeEngine(addon!.attach(hasUvLoop()), () => addon!.attach(false));
    const fallback = new FallbackEngine();
    const first = Number(process.env['HEDDLE_SEED'] ?? Date.now() % 1e9);
    const cellsBefore = [native, fallback].map((engine) => engine.words[Header.CELLS_LIVE]!);
    for (let seed = first; seed < first + SEQUENCES; seed++) {
      const subjects: [Subject, Subject] = [new Subject(native), new Subject(fallback)];
      const difference = differ(subjects, seed);
      if (difference !== undefined) expect.fail(`HEDDLE_SEED=${seed}\n${difference}`);
      for (const subject of subjects) subject.end();
    }
    // A spare node or two may be kept; nothing may pile up.
    for (const [index, engine] of [native, fallback].entries()) {
      expect(engine.words[Header.CELLS_LIVE]! - cellsBefore[index]!).toBeLessThan(70);
    }
  },
);
