/** The beginning of every worker: the initializer, then tasks; and what it says when it ends of an error. */
import { encodeThrownBytes } from '../codec/codec.js';
import { beforeUncaughtEnd } from '../processes/uncaught.js';
import type { Beginning, Parts } from './parts.js';

/** By which the owner is told of things. */
type Ears = Pick<Parts, 'notes' | 'owner'>;

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

/** Has the owner told of the error of which this process will end, should nobody catch one. */
export function confessBeforeEnd({ id, parts: { notes, owner } }: { readonly id: number; readonly parts: Ears }): void {
  beforeUncaughtEnd((error) => {
    notes.putSync({ kind: 'uncaught', worker: id, error: encodeThrownBytes(error) });
    owner.release();
  });
}
