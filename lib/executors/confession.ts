/** What a process of an executor says as it ends of an error. Apart, for threads have no use for what it takes. */
import { encodeThrownBytes } from '../codec/codec.js';
import { beforeUncaughtEnd } from '../processes/uncaught.js';
import type { Ears } from './parts.js';

/** Has the owner told of the error of which this process will end, should nobody catch one. */
export function confessBeforeEnd({ id, parts: { notes, owner } }: { readonly id: number; readonly parts: Ears }): void {
  beforeUncaughtEnd((error) => {
    notes.putSync({ kind: 'uncaught', worker: id, error: encodeThrownBytes(error) });
    owner.release();
  });
}
