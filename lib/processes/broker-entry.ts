/** What a broker runs: see `broker.ts`. */
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import { decodeBytes } from '../codec/codec.js';
import type { Handle } from '../engine/engine.js';
import type { FallbackProcesses } from '../engine/fallback/processes.js';
import { PASSED_DESCRIPTOR } from '../engine/inheritance.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { promise, settleOwnGrants } from '../engine/wait.js';
import { Kind, NAME_BYTES, Outcome, ProcessFlag, Process as Record, WaiterMode } from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import type { Event } from '../sync/event.js';
import type { Errand, Instructions } from './broker.js';
import { exitCodeOf, type Place, requireProcesses, spawnProgram } from './launch.js';
import { Line, type Welcome } from './line.js';

/** A daemonic process whose parent has ended has so long after SIGTERM to end by itself. Milliseconds. */
const GRACE_MS = 2000;

const { words } = engine;
const processes = requireProcesses() as FallbackProcesses;

/** Starts a child and sees it through. */
async function attend({ place, program, answers }: Errand): Promise<void> {
  let child: ChildProcess;
  try {
    child = spawnProgram(program, 'pipe');
    if (child.pid === undefined) await new Promise((_, reject) => child.once('error', reject));
  } catch (refusal) {
    answers.putSync({ refusal: refusal as Error });
    return;
  }
  const pid = child.pid as number;
  processes.confirm(place.record, pid);
  const line = new Line(
    child.stdio[PASSED_DESCRIPTOR] as Socket,
    () => setStarted(place.record),
    () => {},
  );
  line.send(welcomeOf(place));
  child.once('exit', (code, signal) => {
    processes.settle(place.record, place.generation, exitCodeOf(code, signal));
    settleOwnGrants();
  });
  answers.putSync({ pid });
}

/** The child's target runs. */
function setStarted(record: number): void {
  const started = processes.retainHandle(record, Record.STARTED);
  if (started === 0) return;
  engine.eventSet(started);
  engine.release(started);
}

function welcomeOf({ record }: Place): Welcome {
  const length = Math.min(Atomics.load(words, processWord(Record.NAME_LENGTH, record)), NAME_BYTES);
  const at = processWord(Record.NAME, record) * 4;
  const commands = processes.retainHandle(record, Record.COMMANDS);
  const items: Welcome['commands'] = [...takeAll(commands)];
  engine.release(commands);
  return {
    kind: 'welcome',
    parent: process.pid,
    flags: Atomics.load(words, processWord(Record.FLAGS, record)),
    name: new Uint8Array(words.buffer).slice(at, at + length),
    commands: items,
  };
}

/** The items of a queue as they lie there; they hold no shared objects. */
function* takeAll(queue: Handle): Generator<Welcome['commands'][number]> {
  for (;;) {
    const taken = engine.queueTake(queue, false) as Uint8Array | undefined;
    const lane = engine.out[0] as number;
    if (lane <= 0) return;
    yield { lane, bytes: taken ?? engine.scratch.slice(0, engine.out[1]) };
  }
}

/** In a child: makes its record, and watches over its parent. */
function answerTo(introduced: Event): void {
  const socket = new Socket({ fd: PASSED_DESCRIPTOR, readable: true, writable: true });
  let known = false;
  const line = new Line(
    socket,
    (message) => {
      if (message.kind !== 'welcome') return;
      known = true;
      introduce(message, line);
      introduced.set();
    },
    () => {
      // It has nothing to run.
      if (!known) process.kill(process.pid, 'SIGKILL');
      loseParent();
    },
  );
}

function introduce({ parent, flags, name, commands }: Welcome, line: Line): void {
  const queue = new SimpleQueue<unknown>();
  for (const { lane, bytes } of commands) {
    const item = { lane, number: 0, string: '', bytes, length: bytes.length, handles: [] };
    if (engine.queuePut(queue._handle, false, item, undefined) !== Outcome.OK)
      throw new RangeError('the arena of a new process has no room for its arguments');
  }
  const cell = engine.create(Kind.PROCESS);
  const started = engine.create(Kind.EVENT);
  const parentCell = engine.create(Kind.PROCESS);
  processes.introduce({ cell, commands: queue._handle, started, flags, name }, { cell: parentCell, pid: parent });
  void promise(engine.eventWait(started, WaiterMode.LOOP, -1), -1, undefined, () => line.send({ kind: 'started' }));
}

function loseParent(): void {
  processes.loseParent();
  settleOwnGrants();
  if ((Atomics.load(words, processWord(Record.FLAGS)) & ProcessFlag.DAEMON) === 0) return;
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS);
}

const { errands, introduced } = decodeBytes(workerData as Uint8Array) as Instructions;
if (introduced !== undefined) answerTo(introduced);
for (;;) await attend(await errands.get());
