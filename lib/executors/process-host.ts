/** Processes as workers of an executor: each runs `process-worker.js`, and ends when this process does. */
import { constants } from 'node:os';
import { ProcessStateError } from '../errors.js';
import type { Surroundings } from '../processes/launch.js';
import { Process } from '../processes/process.js';
import type { Setup } from './parts.js';
import type { Ending, HostedWorker, WorkerHost } from './worker-host.js';

const entry = new URL('./process-worker.js', import.meta.url).href;

const signalNames = new Map<number, string>();
// Of names for the same signal the first is the usual one.
for (const [name, number] of Object.entries(constants.signals))
  if (!signalNames.has(number)) signalNames.set(number, name);

function endingOf(process: Process): Ending {
  const { exitCode } = process;
  if (exitCode === undefined || exitCode >= 0) return { exitCode };
  return { signal: signalNames.get(-exitCode) ?? `signal ${-exitCode}` };
}

export class ProcessHost implements WorkerHost {
  readonly #surroundings: Surroundings;
  readonly #mayHaveChildren: boolean;

  /** @param mayHaveChildren Whether tasks may start processes. */
  constructor(surroundings: Surroundings, mayHaveChildren: boolean) {
    this.#surroundings = surroundings;
    this.#mayHaveChildren = mayHaveChildren;
  }

  start(setup: Setup, ended: (ending: Ending) => void): HostedWorker {
    return this._host(entry, setup.name, setup, ended);
  }

  /** A process that calls `run` of a module of ours; none where the system gives none. */
  protected _host(
    module: string,
    name: string,
    setup: object,
    ended: (ending: Ending) => void,
  ): HostedWorker & { readonly process?: Process } {
    const process = new Process({ name, args: [setup], ...this.#surroundings });
    const launched = process._startWorker(module, this.#mayHaveChildren);
    if (launched.pid === undefined) {
      // Also for a thread that is blocked, and never hears the system's own words.
      const error = new ProcessStateError('the system has started no process');
      void launched.refusal.then((refusal) => ended({ error: refusal }));
      return { terminate() {}, kill() {}, ending: () => ({ error }) };
    }
    try {
      process._onEnd(() => ended(endingOf(process)));
    } catch (error) {
      process.kill();
      throw error;
    }
    return {
      process,
      terminate: () => process.terminate(),
      kill: () => process.kill(),
      ending: () => (process.isAlive() ? undefined : endingOf(process)),
    };
  }
}
