/**
 * What a process of heddle runs: it takes its commands, runs the Process, and ends as Node.js ends, when
 * nothing is left to do.
 *
 * The program's own module is not run again. What the target needs of it travels with the target.
 */
import { inspect } from 'node:util';
import { inheritance } from '../engine/inheritance.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { wordsAt } from '../engine/words-at.js';
import { ProcessCell, Process as Record } from '../memory/layout.js';
import type { SimpleQueue } from '../queues/simple-queue.js';
import '../threads/arrivals.js';
import { writeFully, writeOwnDirectly } from '../threads/console.js';
import { finishProgram } from '../threads/exit.js';
import '../threads/registry.js';
import { enterFamily } from './broker.js';
import type { Command, Greeting } from './command.js';
import { setIdentity } from './identity.js';
import { requireProcesses } from './launch.js';
import './process.js';
import type { Process } from './process.js';
import { currentProcess } from './registry.js';
import { tellOfUncaught } from './uncaught.js';

/** Node's; `process` is ours below. */
const nodeProcess = globalThis.process;

if (inheritance === undefined)
  throw new Error('child-entry.js is what the processes of heddle run, and no program to be started otherwise');

writeOwnDirectly();
const processes = requireProcesses();
if (processes.shared === undefined) await enterFamily();
processes.begin();

/** Prints an error that nobody has caught. */
function report(error: unknown): void {
  const text = `Process ${currentProcess().name}:\n${inspect(error)}\n`;
  try {
    writeFully(2, Buffer.from(text));
  } catch (refusal) {
    // Nobody reads standard error (EPIPE, EBADF): there is nowhere left to say so.
    if ((refusal as NodeJS.ErrnoException).code === undefined) throw refusal;
  }
}

function onUncaught(error: unknown): void {
  tellOfUncaught(error);
  report(error);
  nodeProcess.exit(1);
}

/** What was left running has thrown: the end, unless the program sees to its errors itself. */
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  nodeProcess.on(event, (error: unknown) => {
    if (nodeProcess.listenerCount(event) === 1) onUncaught(error);
  });
}

const own = currentProcess();

// For the parent, should it not learn from the system how this process has ended.
nodeProcess.on('exit', (code) => Atomics.store(wordsAt(own._handle), own._handle + ProcessCell.EXIT_CODE, code));

const { words } = engine;

/** See `Greeting`. */
interface Entry {
  run(...args: unknown[]): unknown;
}

async function run(process: Process): Promise<void> {
  const handle = processes.retainHandle(engine.process, Record.COMMANDS);
  const commands = reviveShared('SimpleQueue', handle, undefined) as SimpleQueue<Greeting | Command>;
  const greeting = commands.getNowait() as Greeting;
  nodeProcess.argv = [...greeting.argv];
  setIdentity({ path: greeting.path, parentName: greeting.parentName });
  process._assume(greeting.name);
  try {
    const entry = greeting.entry === undefined ? undefined : ((await import(greeting.entry)) as Entry);
    const command = (await commands.get()) as Command;
    process._assume(greeting.name, command);
    engine.eventSet(Atomics.load(words, processWord(Record.STARTED)));
    await (entry === undefined ? process.run() : entry.run(...command.args));
  } catch (error) {
    report(error);
    nodeProcess.exitCode = 1;
    await finishProgram();
    nodeProcess.exit(1);
  }
}

void run(own);
