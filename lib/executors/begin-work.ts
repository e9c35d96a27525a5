/** The beginning of every worker: the initializer, then tasks. */
import { encodeThrownBytes } from '../codec/codec.js';
import type { Beginning, Ears } from './parts.js';

/** Ends the isolate where the initializer fails, which breaks the executor. */
export async function beginWork(
  { initializer, initArgs, parts: { notes, owner } }: Beginning & { readonly parts: Ears },
  worker: { start(): void },
): Promise<void> {
  try {
    await initializer?.(...initArgs);
  } catch (error) {
    notes.putSync({ kind: 'broken', error: encodeThrownBytes(error) });
    owner.release();
    process.exit(1);
  }
  worker.start();
}
