/** The beginning of every worker, once its loop is made: the initializer, then tasks. */
import { encodeThrownBytes } from '../codec/codec.js';
import type { Setup } from './parts.js';
import type { WorkerLoop } from './worker-loop.js';

/** Ends the isolate where the initializer fails, which breaks the executor. */
export async function beginWork({ initializer, initArgs, parts }: Setup, loop: WorkerLoop): Promise<void> {
  try {
    await initializer?.(...initArgs);
  } catch (error) {
    parts.notes.putSync({ kind: 'broken', error: encodeThrownBytes(error) });
    parts.owner.release();
    process.exit(1);
  }
  loop.start();
}
