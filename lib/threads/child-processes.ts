/** The child processes of this process, whichever of its threads has started them, by their records. */
import type { Handle } from '../engine/engine.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { wordsAt } from '../engine/words-at.js';
import {
  Header,
  NAME_BYTES,
  Process,
  ProcessCell,
  ProcessFlag,
  ProcessState,
  ProcessStatus,
} from '../memory/layout.js';
import { decodeName } from './slot.js';

const { words } = engine;
const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

export interface Child {
  /** Comes with a reference, to be adopted or released. */
  readonly cell: Handle;
  readonly name: string;
  readonly isDaemon: boolean;
  /** Tells it to end. */
  terminate(): void;
}

/** The children that have been started and have not ended. */
export function childProcesses(): Child[] {
  const { processes } = engine;
  if (processes === undefined) return [];
  const found: Child[] = [];
  const top = Atomics.load(words, Header.PROCESSES_TOP);
  const generation = Atomics.load(words, processWord(Process.GENERATION));
  for (let record = 0; record < top; record++) {
    if (Atomics.load(words, processWord(Process.STATE, record)) === ProcessState.FREE) continue;
    const cell = processes.retainHandle(record, Process.CELL);
    if (cell === 0) continue;
    const isChild =
      Atomics.load(words, processWord(Process.PARENT, record)) === engine.process + 1 &&
      Atomics.load(words, processWord(Process.PARENT_GENERATION, record)) === generation;
    if (!isChild || Atomics.load(wordsAt(cell), cell + ProcessCell.STATUS) === ProcessStatus.FINISHED) {
      engine.release(cell);
      continue;
    }
    const isDaemon = (Atomics.load(wordsAt(cell), cell + ProcessCell.FLAGS) & ProcessFlag.DAEMON) !== 0;
    found.push({
      cell,
      name: readProcessName(record),
      isDaemon,
      terminate: () => signalProcess(cell, 'SIGTERM'),
    });
  }
  return found;
}

/** Sends a signal to the process of a cell, unless it has ended. */
export function signalProcess(cell: Handle, signal: NodeJS.Signals): void {
  const pid = Atomics.load(wordsAt(cell), cell + ProcessCell.PID);
  if (pid === 0 || Atomics.load(wordsAt(cell), cell + ProcessCell.STATUS) === ProcessStatus.FINISHED) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended just now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The name in a record, cut where it was too long for it. */
export function readProcessName(record: number): string {
  const length = Math.min(Atomics.load(words, processWord(Process.NAME_LENGTH, record)), NAME_BYTES);
  const at = processWord(Process.NAME, record) * 4;
  return decodeName(bytes.subarray(at, at + length));
}

/** Writes the name of this process where the others read it. */
export function writeProcessName(encoded: Uint8Array): void {
  bytes.set(encoded, processWord(Process.NAME) * 4);
  Atomics.store(words, processWord(Process.NAME_LENGTH), encoded.length);
}
