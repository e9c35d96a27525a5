/**
 * Enters the program's first thread among the threads, as soon as it loads heddle: other threads may ask for it. What is
 * entered is a cell, of which `registry.ts` makes a Thread for those who do.
 */
import { processWord } from '../engine/process-record.js';
import { engine, isMainThread } from '../engine/select.js';
import { Process, ThreadFlag } from '../memory/layout.js';
import { enter } from './running.js';

export const MAIN_NAME = 'MainThread';

if (isMainThread) {
  const handle = enter(MAIN_NAME, ThreadFlag.MAIN);
  // The record's reference, in place of this isolate's.
  engine.retain(handle);
  Atomics.store(engine.words, processWord(Process.MAIN_THREAD), handle);
  engine.disown(handle);
}
