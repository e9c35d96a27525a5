/**
 * The fallback's memory: three SharedArrayBuffers that every isolate of a family shares. Workers,
 * a user's own included, inherit them through worker_threads' environment data.
 */
import { ArenaExhaustedError } from '../../errors.js';
import { CONTROL_WORDS, Header, LAYOUT_VERSION, MAGIC, MAX_SLOTS } from '../../memory/layout.js';
import { bequeath, inherited } from '../family-data.js';
import { JOURNAL_WORDS } from './journal.js';

export interface Arena {
  /** The control segment of `lib/memory/layout.ts`. */
  readonly control: SharedArrayBuffer;
  /** Payloads, queue bodies and arrays: grows, and never shrinks, because no view may ever dangle. */
  readonly heap: SharedArrayBuffer;
  /** What each isolate was in the middle of, by slot. */
  readonly journals: SharedArrayBuffer;
  /** Slot + 1 of the isolate from which this one inherited, 0 for none. */
  readonly parent: number;
}

const ARENA = 'arena';
/** A single view can cover just under 4 GiB. */
const MAX_HEAP_BYTES = 2 ** 32 - 65536;
const MIN_HEAP_BYTES = 2 ** 24;
const FIRST_HEAP_BYTES = 2 ** 23;

/** The arena this isolate inherited, or a new one. */
export function openArena(): Arena {
  return inherited<Arena>(ARENA) ?? createArena();
}

/** Leaves the arena to the workers that this isolate starts from now on. */
export function bequeathArena(arena: Arena, slot: number): void {
  const { control, heap, journals } = arena;
  bequeath<Arena>(ARENA, { control, heap, journals, parent: slot + 1 });
}

function createArena(): Arena {
  const control = reserve('the control segment', CONTROL_WORDS * 4);
  const words = new Int32Array(control);
  words[Header.MAGIC] = MAGIC;
  words[Header.VERSION] = LAYOUT_VERSION;
  const journals = reserve('the journals', MAX_SLOTS * JOURNAL_WORDS * 4);
  return { control, heap: reserveHeap(), journals, parent: 0 };
}

/** Zeroed memory that the system commits as it is touched. */
function reserve(what: string, bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new ArenaExhaustedError(
      `${what} of the arena needs ${bytes} bytes of address space, which this process cannot have; raise its limit (ulimit -v)`,
      { cause },
    );
  }
}

/** A heap that may grow as far as this process has address space for. */
function reserveHeap(): SharedArrayBuffer {
  for (let maxByteLength = MAX_HEAP_BYTES; ; maxByteLength = Math.floor(maxByteLength / 131072) * 65536) {
    try {
      return new SharedArrayBuffer(FIRST_HEAP_BYTES, { maxByteLength });
    } catch (cause) {
      if (maxByteLength > MIN_HEAP_BYTES) continue;
      throw new ArenaExhaustedError(
        `the heap of the arena needs at least ${MIN_HEAP_BYTES} bytes of address space, which this process cannot have; raise its limit (ulimit -v)`,
        { cause },
      );
    }
  }
}
