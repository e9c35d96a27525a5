/**
 * The line between the brokers of a process and of its child: messages over a socket that nobody else has.
 * Both run the same copy of heddle, and trust each other.
 */
import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { Frames, frame, UNKNOWN } from '../channels/framing.js';

/** What a parent says first: what its record of the child has. */
export interface Welcome {
  readonly kind: 'welcome';
  readonly parent: number;
  readonly flags: number;
  readonly name: Uint8Array;
  /** The items of the queue with what the child is told to run, as they lie in it. */
  readonly commands: readonly { readonly lane: number; readonly bytes: Uint8Array }[];
}

/** What a child says when its target runs. */
export interface Started {
  readonly kind: 'started';
}

export type Message = Welcome | Started;

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
