/**
 * The post between a relay and the process that it speaks for, where the two share no memory: see `relay.ts`. A letter is
 * a few words, and an item as it is, which only its last receiver decodes.
 *
 *   HELLO     address and key              ◄── of the relay: where it listens
 *   DEFINE    what to forget, fn           a function, before its first task
 *   RUN       task, fn, flags of its entry; arguments
 *   LOOK      task, how                    it has been told to stop: see also `Line.aborts`
 *   PING
 *   STOP                                   the process is to take leave
 *   READY                                  ◄── of the process: it is set up
 *   AWAITS    task                         the task awaits something, and the process could do with another
 *   DONE      task, flags of its entry; what came of it
 *   PONG
 *   REFUSED   an error                     the first letter in the queue cannot get to the process
 *   FAREWELL  number of a letter           it ends, and that was the last that it has had
 *   LAPSED                                 ◄── of the relay: in place of one that was refused
 *
 * Letters go by a socket between the two, once there is one: it costs two changes of threads where a queue, of which the process
 * has a proxy, costs some ten. Those with shared objects in them go by the queue, which makes them proxies there, and
 * so do all where there can be no socket. Letters are numbered, and delivered in the order of their numbers; a farewell
 * has none, and goes by the queue, which has it for certain when the call returns.
 */
import { Client } from '../channels/client.js';
import type { Connection } from '../channels/connection.js';
import { Listener } from '../channels/listener.js';
import { ENVELOPE_BYTES, Lane } from '../codec/lanes.js';
import { encodedItem, itemValueOf, payloadOf } from '../engine/item-payload.js';
import { engine } from '../engine/select.js';
import { noRoom, promise, settleOwnGrants } from '../engine/wait.js';
import { ArenaExhaustedError, OwnerLostError } from '../errors.js';
import { Outcome, WaiterMode } from '../memory/layout.js';
import type { SimpleQueue } from '../queues/simple-queue.js';
import type { Semaphore } from '../sync/semaphore.js';
import { dropRaw, handlesIn, NOTHING, type RawItem } from './raw-item.js';

export const Letter = {
  HELLO: 1,
  DEFINE: 2,
  RUN: 3,
  LOOK: 4,
  PING: 5,
  STOP: 6,
  READY: 7,
  AWAITS: 8,
  DONE: 9,
  PONG: 10,
  REFUSED: 11,
  FAREWELL: 12,
  LAPSED: 13,
} as const;

export interface Received extends RawItem {
  readonly number: number;
  readonly kind: number;
  readonly task: number;
  readonly fn: number;
  readonly flags: number;
}

/** What the two have between them. The relay's process owns all of it. */
export interface Line {
  readonly toProcess: SimpleQueue;
  readonly toRelay: SimpleQueue;
  /** Tasks that have been told to stop, each 8 times its number plus how: for one that blocks its loop, and looks by itself. */
  readonly aborts: SimpleQueue<number>;
  /** The relay has taken out what the process refused. */
  readonly cleared: Semaphore;
}

/** How often it tries again what the arena has no room for. Milliseconds. */
export const AGAIN_MS = 5;
/** How long the process tries to get a connection. Milliseconds. */
const CONNECT_MS = 10_000;
/** So long what a dead process has sent may take, milliseconds. */
const FINISH_MS = 5000;

/** The number after another: of 32 bits, and never 0. */
export function following(number: number): number {
  return (number + 1) | 0 || 1;
}

/** Whether a number comes after another, of some at a time. */
export function isAfter(number: number, other: number): boolean {
  return ((number - other) | 0) > 0;
}

export class Post {
  readonly #outgoing: SimpleQueue;
  readonly #incoming: SimpleQueue;
  readonly #deliver: (letter: Received) => void;
  /** Nothing that is sent from now on arrives. */
  isOver = false;
  #connection: Connection | undefined;
  #listener: Listener | undefined;
  /** Number of the letter sent last, and of the one delivered last. */
  #sent = 0;
  #delivered = 0;
  /** Those that have come before their turn. */
  readonly #early = new Map<number, Received>();
  /** Resolves when nothing more comes by the socket. */
  #hungUp: Promise<void> = Promise.resolve();
  /** Resolves when there is a socket, or there will be none. */
  #offered: Promise<void> = Promise.resolve();
  #hasLeft = false;

