/**
 * What a process of an executor runs: sets itself up, then works until it is told to end. It loads no more than
 * that takes; executors that arrive name their modules.
 */
import { finishProgram } from '../threads/exit.js';
import { beginWork } from './begin-work.js';
import { confessBeforeEnd } from './confession.js';
import { setOwnLoop } from './own-loop.js';
import type { Setup } from './parts.js';
import { WorkerLoop } from './worker-loop.js';

/** Called by the process's entry module. */
export async function run(setup: Setup): Promise<void> {
  confessBeforeEnd(setup);
  // As a program ends: threads and processes that tasks have started are waited for.
  const loop = new WorkerLoop(setup, () => void finishProgram().then(() => process.exit(0)));
  setOwnLoop(loop);
  await beginWork(setup, loop);
}
