/**
 * A lane and its table as one isolate sees them: claiming and finishing, and payloads in and out of
 * entries. See `board.ts` for what the words mean.
 *
 * A payload is written by one side while the entry is its own (the client before QUEUED, the worker while
 * RUNNING) and read by the other afterwards; the atomic operation on the state, or on DONE, orders the two.
 *
 * What is small is inline. The rest, and everything that holds references to shared objects, goes through
 * the entry's *parcel*, a queue of the engine that holds this one item: so an item that nobody takes drops
 * its references with the parcel, whoever dies. A parcel is made when an entry first needs one and then
 * stays with the entry.
 */
import { decode, drop } from '../codec/codec.js';
import { Lane as CodecLane } from '../codec/lanes.js';
import type { EncodedItem } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { noRoom } from '../engine/wait.js';
import { wordsAt } from '../engine/words-at.js';
import { Discipline, Kind, Outcome, Queue } from '../memory/layout.js';
import { SharedArray } from '../shared/shared-array.js';
import { isAttached } from './attachment.js';
import {
  DATA_BYTES,
  ENTRY_SHIFT,
  Entry,
  EntryState,
  Flag,
  Lane,
  LINKS,
  Listening,
  RING_MASK,
  RING_SIZE,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  SEGMENT_WORDS,
  STATE_MASK,
  WORDS_PER_ENTRY,
  workerOf,
} from './board.js';
import type { RawItem } from './raw-item.js';

type Words = SharedArray<Int32Array>;

/** A view of one segment. */
export interface Segment {
  readonly block: Words;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
  readonly bytes: Uint8Array;
}

/** The SharedArray with a handle that somebody else keeps a reference to. */
export function blockOf(handle: number): Words {
  engine.retain(handle);
  return reviveShared('SharedArray', handle, undefined) as unknown as Words;
}

function view(block: Words): Segment {
  const words = block.array;
  return {
    block,
    words,
    doubles: new Float64Array(words.buffer, words.byteOffset, words.length >> 1),
    floats: new Float32Array(words.buffer, words.byteOffset, words.length),
    bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
  };
}

/** First word of an entry within its segment. */
export function placeOf(index: number): number {
  return (index & SEGMENT_MASK) << ENTRY_SHIFT;
}

/** The word of its segment that links a finished entry. */
function linkOf(index: number): number {
  return LINKS + (index & SEGMENT_MASK);
}

/** The state of a task that no worker has begun. */
function isWaiting(state: number): boolean {
  const kind = state & STATE_MASK;
  return (
    kind === EntryState.QUEUED ||
    kind === EntryState.MAILED ||
    kind === EntryState.FETCHING ||
    kind === EntryState.RETURNED
  );
}

const NUMBER = CodecLane.NUMBER;
const STRING = CodecLane.STRING;
const VALUE = CodecLane.VALUE;
/** Where inline bytes are decoded from: the codec keeps no view of it. */
const inline = new Uint8Array(DATA_BYTES);

export class TaskTable {
  readonly lane: Words;
  readonly words: Int32Array;
  readonly segments: Segment[] = [];
  /** TAIL and HEAD as they were when last looked at: they only move on. */
  #tail = 0;
  #head = 0;

  constructor(lane: Words) {
    this.lane = lane;
    this.words = lane.array;
  }

  segment(index: number): Segment {
    return this.segments[index >> SEGMENT_SHIFT] ?? this.#map(index >> SEGMENT_SHIFT);
  }

  stateOf(index: number): number {
    return Atomics.load(this.segment(index).words, placeOf(index));
  }

