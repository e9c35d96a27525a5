/** How a worker writes what came of a task into its entry. */
import { Carriage, detach, encode, encodeThrown } from '../codec/codec.js';
import { Lane as CodecLane } from '../codec/lanes.js';
import { ArenaExhaustedError } from '../errors.js';
import { Entry, Flag, OWNER } from './board.js';
import type { Carrier } from './carrier.js';
import { salvage } from './chunk.js';
import type { RunningTask } from './running-task.js';

/** What the task returned. `carrier` leads to the isolate that made the worker, if memory can be moved there. */
export function writeResult(task: RunningTask, value: unknown, carrier: Carrier | undefined): void {
  const { client, segment, at } = task;
  try {
    if (typeof value === 'object' && value !== null)
      writeObject(task, value, client.number === OWNER ? carrier : undefined);
    else client.table.write(segment, at, encode(value, 'result'), 0);
  } catch (refusal) {
    const isChunk = ((segment.words[at + Entry.LANE] as number) & Flag.CHUNK) !== 0;
    writeFailure(task, isChunk ? salvage(value as unknown[], refusal) : refusal);
  }
}

/** What the task threw. */
export function writeThrown(task: RunningTask, thrown: unknown): void {
  const { client, segment, at } = task;
  try {
    client.table.write(segment, at, encodeThrown(thrown), Flag.THROWN);
  } catch (refusal) {
    writeFailure(task, refusal);
  }
}

/** A result some of which may be moved, or is so large that its copy is. */
function writeObject({ client: { table }, index, segment, at }: RunningTask, value: object, carrier?: Carrier): void {
  const carriage = new Carriage(carrier !== undefined);
  const item = encode(value, 'result', carriage);
  const { carried, written } = carriage;
  const before = segment.words[at + Entry.LANE] as number;
  table.write(segment, at, item, carried.length === 0 ? 0 : Flag.CARRIED);
  try {
    if (written.length > 0) detach(written);
    // Last: what has been posted is taken for certain.
    if (carried.length > 0) carrier?.post(index, carried);
  } catch (error) {
    table.discard(segment, at);
    segment.words[at + Entry.LANE] = before;
    throw error;
  }
}

/** What came of the task cannot travel, or finds no room. */
function writeFailure({ client, segment, at }: RunningTask, failure: unknown): void {
  try {
    client.table.write(segment, at, encodeThrown(failure), Flag.THROWN);
  } catch (error) {
    if (!(error instanceof ArenaExhaustedError)) throw error;
    // The client knows that this says so.
    segment.words[at + Entry.LANE] = CodecLane.UNDEFINED | Flag.THROWN;
  }
}
