/** Threads as workers of an executor: each an isolate that runs `worker-entry.js`. */
import { MessageChannel, type MessagePort, type ResourceLimits, SHARE_ENV, type Worker } from 'node:worker_threads';
import { dropBytes, encodeBytes } from '../codec/codec.js';
import { engine } from '../engine/select.js';
import '../shipping/lane.js';
import { Lifeline } from '../threads/lifeline.js';
import { startProgram } from '../threads/worker-program.js';
import type { Setup } from './parts.js';
import type { Ending, HostedWorker, WorkerHost } from './worker-host.js';

/** `workerData` of a worker. */
export interface WorkerData {
  readonly heddle: 'worker';
  /** A Setup, encoded. */
  readonly setup: Uint8Array;
  /** Slot + 1 of the creator. */
  readonly parent: number;
  readonly argv: readonly string[];
  /** For its Carrier. */
  readonly port: MessagePort;
  /** Closes when the isolate ends; see `lifeline.ts`. */
  readonly lifeline: MessagePort;
}

const entry = new URL('./worker-entry.js', import.meta.url);

export class ThreadHost implements WorkerHost {
  readonly carries = true;
  readonly #resourceLimits: ResourceLimits | undefined;

  constructor(resourceLimits: ResourceLimits | undefined) {
    this.#resourceLimits = resourceLimits;
  }

  start(setup: Setup, ended: (ending: Ending) => void): HostedWorker {
    const bytes = encodeBytes(setup, 'initializer');
    const { port1, port2 } = new MessageChannel();
    const lifeline = new Lifeline(this.#resourceLimits);
    const data: WorkerData = {
      heddle: 'worker',
      setup: bytes,
      parent: engine.self + 1,
      argv: process.argv,
      port: port2,
      lifeline: lifeline.end,
    };
    let worker: Worker;
    try {
      worker = startProgram(entry, {
        name: setup.name,
        workerData: data,
        transferList: [port2, lifeline.end],
        env: SHARE_ENV,
        ...(this.#resourceLimits === undefined ? {} : { resourceLimits: this.#resourceLimits }),
      });
    } catch (error) {
      port1.close();
      lifeline.end.close();
      dropBytes(bytes);
      throw error;
    }
    // Tasks in flight keep the process alive, workers do not.
    worker.unref();
    let error: unknown;
    worker.on('error', (uncaught) => {
      error = uncaught;
    });
    worker.on('exit', (exitCode) => ended(error === undefined ? { exitCode } : { error, exitCode }));
    const terminate = (): void => void worker.terminate();
    return { terminate, kill: terminate, lifeline, port: port1 };
  }
}