  /** A segment that the client has added. */
  #map(number: number): Segment {
    const handle = Atomics.load(this.words, Lane.SEGMENT + number);
    const segment = view(blockOf(handle));
    this.segments[number] = segment;
    return segment;
  }

  /** Adds a segment: the client only. The lane gets a reference of its own, which whoever ends the executor drops. */
  grow(): number {
    const number = this.segments.length;
    const block = new SharedArray('i', SEGMENT_WORDS, { lock: false });
    block._remember();
    engine.retain(block._handle);
    this.segments[number] = view(block);
    Atomics.store(this.words, Lane.SEGMENT + number, block._handle);
    Atomics.store(this.words, Lane.SEGMENTS, number + 1);
    return number;
  }

  /** True when no task waits in the ring; cancelled ones may still be counted. */
  isEmpty(): boolean {
    const queue = this.words[Lane.PRIORITY] as number;
    if (queue !== 0 && Atomics.load(wordsAt(queue), queue + Queue.COUNT) > 0) return false;
    return Atomics.load(this.words, Lane.HEAD) === Atomics.load(this.words, Lane.TAIL);
  }

  queued(): number {
    return (Atomics.load(this.words, Lane.TAIL) - Atomics.load(this.words, Lane.HEAD)) | 0;
  }

  /** Whether workers have enough to do for the time that it takes to wake the client. */
  isWellSupplied(): boolean {
    return this.queued() >= (this.words[Lane.LOW_WATER] as number);
  }

  /** False when the ring has no place for one more: the client only. */
  hasRoom(): boolean {
    const tail = this.words[Lane.TAIL] as number;
    if (((tail - this.#head) | 0) < RING_SIZE) return true;
    this.#head = Atomics.load(this.words, Lane.HEAD);
    return ((tail - this.#head) | 0) < RING_SIZE;
  }

  /** How many more there were in the ring when it was last looked at: the worker only. */
  behind(): number {
    return (this.#tail - (this.words[Lane.HEAD] as number)) | 0;
  }

  /** Entries that no worker has claimed. */
  countQueued(): number {
    this.#mapAll();
    let count = 0;
    for (const { words } of this.segments)
      for (let at = 0; at < LINKS; at += WORDS_PER_ENTRY) {
        const state = words[at] as number;
        if (isWaiting(state)) count++;
      }
    return count;
  }

  /** Entries whose tasks run; adds the workers that run them to `busy`. */
  countRunning(busy: Set<number>): number {
    this.#mapAll();
    let count = 0;
    for (const { words } of this.segments)
      for (let at = 0; at < LINKS; at += WORDS_PER_ENTRY) {
        const state = words[at] as number;
        if ((state & STATE_MASK) !== EntryState.RUNNING) continue;
        busy.add(workerOf(state));
        count++;
      }
    return count;
  }

  /** Tasks that wait in the client's own memory, which has gone with it if it is no more. */
  countWaiting(): number {
    const { words } = this;
    const waiting = Atomics.load(words, Lane.BACKLOG);
    return waiting !== 0 && isAttached(words[Lane.SLOT] as number, words[Lane.GENERATION] as number) ? waiting : 0;
  }

  #mapAll(): void {
    const count = Atomics.load(this.words, Lane.SEGMENTS);
    for (let number = 0; number < count; number++) if (this.segments[number] === undefined) this.#map(number);
  }

  /**
   * Claims the next task: its index, or -1. `mark`: `runningOn(worker)`. `helping`: not if its function is async, or it
   * has to be sent for.
   */
  claim(mark: number, helping: boolean): number {
    const { words } = this;
    const queue = words[Lane.PRIORITY] as number;
    if (queue !== 0) {
      const index = this.#claimFirst(queue, mark);
      if (index >= 0) return index;
    }
    for (;;) {
      // One that is out of date leads to a hint that is.
      const head = words[Lane.HEAD] as number;
      if (((this.#tail - head) | 0) <= 0) {
        this.#tail = Atomics.load(words, Lane.TAIL);
        if (((this.#tail - Atomics.load(words, Lane.HEAD)) | 0) <= 0) return -1;
        continue;
      }
      const index = words[Lane.RING + (head & RING_MASK)] as number;
      const entries = this.segment(index).words;
      const at = placeOf(index);
      if (
        helping &&
        Atomics.load(entries, at) === EntryState.QUEUED &&
        ((entries[at + Entry.LANE] as number) & (Flag.ASYNC | Flag.CARRIED)) !== 0
      )
        return -1;
      const claimed = Atomics.compareExchange(entries, at, EntryState.QUEUED, mark) === EntryState.QUEUED;
      Atomics.compareExchange(words, Lane.HEAD, head, (head + 1) | 0);
      if (claimed) return index;
    }
  }

  #claimFirst(queue: number, mark: number): number {
    while (Atomics.load(wordsAt(queue), queue + Queue.COUNT) > 0) {
      const index = engine.queueTake(queue, false) as number;
      if ((engine.out[0] as number) <= 0) return -1;
      if (
        Atomics.compareExchange(this.segment(index).words, placeOf(index), EntryState.QUEUED, mark) ===
        EntryState.QUEUED
      )
        return index;
    }
    return -1;
  }

  /** The next older entry of the DONE stack, plus 1; 0 for none. The client only. */
  linkAt(index: number): number {
    return this.segment(index).words[linkOf(index)] as number;
  }

  /**
   * Has the cache lines of entries fetched that are the client's again, `indices[from, to)`: all at a time, where one after
   * another each would be waited for.
   */
  fetchLines(indices: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const index = indices[i] as number;
      // Written: what is only read is fetched again when it is written. It is in no mail.
      this.segment(index).words[placeOf(index) + Entry.NEXT] = 0;
    }
  }

  /** Gives a finished task back to its client. */
  finish(index: number): void {
    this.#push(index);
    this.#ring(false);
  }

  /** Asks the client for what moves with a claimed task: see `fetching.ts`. A worker waits for it. */
  sendFor(index: number): void {
    this.#push(index);
    this.#ring(true);
  }

  #push(index: number): void {
    const { words } = this;
    const { words: links } = this.segment(index);
    const link = linkOf(index);
    let top = words[Lane.DONE] as number;
    for (;;) {
      links[link] = top;
      const seen = Atomics.compareExchange(words, Lane.DONE, top, index + 1);
      if (seen === top) break;
      top = seen;
    }
  }

  /** Rings the client if it has asked for it. */
  #ring(urgent: boolean): void {
    const { words } = this;
    // The client says that it listens, then looks at DONE once more: one of the two sees the other.
    const listening = Atomics.load(words, Lane.LISTENING);
    if (listening === Listening.NOT) return;
    if (listening === Listening.BATCHES && !urgent && this.isWellSupplied()) return;
    if (Atomics.compareExchange(words, Lane.LISTENING, listening, Listening.NOT) !== listening) return;
    const bell = words[listening === Listening.THREAD ? Lane.THREAD_BELL : Lane.LOOP_BELL] as number;
    engine.semaphoreRelease(bell, 1);
  }

  /** Writes a payload into an entry, with `flags` beside its lane. Throws, with nothing written, when there is no room. */
  write(segment: Segment, at: number, item: EncodedItem, flags: number): void {
    const { words } = segment;
    const { lane } = item;
    if (lane === NUMBER) {
      segment.doubles[(at + Entry.DATA) >> 1] = item.number;
    } else if (lane === STRING) {
      if (!writeText(segment, at, item.string)) {
        this.#send(words, at, item);
        flags |= Flag.PARCEL;
      }
    } else if (lane >= CodecLane.BYTES) {
      const { length } = item;
      if (length > DATA_BYTES || item.handles.length > 0 || lane !== VALUE) {
        this.#send(words, at, item);
        flags |= Flag.PARCEL;
      } else {
        const source = item.bytes;
        const target = segment.bytes;
        const start = (at + Entry.DATA) << 2;
        for (let i = 0; i < length; i++) target[start + i] = source[i] as number;
        words[at + Entry.LENGTH] = length;
      }
    }
    words[at + Entry.LANE] = lane | flags;
  }

  #send(words: Int32Array, at: number, item: EncodedItem): void {
    let parcel = words[at + Entry.PARCEL] as number;
    if (parcel === 0) {
      parcel = engine.create(Kind.QUEUE);
      engine.queueInit(parcel, Discipline.FIFO, 0);
      // From now on the entry's, whichever isolate has made it.
      engine.retain(parcel);
      words[at + Entry.PARCEL] = parcel;
      engine.disown(parcel);
    }
    if (engine.queuePut(parcel, false, item, undefined) !== Outcome.OK) throw noRoom();
  }

  /** The payload of an entry, which this uses up, with what came beside it. Throws what decoding throws. */
  read(segment: Segment, at: number, carried?: readonly unknown[]): unknown {
    const { words } = segment;
    const flags = words[at + Entry.LANE] as number;
    if ((flags & Flag.PARCEL) !== 0) {
      const taken = engine.queueTake(words[at + Entry.PARCEL] as number, false);
      return decode(engine.out[0] as number, taken, engine.scratch, engine.out[1] as number, carried);
    }
    const lane = flags & Flag.LANE;
    if (lane === NUMBER) return segment.doubles[(at + Entry.DATA) >> 1];
    if (lane < VALUE) return lane === STRING ? readText(segment, at) : decode(lane, undefined, inline, 0);
    return decode(lane, undefined, inline, copyInline(segment, at), carried);
  }

  /** The payload of an entry as it is, for another process; this uses it up. */
  take(segment: Segment, at: number): RawItem {
    const { words } = segment;
    const flags = words[at + Entry.LANE] as number;
    if ((flags & Flag.PARCEL) !== 0) {
      const taken = engine.queueTake(words[at + Entry.PARCEL] as number, false);
      return { lane: engine.out[0] as number, value: taken ?? engine.scratch.slice(0, engine.out[1]) };
    }
    const lane = flags & Flag.LANE;
    if (lane === NUMBER) return { lane, value: segment.doubles[(at + Entry.DATA) >> 1] as number };
    if (lane === STRING) return { lane, value: readText(segment, at) };
    return { lane, value: inline.slice(0, lane < VALUE ? 0 : copyInline(segment, at)) };
  }

  /** Drops a payload that nobody will read. */
  discard(segment: Segment, at: number): void {
    const { words } = segment;
    if (((words[at + Entry.LANE] as number) & Flag.PARCEL) !== 0) emptyParcel(words[at + Entry.PARCEL] as number);
  }
}

/** Takes what is in a parcel out of it and drops it. */
export function emptyParcel(parcel: number): void {
  if (parcel === 0) return;
  for (;;) {
    const taken = engine.queueTake(parcel, false);
    const lane = engine.out[0] as number;
    if (lane <= 0) return;
    drop(lane, taken, engine.scratch, engine.out[1] as number);
  }
}

function copyInline(segment: Segment, at: number): number {
  const length = segment.words[at + Entry.LENGTH] as number;
  const source = segment.bytes;
  const start = (at + Entry.DATA) << 2;
  for (let i = 0; i < length; i++) inline[i] = source[start + i] as number;
  return length;
}

function writeText(segment: Segment, at: number, text: string): boolean {
  const { length } = text;
  if (length > DATA_BYTES) return false;
  const { bytes } = segment;
  const start = (at + Entry.DATA) << 2;
  let all = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    all |= unit;
    bytes[start + i] = unit;
  }
  segment.words[at + Entry.LENGTH] = length;
  return all < 256;
}

function readText(segment: Segment, at: number): string {
  const length = segment.words[at + Entry.LENGTH] as number;
  const start = (at + Entry.DATA) << 2;
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(segment.bytes[start + i] as number);
  return text;
}
