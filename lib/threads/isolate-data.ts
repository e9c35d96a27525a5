/** What an isolate of heddle is told at its birth, and the words it shares with its creator. */
import { isMainThread, type MessagePort, workerData } from 'node:worker_threads';
import { NAME_BYTES } from '../memory/layout.js';

/** Words of `IsolateData.control`, shared by an isolate and its creator. */
export const Control = {
  /** IsolateState. */
  STATE: 0,
  /** Handle of the Thread to run next, with a reference for the isolate, which takes both by exchanging in 0. */
  THREAD: 1,
  /** Handle of the event to set once its target runs, handed over in the same way. */
  STARTED: 2,
  /** 1 from the hand-over until the Thread has left; still 1 when the isolate dies under it. */
  OCCUPIED: 3,
  /** Length in bytes of NAME. */
  NAME_LENGTH: 4,
  /** Name of that Thread, UTF-8. */
  NAME: 5,
  WORDS: 5 + NAME_BYTES / 4,
} as const;

/**
 * The life of an isolate.
 *
 *   BUSY → IDLE     by the isolate: the thread has finished and has left nothing running
 *   IDLE → BUSY     by the creator, for another thread; both of these by compare-and-swap
 *   IDLE → RETIRED  by the isolate: the reserve has enough of them
 */
export const IsolateState = { BUSY: 0, IDLE: 1, RETIRED: 2 } as const;

/** Words of `IsolateData.reserve`, shared by all isolates of one creator. */
export const ReserveWord = {
  /** Idle isolates. */
  IDLE: 0,
  /** How many may be idle for long. */
  BOUND: 1,
  WORDS: 2,
} as const;

/** A shared object as it is passed by `workerData`: the receiver owns the reference. */
export interface Passed {
  readonly tag: string;
  readonly handle: number;
  readonly extra: unknown;
}

export interface IsolateData {
  readonly heddle: 'isolate';
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly reserve: Int32Array<SharedArrayBuffer>;
  /** Closes when the isolate ends; see `lifeline.ts`. */
  readonly lifeline: MessagePort;
  /** The queue its commands come by. */
  readonly commands: Passed;
  /** Slot + 1 of the creator. */
  readonly parent: number;
  /** True: goes back to the creator's reserve when a thread has finished in it. */
  readonly reusable: boolean;
  /** `process.argv` of the creator. */
  readonly argv: readonly string[];
}

function read(): IsolateData | undefined {
  if (isMainThread) return undefined;
  const data = workerData as Partial<IsolateData> | null | undefined;
  return data?.heddle === 'isolate' ? (data as IsolateData) : undefined;
}

/** Undefined in the main thread and in isolates that heddle did not make. */
export const isolateData: IsolateData | undefined = read();
