/** The warning of whoever is given a lock whose holder died, as nobody has to look at `ownerDied`. */
import { Mutex } from '../memory/layout.js';

/** Code of the warning, by which `process.on('warning')` can tell it. */
const CODE = 'HEDDLE_OWNER_DIED';

let warned = false;

/** `state`: of a mutex that the caller has just taken. Warns once in the life of a process, as a flood would help nobody. */
export function warnIfOwnerDied(state: number): void {
  if ((state & Mutex.OWNER_DIED) === 0 || warned) return;
  warned = true;
  process.emitWarning('a thread or process died while it held a lock', {
    code: CODE,
    detail: 'What the lock protects may be half changed. Its next owner finds ownerDied to be true.',
  });
}
