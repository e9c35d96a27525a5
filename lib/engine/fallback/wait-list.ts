/**
 * Wait lists: circular and doubly linked through the nodes, newest last; the list's word in the
 * object holds the first. Every function needs the object's guard.
 *
 * Node.NEXT is 0 exactly when the node is in no list, undone sections included: so a sweep can tell a
 * node that is still linked from one that its isolate had just taken out, or not yet put in. It
 * therefore changes by logged words; granted nodes are the exception, whose NEXT the delivery clears,
 * and who finds them in between holds the guard and goes on with it.
 */
import { Node } from '../../memory/layout.js';
import type { Section } from './section.js';

/** Links a node, which is in no list, at the back of the list in word `list`. */
export function pushBack(section: Section, list: number, node: number): void {
  const { words } = section;
  const first = words[list] as number;
  if (first === 0) {
    words[node + Node.PREVIOUS] = node;
    section.set(node + Node.NEXT, node);
    section.set(list, node);
    return;
  }
  const last = words[first + Node.PREVIOUS] as number;
  words[node + Node.PREVIOUS] = last;
  section.set(node + Node.NEXT, first);
  section.set(last + Node.NEXT, node);
  section.set(first + Node.PREVIOUS, node);
}

export function unlink(section: Section, list: number, node: number): void {
  const { words } = section;
  const next = words[node + Node.NEXT] as number;
  section.set(node + Node.NEXT, 0);
  if (next === node) {
    section.set(list, 0);
    return;
  }
  const previous = words[node + Node.PREVIOUS] as number;
  section.set(previous + Node.NEXT, next);
  section.set(next + Node.PREVIOUS, previous);
  if (words[list] === node) section.set(list, next);
}

/** Unlinks the first `count` nodes at most and grants each that outcome; returns how many. */
export function grantFirst(section: Section, list: number, count: number, outcome: number): number {
  const { words } = section;
  const first = words[list] as number;
  if (first === 0 || count <= 0) return 0;
  const last = words[first + Node.PREVIOUS] as number;
  let granted = 0;
  let node = first;
  do {
    section.grant(node, outcome, words[node + Node.VALUE] as number);
    granted++;
    node = words[node + Node.NEXT] as number;
  } while (node !== first && granted < count);
  if (node === first) {
    section.set(list, 0);
  } else {
    section.set(list, node);
    section.set(last + Node.NEXT, node);
    section.set(node + Node.PREVIOUS, last);
  }
  return granted;
}

/** Unlinks all nodes of a list and grants each that outcome; returns how many. */
export function grantAll(section: Section, list: number, outcome: number): number {
  return grantFirst(section, list, 0x7fffffff, outcome);
}
