/**
 * Starts a process of Node.js; where processes share memory, one that shares this one's arena (else see `broker.ts`).
 *
 *   parent                                       child
 *   reserves a record, which holds the cell,     runs child-entry.js, which maps the arena from the
 *   the commands and the event of the start      descriptor that it inherits and claims the record
 *   spawns, says the PID in the record      ──►  takes the commands, sets the event, runs
 *   undertaker: sets the cell when it has ended
 *
 * Nothing of it needs the event loop of the parent, which may block in `joinSync`. Standard output and error
 * are the parent's own; there is no standard input, which one process alone can read.
 */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { requireOptions, show } from '../engine/arguments.js';
import type { Processes } from '../engine/engine.js';
import { FAMILY_VARIABLE, type Inheritance } from '../engine/inheritance.js';
import { onDemand } from '../engine/on-demand.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { settleOwnGrants } from '../engine/wait.js';
import { ArenaExhaustedError, ProcessStateError } from '../errors.js';
import { MAX_PROCESSES, Process } from '../memory/layout.js';
import { LAYOUT_HASH } from '../memory/layout-hash.js';
import { commission } from './broker.js';

const childProcess = onDemand<typeof import('node:child_process')>('node:child_process');

const entry = fileURLToPath(new URL('./child-entry.js', import.meta.url));

/** Where and how the new process runs. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly cwd: string | undefined;
}

/** Those that options name. @throws TypeError naming the option. */
export function surroundingsOf(options: Partial<Surroundings>): Surroundings {
  const { env, execArgv, cwd } = options;
  requireOptions('env', env);
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every((part) => typeof part === 'string')))
    throw new TypeError(`execArgv must be an array of strings, got ${show(execArgv)}`);
  if (cwd !== undefined && typeof cwd !== 'string') throw new TypeError(`cwd must be a string, got ${show(cwd)}`);
  return { env, execArgv, cwd };
}

/** What the record of the new process shall hold. */
export interface Reservation {
  readonly cell: number;
  readonly commands: number;
  readonly started: number;
  readonly flags: number;
  readonly name: Uint8Array;
}

/** What a launch came to: a process, or the reason why the system gave none, which it tells later. */
export type Launch = { readonly pid: number } | { readonly pid: undefined; readonly refusal: Promise<Error> };

/** What starting processes needs of the engine. */
export function requireProcesses(): Processes {
  const { processes } = engine;
  if (processes === undefined)
    throw new ProcessStateError('this engine starts no processes (engine.supports.processes)');
  return processes;
}

export function launch(reservation: Reservation, surroundings: Surroundings): Launch {
  const processes = requireProcesses();
  try {
    processes.begin();
  } catch (error) {
    throw new ProcessStateError(`this process can start no other: ${(error as Error).message}`, { cause: error });
  }
  const { cell, commands, started, flags, name } = reservation;
  const record = processes.reserve(cell, commands, started, flags, name);
  if (record < 0) throw new ArenaExhaustedError(`all ${MAX_PROCESSES} processes that a family can have are running`);
  const generation = Atomics.load(engine.words, processWord(Process.GENERATION, record));
  if (processes.shared === undefined) return launchByBroker(processes, { record, generation }, surroundings);
  let child: ChildProcess;
  try {
    child = spawnProgram(programOf(processes, { record, generation }, surroundings), processes.shared.descriptor);
  } catch (error) {
    processes.cancel(record);
    throw error;
  }
  if (child.pid === undefined) {
    processes.cancel(record);
    return { pid: undefined, refusal: new Promise((resolve) => child.once('error', resolve)) };
  }
  processes.confirm(record, generation, child.pid);
  // The undertaker waits for its end, or, where this loop was quicker, is told of it here.
  child.unref();
  child.once('exit', (code, signal) => {
    processes.settle(record, generation, exitCodeOf(code, signal));
    settleOwnGrants();
  });
  return { pid: child.pid };
}

/** What 'exit' of a ChildProcess says, as one number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? -constants.signals[signal as NodeJS.Signals];
}

/** A record, for good: records are used again. */
export interface Place {
  readonly record: number;
  readonly generation: number;
}

/** What the system is told to start. */
export interface Program {
  /** As the isolate that starts it has it: `process.execPath` of a broker is another. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string | undefined;
}

function programOf(processes: Processes, place: Place, surroundings: Surroundings): Program {
  const { env = process.env, execArgv = inheritedArguments(), cwd } = surroundings;
  const nonce = processes.shared?.nonce ?? '';
  const passed: Inheritance = { engine: engine.name, layout: LAYOUT_HASH, nonce, ...place };
  return {
    command: process.execPath,
    args: [...execArgv, entry],
    env: { ...env, [FAMILY_VARIABLE]: JSON.stringify(passed) },
    cwd,
  };
}

/** Starts it with `passed` as the descriptor by which it knows its family. */
export function spawnProgram({ command, args, env, cwd }: Program, passed: number | 'pipe'): ChildProcess {
  try {
    return childProcess().spawn(command, args, {
      env,
      stdio: ['ignore', 'inherit', 'inherit', passed],
      ...(cwd === undefined ? {} : { cwd }),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
    throw new ProcessStateError(
      'Node.js lets this program start no processes: beside --permission, start it with --allow-child-process',
      { cause: error },
    );
  }
}

function launchByBroker(processes: Processes, place: Place, surroundings: Surroundings): Launch {
  try {
    const launched = commission(place, programOf(processes, place, surroundings));
    if (launched.pid === undefined) processes.cancel(place.record);
    return launched;
  } catch (error) {
    processes.cancel(place.record);
    throw error;
  }
}

/** Options of Node.js that say what to run and how, or that two processes cannot have at a time. */
const OWN_OPTIONS =
  /^(?:-[pe]+|-[ci]|--eval|--print|--check|--interactive|--input-type|--entry-url|--build-snapshot.*|--debug-port|--inspect.*|--test.*|--experimental-test-.*|--watch.*)$/;

/** `process.execArgv` as far as it fits a child. What is no option there is the value of the one before it. */
function inheritedArguments(): string[] {
  const kept: string[] = [];
  let own = false;
  for (const argument of process.execArgv) {
    if (argument.startsWith('-')) own = OWN_OPTIONS.test((argument.split('=', 1)[0] as string).replaceAll('_', '-'));
    if (!own) kept.push(argument);
  }
  return kept;
}
