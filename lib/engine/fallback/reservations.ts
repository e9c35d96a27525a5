/**
 * Reservations of queues that this isolate was granted and has not used yet, noted in its journal:
 * an isolate that dies between the grant and the put or take gives them back.
 */
import type { Isolate } from './isolate.js';
import { Journal } from './journal.js';

/** Where a reservation can be noted; 0 when the table is full, and then a death would lose it. */
export function freeReservation(isolate: Isolate): number {
  const end = isolate.base + Journal.RESERVATIONS_END;
  for (let at = isolate.base + Journal.RESERVATIONS; at < end; at += 2) {
    if (isolate.journals[at] === 0) return at;
  }
  return 0;
}

/** Where a reservation of a queue's place (0) or item (1) is noted, or 0. */
export function findReservation(isolate: Isolate, queue: number, what: number): number {
  const { journals, base } = isolate;
  const end = base + Journal.RESERVATIONS_END;
  for (let at = base + Journal.RESERVATIONS; at < end; at += 2) {
    if (journals[at] === queue && journals[at + 1] === what + 1) return at;
  }
  return 0;
}
