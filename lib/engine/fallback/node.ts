/** Waiter nodes: how one is made ready, linked, and given up with its outcome. Begins of all kinds use it. */
import { Cell, Kind, Node, NodeState, Outcome, Queue } from '../../memory/layout.js';
import type { Outcome as OutcomeCode } from '../engine.js';
import { dropReference } from './cells.js';
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';
import { destroyDoomed } from './references.js';
import { freeReservation } from './reservations.js';
import { pushBack } from './wait-list.js';

/** A node for the next wait, or 0 when cells are exhausted. To be taken before the guard. */
export function takeNode(isolate: Isolate): number {
  const spare = isolate.spareNode;
  if (spare === 0) return isolate.cells.createNode();
  isolate.spareNode = 0;
  return spare;
}

/** Gives back a node that is in no list and waits for nothing. */
export function putBackNode(isolate: Isolate, node: number): void {
  if (isolate.spareNode === 0) isolate.spareNode = node;
  else isolate.cells.free(node, -1);
}

/** Links a node at the back of a list of the object in the section. It holds a reference to the object. */
export function link(isolate: Isolate, object: number, list: number, node: number, mode: number, value: number): void {
  const { words } = isolate;
  words[node + Node.MODE] = mode;
  words[node + Node.VALUE] = value;
  words[node + Node.LIST] = list;
  words[node + Node.NEXT] = 0;
  words[node + Node.PREVIOUS] = 0;
  Atomics.store(words, node + Node.STATE, NodeState.WAITING);
  Atomics.add(words, object + Cell.REFS, 1);
  words[node + Node.CELL] = object;
  pushBack(isolate.section, object + list, node);
}

/** Ends a wait: leaves the node's value in `out[0]`, gives the node back, and returns the outcome. */
export function collect(isolate: Isolate, node: number, outcome: number): OutcomeCode {
  isolate.out[0] = isolate.words[node + Node.VALUE] as number;
  detach(isolate, node, outcome);
  putBackNode(isolate, node);
  return outcome as OutcomeCode;
}

/** Ends a node's part in its object: drops its reference and notes what it was granted. */
export function detach(isolate: Isolate, node: number, outcome: number): void {
  const { base, words, journals } = isolate;
  const object = words[node + Node.CELL] as number;
  if (object === 0) return;
  let at = 0;
  let what = 0;
  if (outcome === Outcome.GRANTED && words[object + Cell.KIND] === Kind.QUEUE) {
    const list = words[node + Node.LIST] as number;
    if (list !== Queue.JOINERS) {
      at = freeReservation(isolate);
      what = list === Queue.GETTERS ? 1 : 0;
    }
  }
  dropReference(words, journals, base, object, words, node + Node.CELL, 0, at, what);
  if (journals[base + Journal.DOOMED] !== 0) destroyDoomed(isolate, base);
}
