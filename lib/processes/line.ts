/**
 * The line between the brokers of a process and of its child: messages over a socket that nobody else has.
 * Both run the same copy of heddle, and trust each other. They arrive in the order in which they were sent.
 */
import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { Frames, frame, UNKNOWN } from '../channels/framing.js';

/** An object on its way to another process: what it is there. */
export type Handed =
  /** The receiver's own. */
  | { readonly home: number }
  /** The sender's, by its handle there, and what a proxy has to know. */
  | {
      readonly handle: number;
      readonly kind: number;
      readonly copied: readonly number[];
      /** What it holds, in the order of `partWords`. */
      readonly parts: readonly (Handed | undefined)[];
    };

/** An item on its way to another process. */
export interface Parcel {
  readonly lane: number;
  readonly value: number | string | Uint8Array;
  /** In the order of the handles in the item. */
  readonly objects: readonly Handed[];
}

/** What a parent says first: what its record of the child has. */
export interface Welcome {
  readonly kind: 'welcome';
  readonly parent: number;
  readonly flags: number;
  readonly name: Uint8Array;
  /** The items of the queue with what the child is told to run. */
  readonly commands: readonly Parcel[];
}

/** What a child says when its target runs. */
export interface Started {
  readonly kind: 'started';
}

/** An operation on an object of the receiver's. */
export interface Call {
  readonly kind: 'call';
  readonly id: number;
  /** Which isolate asks: see `isolateName`. */
  readonly isolate: string;
  readonly op: number;
  readonly object: number;
  readonly a: number;
  /** Of a wait, there; 0 for none. */
  readonly number: number;
  readonly item: Parcel | undefined;
  readonly key: Uint8Array | undefined;
}

/** What came of it. */
export interface Reply {
  readonly kind: 'reply';
  readonly id: number;
  readonly result: Result;
}
export type Result = { readonly outcome: number; readonly value: number; readonly item: Parcel | undefined } | Refused;
export interface Refused {
  readonly refusal: string;
  /** A `Refusal` of the engine. */
  readonly code: number;
}

/** A wait has come to an end. */
export interface Granted {
  readonly kind: 'granted';
  readonly isolate: string;
  readonly number: number;
  readonly outcome: number;
  readonly value: number;
}

/** An isolate, or with a / at the end all whose names begin so, has ended. */
export interface Gone {
  readonly kind: 'gone';
  readonly isolate: string;
}

/** A proxy of an object, which had arrived so many times, is no more. */
export interface Dropped {
  readonly kind: 'dropped';
  readonly object: number;
  readonly arrivals: number;
}

export type Message = Welcome | Started | Traffic;
/** What proxies need. */
export type Traffic = Call | Reply | Granted | Gone | Dropped;

export class Line {
  readonly #socket: Socket;
  readonly #frames = new Frames();

  /** `ended` is called once: the other side has closed the line, or is gone. */
  constructor(socket: Socket, received: (message: Message) => void, ended: () => void) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      for (let message = this.#next(); message !== undefined; message = this.#next()) received(message);
    });
    // After an error, too, which tells nothing else.
    socket.on('error', () => {});
    socket.once('close', ended);
    socket.once('end', () => socket.destroy());
  }

  send(message: Message): void {
    if (!this.#socket.destroyed) this.#socket.write(frame(serialize(message)));
  }

  #next(): Message | undefined {
    const length = this.#frames.next();
    if (length === UNKNOWN) return undefined;
    const bytes = this.#frames.take(length);
    return bytes === undefined ? undefined : (deserialize(bytes) as Message);
  }
}