  constructor(outgoing: SimpleQueue, incoming: SimpleQueue, deliver: (letter: Received) => void) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#deliver = deliver;
  }

  /** Sends a letter, and returns its number. When it throws, nothing has been sent, and the item is still the caller's. */
  send(kind: number, task = 0, fn = 0, flags = 0, item: RawItem = NOTHING): number {
    const number = following(this.#sent);
    this.#send(number, kind, task, fn, flags, item);
    this.#sent = number;
    return number;
  }

  /** For the process, as it ends: what comes from now on it has not had. */
  sendFarewell(): void {
    this.#hasLeft = true;
    this.#connection = undefined;
    this.#send(0, Letter.FAREWELL, this.#delivered, 0, 0, NOTHING);
  }

  /** Sends a letter that must not get lost, as soon as the arena has room for it. */
  insist(kind: number, task = 0, flags = 0): void {
    this.#sent = following(this.#sent);
    this.#insist(this.#sent, kind, task, flags);
  }

  /** In place of a letter that has not been delivered. */
  sendLapsed(number: number): void {
    this.#insist(number, Letter.LAPSED, 0, 0);
  }

  #insist(number: number, kind: number, task: number, flags: number): void {
    try {
      this.#send(number, kind, task, 0, flags, NOTHING);
    } catch (error) {
      // Nobody is left to hear it.
      if (error instanceof OwnerLostError) return;
      if (!(error instanceof ArenaExhaustedError)) throw error;
      setTimeout(() => this.#insist(number, kind, task, flags), AGAIN_MS);
    }
  }

  #send(number: number, kind: number, task: number, fn: number, flags: number, item: RawItem): void {
    const { lane, value } = item;
    const payload = payloadOf(lane, value);
    const bytes = new Uint8Array(ENVELOPE_BYTES + payload.length);
    new Int32Array(bytes.buffer, 0, ENVELOPE_BYTES / 4).set([number, kind, task, fn, flags, lane]);
    bytes.set(payload, ENVELOPE_BYTES);
    const handles = handlesIn(item);
    if (handles.length === 0 && this.#connection !== undefined) {
      // It fails when the other side is gone, and then nobody waits for it.
      this.#connection.sendBytes(bytes).catch(() => {});
      return;
    }
    // By proxy, a put that throws has dropped them.
    for (const handle of handles) engine.retain(handle);
    const letter = encodedItem(Lane.ENVELOPE, bytes, handles);
    const outcome = engine.queuePut(this.#outgoing._handle, false, letter, undefined);
    for (const handle of handles) engine.release(handle);
    if (outcome !== Outcome.OK) throw noRoom();
    settleOwnGrants();
  }

  /** Delivers what comes by the queue, for ever. `refused` is called with what cannot be had, and makes room. */
  async listen(refused: (error: unknown) => Promise<void>): Promise<void> {
    for (;;) {
      let letter: Received;
      try {
        letter = await receive(this.#incoming);
      } catch (error) {
        await refused(error);
        continue;
      }
      this.#arrive(letter);
    }
  }

  #arrive(letter: Received): void {
    if (this.#hasLeft) {
      dropRaw(letter);
      return;
    }
    if (letter.number === 0) {
      this.#deliver(letter);
      return;
    }
    this.#early.set(letter.number, letter);
    for (;;) {
      const number = following(this.#delivered);
      const next = this.#early.get(number);
      if (next === undefined) return;
      this.#early.delete(number);
      this.#delivered = number;
      this.#deliver(next);
    }
  }

  /** For the relay: takes the first letter that waits for the process back out of the queue. */
  takeBack(): Received | undefined {
    return takeNow(this.#outgoing);
  }

  /** For the relay: listens for the process, which `tell` has told where. Without a socket all goes by the queues. */
  offer(address: string, key: Uint8Array, tell: () => void): void {
    this.#offered = this.#offer(address, key, tell);
  }

  async #offer(address: string, authkey: Uint8Array, tell: () => void): Promise<void> {
    try {
      const listener = new Listener(address, { authkey });
      this.#listener = listener;
      await listener.ready();
      tell();
      // Passes over those who do not have the key.
      for await (const connection of listener) {
        this.#use(connection);
        break;
      }
    } catch {
      // No socket may be had here, or the process has ended.
    } finally {
      this.#listener?.close();
    }
  }

  /** For the process: connects to the relay. Resolves when there is no connection any more; false when there never was one. */
  async accept(address: string, authkey: Uint8Array): Promise<boolean> {
    try {
      this.#use(await Client(address, { authkey, timeout: CONNECT_MS }));
    } catch {
      // Then all goes by the queues.
      return false;
    }
    await this.#hungUp;
    return true;
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    this.#hungUp = this.#hear(connection);
  }

  async #hear(connection: Connection): Promise<void> {
    for (;;) {
      let bytes: Uint8Array;
      try {
        bytes = await connection.recvBytes();
      } catch {
        // The other side has ended, or is to see that nobody hears it.
        connection.close();
        this.#connection = undefined;
        this.isOver = true;
        return;
      }
      this.#arrive(letterOf(bytes));
    }
  }

  /** For the relay, when its process has ended: delivers what is still to come. */
  async finish(): Promise<void> {
    this.isOver = true;
    this.#listener?.close();
    const late = new Promise((resolve) => setTimeout(resolve, FINISH_MS));
    await Promise.race([this.#offered.then(() => this.#hungUp), late]);
    for (let letter = takeNow(this.#incoming); letter !== undefined; letter = takeNow(this.#incoming))
      this.#arrive(letter);
    // What was granted to `listen` comes by the loop.
    await new Promise((resolve) => setImmediate(resolve));
    // What is missing between them is lost.
    for (const number of [...this.#early.keys()].sort((a, b) => (a - b) | 0)) {
      const letter = this.#early.get(number) as Received;
      this.#early.delete(number);
      this.#delivered = number;
      this.#deliver(letter);
    }
  }
}

/** The next letter. Where only room is missing it waits for that. */
async function receive(queue: SimpleQueue): Promise<Received> {
  for (let mayBeKept = false; ; ) {
    try {
      // One for which there was no room is kept for who looks, whom nobody tells.
      const kept = mayBeKept ? takeNow(queue) : undefined;
      if (kept !== undefined) return kept;
      mayBeKept = false;
      const begun = engine.queueAwaitItem(queue._handle, WaiterMode.LOOP, -1);
      const hasRoom = begun !== Outcome.NO_MEMORY;
      const letter = hasRoom ? await promise(begun, -1, undefined, () => take(queue, true), queue) : takeNow(queue);
      if (letter !== undefined) return letter;
    } catch (error) {
      if (!(error instanceof ArenaExhaustedError)) throw error;
      mayBeKept = true;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function takeNow(queue: SimpleQueue): Received | undefined {
  return take(queue, false);
}

function take(queue: SimpleQueue, reserved: boolean): Received | undefined {
  const taken = engine.queueTake(queue._handle, reserved) as Uint8Array | undefined;
  if ((engine.out[0] as number) <= 0) return undefined;
  return letterOf(taken ?? engine.scratch.slice(0, engine.out[1]));
}

function letterOf(bytes: Uint8Array): Received {
  const [number, kind, task, fn, flags, lane] = new Int32Array(bytes.slice(0, ENVELOPE_BYTES).buffer);
  const value = itemValueOf(lane as number, bytes.subarray(ENVELOPE_BYTES));
  return { number, kind, task, fn, flags, lane, value } as Received;
}
