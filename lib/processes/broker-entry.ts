/** What a broker runs: see `broker.ts`. */
import type { ChildProcess } from 'node:child_process';
import { createConnection, Socket, type TcpNetConnectOpts } from 'node:net';
import { workerData } from 'node:worker_threads';
import { decodeBytes } from '../codec/codec.js';
import { handlesOf } from '../codec/tail.js';
import type { Handle } from '../engine/engine.js';
import { PASSED_DESCRIPTOR } from '../engine/inheritance.js';
import { encodedItem } from '../engine/item-payload.js';
import { processWord } from '../engine/process-record.js';
import type { ApartProcesses } from '../engine/proxies/apart-processes.js';
import { engine } from '../engine/select.js';
import { promise, settleOwnGrants } from '../engine/wait.js';
import { ArenaExhaustedError } from '../errors.js';
import { Kind, NAME_BYTES, Outcome, ProcessFlag, Process as Record, WaiterMode } from '../memory/layout.js';
import { SimpleQueue } from '../queues/simple-queue.js';
import type { Event } from '../sync/event.js';
import type { BrokerData, Errand, Instructions } from './broker.js';
import { Exchange } from './exchange.js';
import { exitCodeOf, type Place, requireProcesses, spawnProgram } from './launch.js';
import { Line, type Parcel, type Welcome } from './line.js';
import type { Peer } from './peer.js';

/** A daemonic process whose parent has ended has so long after SIGTERM to end by itself. Milliseconds. */
const GRACE_MS = 2000;

const { words } = engine;
const processes = requireProcesses() as ApartProcesses;
const exchange = new Exchange();

/** How often it tries again what the arena has no room for. Milliseconds. */
const AGAIN_MS = 5;

/** What nobody else does is done once the arena has room for it. */
async function insist<T>(act: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ArenaExhaustedError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Starts a child and sees it through. */
async function attend({ place, program, answers }: Errand): Promise<void> {
  let child: ChildProcess;
  try {
    child = spawnProgram(program, 'pipe');
    if (child.pid === undefined) await new Promise((_, reject) => child.once('error', reject));
  } catch (refusal) {
    await insist(() => answers.putSync({ refusal: refusal as Error }));
    return;
  }
  const pid = child.pid as number;
  processes.confirm(place.record, place.generation, pid);
  const line: Line = new Line(
    child.stdio[PASSED_DESCRIPTOR] as Socket,
    (message) => {
      if (message.kind === 'started') setStarted(place.record);
      else if (message.kind !== 'welcome') peer.receive(message);
    },
    () => exchange.part(peer),
  );
  const peer: Peer = exchange.meet((message) => line.send(message));
  try {
    line.send(welcomeOf(place, peer));
  } catch (refusal) {
    child.kill('SIGKILL');
    await insist(() => answers.putSync({ refusal: refusal as Error }));
    return;
  }
  child.once('exit', (code, signal) => {
    // First: who joins it finds its locks passed on.
    exchange.part(peer);
    processes.settle(place.record, place.generation, exitCodeOf(code, signal));
    settleOwnGrants();
  });
  await insist(() => answers.putSync({ pid }));
}

/** The child's target runs. */
function setStarted(record: number): void {
  const started = processes.retainHandle(record, Record.STARTED);
  if (started === 0) return;
  engine.eventSet(started);
  engine.release(started);
}

function welcomeOf({ record }: Place, peer: Peer): Welcome {
  const length = Math.min(Atomics.load(words, processWord(Record.NAME_LENGTH, record)), NAME_BYTES);
  const at = processWord(Record.NAME, record) * 4;
  const commands = processes.retainHandle(record, Record.COMMANDS);
  const items: Welcome['commands'] = [...takeAll(commands, peer)];
  engine.release(commands);
  return {
    kind: 'welcome',
    parent: process.pid,
    flags: Atomics.load(words, processWord(Record.FLAGS, record)),
    name: new Uint8Array(words.buffer).slice(at, at + length),
    commands: items,
  };
}

/** The items of a queue, for the other process. */
function* takeAll(queue: Handle, peer: Peer): Generator<Parcel> {
  for (;;) {
    const taken = engine.queueTake(queue, false) as Uint8Array | undefined;
    const lane = engine.out[0] as number;
    if (lane <= 0) return;
    const bytes = taken ?? engine.scratch.slice(0, engine.out[1]);
    try {
      yield peer.pack(lane, bytes);
    } finally {
      for (const handle of handlesOf(lane, bytes)) engine.release(handle);
    }
  }
}

/** The end of the line that a child inherits. */
function inheritedSocket(): Socket {
  // A Socket that is made with a descriptor reads nothing on Bun.
  if ('bun' in process.versions) return createConnection({ fd: PASSED_DESCRIPTOR } as unknown as TcpNetConnectOpts);
  return new Socket({ fd: PASSED_DESCRIPTOR, readable: true, writable: true });
}

/** In a child: makes its record, and watches over its parent. */
function answerTo(introduced: Event): void {
  const socket = inheritedSocket();
  let known = false;
  const line: Line = new Line(
    socket,
    (message) => {
      if (message.kind === 'started') return;
      if (message.kind !== 'welcome') {
        peer.receive(message);
        return;
      }
      known = true;
      introduce(message, line, peer);
      introduced.set();
    },
    () => {
      // It has nothing to run.
      if (!known) process.kill(process.pid, 'SIGKILL');
      exchange.part(peer);
      loseParent();
    },
  );
  const peer: Peer = exchange.meet((message) => line.send(message));
}

function introduce({ parent, flags, name, commands }: Welcome, line: Line, peer: Peer): void {
  const queue = new SimpleQueue<unknown>();
  for (const parcel of commands) {
    const { lane, value, handles } = peer.unpack(parcel);
    if (engine.queuePut(queue._handle, false, encodedItem(lane, value, handles), undefined) !== Outcome.OK)
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

const { errands, introduced } = decodeBytes((workerData as BrokerData).instructions) as Instructions;
if (introduced !== undefined) answerTo(introduced);
for (;;) await attend(await insist(() => errands.get()));
