/** The condition: a wait list and nothing else. */
import { Cell, Outcome } from '../../memory/layout.js';
import type { Isolate } from './isolate.js';
import { link, takeNode } from './node.js';
import { grantFirst } from './wait-list.js';

export function conditionEnqueue(isolate: Isolate, condition: number, mode: number): number {
  const node = takeNode(isolate);
  if (node === 0) return Outcome.NO_MEMORY;
  isolate.section.lock(condition);
  link(isolate, condition, Cell.WAITERS, node, mode, 0);
  isolate.section.unlock();
  return node;
}

export function conditionNotify(isolate: Isolate, condition: number, count: number): number {
  const { section } = isolate;
  section.lock(condition);
  const notified = grantFirst(section, condition + Cell.WAITERS, count, Outcome.GRANTED);
  section.unlock();
  return notified;
}
