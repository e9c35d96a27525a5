/** Who is who among the processes: the current one, its parent, its children. */
import { engine } from '../engine/select.js';
import { reviveShared } from '../engine/shared-object.js';
import { Process as Record } from '../memory/layout.js';
import { childProcesses, readProcessName } from '../threads/child-processes.js';
import { identity } from './identity.js';
import { requireProcesses } from './launch.js';
import { ensureOwnCell } from './own-cell.js';
import type { Process } from './process.js';

let current: Process | undefined;
let parent: Process | undefined;

/**
 * The process that this code runs in, the same in all its threads. The first of a family, which nobody has
 * started as a Process, is named `MainProcess`. Python: `multiprocessing.current_process`.
 */
export function currentProcess(): Process {
  if (current === undefined) {
    const processes = requireProcesses();
    ensureOwnCell(processes);
    const cell = processes.retainHandle(engine.process, Record.CELL);
    current = reviveShared('Process', cell, readProcessName(engine.process)) as Process;
  }
  return current;
}

/**
 * The process that has started this one; undefined in the first of a family. It can be asked for `pid`, `name`
 * and `isAlive()`, and `join` waits for its end. Python: `multiprocessing.parent_process`.
 */
export function parentProcess(): Process | undefined {
  const own = identity();
  if (own === undefined) return undefined;
  if (parent === undefined) {
    const cell = requireProcesses().retainHandle(engine.process, Record.PARENT_CELL);
    parent = reviveShared('Process', cell, own.parentName) as Process;
  }
  return parent;
}

/** The children of this process that run now, whichever of its threads has started them. Python: `multiprocessing.active_children`. */
export function activeChildren(): Process[] {
  return childProcesses().map(({ cell, name }) => reviveShared('Process', cell, name) as Process);
}
