/**
 * Processes as workers of an executor where processes share no memory: each runs `far-worker.js`, and has a thread of this
 * process, which runs `relay-entry.js`, for its relay.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessagePort, SHARE_ENV, type Worker } from 'node:worker_threads';
import { dropBytes, encodeBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import type { Process } from '../processes/process.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import { Semaphore } from '../sync/semaphore.js';
import { Lifeline } from '../threads/lifeline.js';
import { startProgram } from '../threads/worker-program.js';
import { Board } from './board.js';
import type { FarSetup } from './far-worker.js';
import type { LoopSetup, Setup } from './parts.js';
import type { Line } from './post.js';
import { ProcessHost } from './process-host.js';
import type { Ending, HostedWorker } from './worker-host.js';

/** `workerData` of a relay. */
export interface RelayData {
  readonly heddle: 'relay';
  /** A RelaySetup, encoded. */
  readonly setup: Uint8Array;
  /** Slot + 1 of the creator. */
  readonly parent: number;
  /** Closes when the isolate ends; see `lifeline.ts`. */
  readonly lifeline: MessagePort;
}

/** What a relay is told at its birth. */
export interface RelaySetup extends LoopSetup {
  readonly line: Line;
  readonly child: Process;
  /** Where it may listen for its process; undefined: nowhere. */
  readonly address: string | undefined;
}

const relayEntry = new URL('./relay-entry.js', import.meta.url);
const farEntry = new URL('./far-worker.js', import.meta.url).href;

/** Where the relays of this isolate listen. It is for this user alone, and goes with the isolate, for relays may be ended at any time. */
let folder: string | undefined;
let addresses = 0;

/** An address for a relay that nobody has; undefined when none can be had. */
function newAddress(): string | undefined {
  if (process.platform === 'win32') return `\\\\.\\pipe\\heddle-${crypto.randomUUID()}`;
  try {
    folder ??= makeFolder();
  } catch {
    return undefined;
  }
  return join(folder, String(++addresses));
}

function makeFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'heddle-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}

export class RelayHost extends ProcessHost {
  readonly isApart = true;

  override start(setup: Setup, ended: (ending: Ending) => void): HostedWorker {
    const { initializer, initArgs, ...own } = setup;
    const { notes, owner, board } = own.parts;
    const line: Line = {
      toProcess: new SimpleQueue(),
      toRelay: new SimpleQueue(),
      aborts: new SimpleQueue<number>(),
      cleared: new Semaphore(0),
    };
    const concurrency = board.array[Board.CONCURRENCY] as number;
    const far: FarSetup = { id: own.id, parts: { notes, owner }, line, concurrency, initializer, initArgs };
    let relay: Relaying | undefined;
    const hosted = this._host(farEntry, own.name, far, (ending) => {
      if (relay === undefined) ended(ending);
      else relay.processEnded(ending);
    });
    const { process: child } = hosted;
    if (child === undefined) return hosted;
    try {
      relay = new Relaying({ ...own, line, child, address: newAddress() }, ended);
    } catch (error) {
      child.kill();
      throw error;
    }
    return {
      terminate: hosted.terminate,
      kill: hosted.kill,
      ending() {
        if (!relay?.isGone) return undefined;
        if (child.isAlive()) child.kill();
        return hosted.ending?.();
      },
    };
  }
}

/** A relay, seen from who has made it: all is over when its process has ended, and its thread. */
class Relaying {
  readonly #lifeline = new Lifeline();
  readonly #ended: (ending: Ending) => void;
  readonly #child: Process;
  /** How the process has ended. */
  #ending: Ending | undefined;
  /** What the thread has ended of before it should. */
  #error: unknown;
  #threadEnded = false;

  constructor(setup: RelaySetup, ended: (ending: Ending) => void) {
    this.#ended = ended;
    this.#child = setup.child;
    const bytes = encodeBytes(setup, 'relay');
    const lifeline = this.#lifeline.end;
    const data: RelayData = { heddle: 'relay', setup: bytes, parent: engine.self + 1, lifeline };
    let worker: Worker;
    try {
      worker = startProgram(relayEntry, {
        name: setup.name,
        workerData: data,
        transferList: [lifeline],
        env: SHARE_ENV,
      });
    } catch (error) {
      lifeline.close();
      dropBytes(bytes);
      throw error;
    }
    worker.unref();
    worker.on('error', (error) => {
      this.#error = error;
    });
    worker.on('exit', () => {
      this.#threadEnded = true;
      if (this.#child.isAlive()) this.#child.kill();
      this.#conclude();
    });
  }

  get isGone(): boolean {
    return this.#threadEnded || this.#lifeline.isBroken();
  }

  processEnded(ending: Ending): void {
    this.#ending = ending;
    this.#conclude();
  }

  #conclude(): void {
    if (!this.#threadEnded || this.#ending === undefined) return;
    this.#ended(this.#error === undefined ? this.#ending : { ...this.#ending, error: this.#error });
  }
}
