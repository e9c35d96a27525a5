/** The cell of this process itself: its parent has made it, or, in the first of a family, it is made when needed. */
import type { Processes } from '../engine/engine.js';
import { processWord } from '../engine/process-record.js';
import { engine } from '../engine/select.js';
import { Kind, Process } from '../memory/layout.js';
import { writeProcessName } from '../threads/child-processes.js';
import { encodeName } from '../threads/slot.js';

export function ensureOwnCell(processes: Processes): void {
  const word = processWord(Process.CELL);
  if (Atomics.load(engine.words, word) !== 0) return;
  const cell = engine.create(Kind.PROCESS);
  processes.giveCell(cell);
  if (Atomics.load(engine.words, word) === cell) writeProcessName(encodeName('MainProcess'));
  engine.disown(cell);
}
