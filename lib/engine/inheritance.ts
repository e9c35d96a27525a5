/**
 * What a process that heddle has started is told at its birth, in the environment variable HEDDLE_FAMILY:
 * how it comes by the arena of its family. Taken out of the environment when read, for a process that the
 * user's own code starts belongs to no family.
 */
import { EngineUnavailableError } from '../errors.js';
import type { EngineName } from './engine.js';
import { workerThreads } from './worker-threads.js';

export const FAMILY_VARIABLE = 'HEDDLE_FAMILY';

/** The file descriptor, in a child, of what its parent passes on. */
export const PASSED_DESCRIPTOR = 3;

export interface Inheritance {
  readonly engine: EngineName;
  /** LAYOUT_HASH of the parent. */
  readonly layout: number;
  /** Native: by which number the arena is known, and which record of it is the child's. */
  readonly nonce: string;
  readonly record: number;
  readonly generation: number;
}

function read(): Inheritance | undefined {
  const text = process.env[FAMILY_VARIABLE];
  if (text === undefined || !workerThreads().isMainThread) return undefined;
  delete process.env[FAMILY_VARIABLE];
  try {
    const { engine, layout, nonce, record, generation } = JSON.parse(text) as Inheritance;
    if (
      (engine === 'native' || engine === 'fallback') &&
      typeof nonce === 'string' &&
      [layout, record, generation].every(Number.isInteger)
    )
      return { engine, layout, nonce, record, generation };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new EngineUnavailableError(
    `${FAMILY_VARIABLE} is ${JSON.stringify(text)}, which no process of heddle has set; remove it from the environment`,
  );
}

/** Undefined in a process that heddle has not started, and in every thread but the main one. */
export const inheritance: Inheritance | undefined = read();
