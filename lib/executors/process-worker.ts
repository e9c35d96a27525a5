/**
 * What a process of an executor runs: sets itself up, then works until it is told to end. It loads no more than
 * that takes; executors that arrive name their modules.
 */
import { encodeThrownBytes } from '../codec/codec.js';
import { beforeUncaughtEnd } from '../processes/uncaught.js';
import { finishProgram } from '../threads/exit.js';
import { beginWork } from './begin-work.js';
import { setOwnLoop } from './own-loop.js';
import type { Setup } from './parts.js';
import { WorkerLoop } from './worker-loop.js';

/** Called by the process's entry module. */
export async function run(setup: Setup): Promise<void> {
  const { notes, owner } = setup.parts;
  beforeUncaughtEnd((error) => {
    notes.putSync({ kind: 'uncaught', worker: setup.id, error: encodeThrownBytes(error) });
    owner.release();
  });
  // As a program ends: threads and processes that tasks have started are waited for.
  const loop = new WorkerLoop(setup, () => void finishProgram().then(() => process.exit(0)));
  setOwnLoop(loop);
  await beginWork(setup, loop);
}
