/** One object of each kind for the actors: what one does with it, and what is true of it whenever nobody is in the middle of something. */
import { expect } from 'vitest';
import { Barrier, Event, Mutex, Node, NodeState, PipeEnd, Queue, Semaphore } from '#dist/memory/layout.js';
import { type Actor, fallback, type Random, type Subject } from './actors.js';
import {
  Cell,
  Discipline,
  engine,
  FIRST_TICKET,
  FOREVER,
  Kind,
  LOOP,
  number,
  numberKey,
  Outcome,
  string,
  THREAD,
} from './harness.js';

const { words } = engine;

function mode(random: Random): typeof THREAD | typeof LOOP {
  return random(2) === 0 ? THREAD : LOOP;
}

function timeout(random: Random): number {
  return random(4) === 0 ? 0 : FOREVER;
}

/** Tickets of the living that were granted and not yet looked at, of that list. */
function undelivered(actors: readonly Actor[], list: number): number {
  let count = 0;
  for (const actor of actors) {
    if (!actor.alive) continue;
    for (const ticket of [actor.blocked, ...actor.promises]) {
      if (ticket !== 0 && words[ticket + Node.LIST] === list && words[ticket + Node.STATE] === Outcome.GRANTED) count++;
    }
  }
  return count;
}

function mutex(): Subject {
  const handle = engine.create(Kind.MUTEX);
  return {
    handle,
    lists: [Cell.WAITERS],
    act(actor, random) {
      if (actor.holds && random(3) > 0) {
        expect(fallback.mutexRelease(actor.isolate, handle)).toBe(Outcome.OK);
        actor.holds = false;
        return;
      }
      // A thread does not wait for itself.
      const how = actor.holds ? LOOP : mode(random);
      const begun = fallback.mutexAcquire(actor.isolate, handle, how, timeout(random));
      // Half of the threads have waited for long, and are handed the mutex.
      if (begun >= FIRST_TICKET)
        actor.isolate.doubles[(begun + Node.SINCE) >> 1] = random(2) === 0 ? 0 : Number.POSITIVE_INFINITY;
      actor.begun(begun, how, () => {
        actor.holds = true;
      });
    },
    granted(actor) {
      actor.holds = true;
    },
    check(linked, actors) {
      const state = words[handle + Cell.STATE]!;
      const waiters = linked.get(Cell.WAITERS)!;
      expect((state & Mutex.PARKED) !== 0).toBe(waiters.length > 0);
      const owner = state >> Mutex.OWNER_SHIFT;
      if ((state & Mutex.LOCKED) !== 0) {
        const holder = actors.find((actor) => actor.alive && actor.slot === owner);
        expect(holder).toBeDefined();
        // Nobody else has it in his name.
        const granted = [holder!.blocked, ...holder!.promises].some(
          (ticket) => words[ticket + Node.STATE] === Outcome.GRANTED,
        );
        expect(holder!.holds || granted).toBe(true);
      } else {
        expect(owner).toBe(0);
        if (waiters.length > 0) expect(words[waiters[0]! + Node.STATE]).toBe(NodeState.RETRY);
      }
    },
  };
}

function semaphore(): Subject {
  const handle = engine.create(Kind.SEMAPHORE);
  words[handle + Cell.STATE] = 1 << Semaphore.VALUE_SHIFT;
  /** Permits that there are: value, held by the living, granted to the living. What one who died had just done is not known. */
  let least = 1;
  let most = 1;
  return {
    handle,
    lists: [Cell.WAITERS],
    act(actor, random) {
      if (random(2) === 0) {
        const count = 1 + random(2);
        most += count;
        fallback.semaphoreRelease(actor.isolate, handle, count);
        least += count;
        return;
      }
      const how = mode(random);
      // Whoever dies with a permit, known to himself alone, takes it with him.
      least--;
      actor.begun(fallback.semaphoreAcquire(actor.isolate, handle, how, timeout(random)), how, () => actor.permits++);
      least++;
    },
    granted(actor) {
      actor.permits++;
    },
    died(actor, looked) {
      least -= actor.permits + looked;
      most -= actor.permits;
    },
    check(linked, actors) {
      const state = words[handle + Cell.STATE]!;
      const waiters = linked.get(Cell.WAITERS)!;
      expect((state & Semaphore.PARKED) !== 0).toBe(waiters.length > 0);
      const value = state >> Semaphore.VALUE_SHIFT;
      if (waiters.length > 0) expect(value).toBe(0);
      const held = actors.reduce((sum, actor) => sum + (actor.alive ? actor.permits : 0), 0);
      const permits = value + held + undelivered(actors, Cell.WAITERS);
      expect(permits).toBeGreaterThanOrEqual(least);
      expect(permits).toBeLessThanOrEqual(most);
    },
  };
}

function event(): Subject {
  const handle = engine.create(Kind.EVENT);
  return {
    handle,
    lists: [Cell.WAITERS],
    act(actor, random) {
      switch (random(4)) {
        case 0:
          fallback.eventSet(actor.isolate, handle);
          break;
        case 1:
          Atomics.and(words, handle + Cell.STATE, ~Event.SET);
          break;
        default: {
          const how = mode(random);
          actor.begun(fallback.eventWait(actor.isolate, handle, how, timeout(random)), how, () => {});
        }
      }
    },
    granted() {},
    check(linked) {
      const state = words[handle + Cell.STATE]!;
      const waits = linked.get(Cell.WAITERS)!.length > 0;
      expect((state & Event.PARKED) !== 0).toBe(waits);
      if (waits) expect(state & Event.SET).toBe(0);
    },
  };
}

function condition(): Subject {
  const handle = engine.create(Kind.CONDITION);
  return {
    handle,
    lists: [Cell.WAITERS],
    act(actor, random) {
      if (random(3) === 0) {
        fallback.conditionNotify(actor.isolate, handle, 1 + random(2));
        return;
      }
      const how = mode(random);
      actor.begun(fallback.conditionEnqueue(actor.isolate, handle, how), how, () => {});
    },
    granted() {},
    check() {},
  };
}

function barrier(): Subject {
  const handle = engine.create(Kind.BARRIER);
  words[handle + Barrier.PARTIES] = 2;
  const inAction = (actor: Actor) => words[handle + Barrier.ACTION_SLOT] === actor.slot + 1;
  return {
    handle,
    lists: [Cell.WAITERS, Barrier.ENTRY],
    act(actor, random) {
      if (actor.holds && random(4) > 0) {
        actor.holds = false;
        fallback.barrierRelease(actor.isolate, handle);
        return;
      }
      if (random(5) === 0) {
        if (random(2) === 0) fallback.barrierReset(actor.isolate, handle);
        else fallback.barrierBreak(actor.isolate, handle);
        return;
      }
      const how = actor.holds ? LOOP : mode(random);
      const begun = fallback.barrierArrive(actor.isolate, handle, how, timeout(random));
      actor.begun(begun, how, () => {
        actor.holds = true;
      });
    },
    granted(actor, _list, outcome) {
      if (outcome === Outcome.LAST) actor.holds = true;
    },
    check(linked, actors) {
      const state = words[handle + Cell.STATE]!;
      const waiting = linked.get(Cell.WAITERS)!.length;
      const entered = linked.get(Barrier.ENTRY)!.length;
      const acting = (state & Barrier.ACTION) !== 0;
      expect(waiting).toBeLessThan(2);
      expect(words[handle + Barrier.COUNT]).toBe(waiting);
      expect(words[handle + Barrier.ACTION_SLOT] !== 0).toBe(acting);
      if (acting) expect(actors.some((actor) => actor.alive && inAction(actor))).toBe(true);
      else expect(entered).toBe(0);
      if ((state & Barrier.BROKEN) !== 0) expect(waiting + entered).toBe(0);
    },
  };
}

const LONG = 'longer than what fits an entry of a queue, so that it needs a block of its own';

/** The end of an end of a pipe, whose queue shuts down with it. */
function hangUp({ isolate }: Actor, queue: number, random: Random): void {
  const { words } = engine;
  const word = random(2) === 0 ? PipeEnd.INCOMING : PipeEnd.OUTGOING;
  const end = isolate.cells.create(Kind.PIPE_END);
  if (end === 0) return;
  Atomics.add(words, queue + Cell.REFS, 1);
  words[end + word] = queue;
  fallback.disown(isolate, end);
}

function queue(discipline: number, maxSize: number): Subject {
  const handle = engine.create(Kind.QUEUE);
  engine.queueInit(handle, discipline, maxSize);
  const put = (actor: Actor, reserved: boolean, random: Random) => {
    const item = random(2) === 0 ? number(random(100)) : string(LONG);
    const key = discipline === Discipline.PRIORITY ? numberKey(random(10)) : undefined;
    if (reserved) actor.places--;
    fallback.queuePut(actor.isolate, handle, reserved, item, key);
  };
  const take = (actor: Actor, reserved: boolean) => {
    if (reserved) actor.items--;
    fallback.queueTake(actor.isolate, handle, reserved);
  };
  return {
    handle,
    lists: [Queue.GETTERS, Queue.PUTTERS, Queue.JOINERS],
    act(actor, random) {
      const { isolate } = actor;
      const how = mode(random);
      if (actor.items > 0 && random(2) === 0) {
        if (random(4) > 0) return take(actor, true);
        actor.items--;
        return fallback.queueUnreserve(isolate, handle, 1);
      }
      if (actor.places > 0 && random(2) === 0) {
        if (random(4) > 0) return put(actor, true, random);
        actor.places--;
        return fallback.queueUnreserve(isolate, handle, 0);
      }
      switch (random(10)) {
        case 0:
        case 1:
          return put(actor, false, random);
        case 2:
          return take(actor, false);
        case 3:
        case 4:
          return actor.begun(fallback.queueAwaitItem(isolate, handle, how, timeout(random)), how, () => actor.items++);
        case 5:
        case 6:
          return actor.begun(
            fallback.queueAwaitPlace(isolate, handle, how, timeout(random)),
            how,
            () => actor.places++,
          );
        case 7:
          return actor.begun(fallback.queueJoin(isolate, handle, how, timeout(random)), how, () => {});
        case 8:
          return fallback.queueTaskDone(isolate, handle);
        default:
          if (random(3) === 0) return fallback.queueShutdown(isolate, handle, random(2) === 0);
          if (random(3) === 0) return hangUp(actor, handle, random);
          return maxSize === 0 ? undefined : fallback.queueResize(isolate, handle, 1 + random(3));
      }
    },
    granted(actor, list) {
      if (list === Queue.GETTERS) actor.items++;
      if (list === Queue.PUTTERS) actor.places++;
    },
    check(linked, actors) {
      const word = (index: number) => words[handle + index]!;
      const shutDown = (word(Cell.STATE) & Queue.SHUT_DOWN) !== 0;
      const living = actors.filter((actor) => actor.alive);
      const items = living.reduce((sum, actor) => sum + actor.items, undelivered(actors, Queue.GETTERS));
      const places = living.reduce((sum, actor) => sum + actor.places, undelivered(actors, Queue.PUTTERS));
      // A shutdown takes promised items away.
      if (shutDown) expect(word(Queue.RESERVED_ITEMS)).toBeLessThanOrEqual(items);
      else expect(word(Queue.RESERVED_ITEMS)).toBe(items);
      expect(word(Queue.RESERVED_PLACES)).toBe(places);
      expect(word(Queue.COUNT)).toBeGreaterThanOrEqual(word(Queue.RESERVED_ITEMS));
      if (linked.get(Queue.GETTERS)!.length > 0) {
        expect(shutDown).toBe(false);
        expect(word(Queue.COUNT)).toBe(word(Queue.RESERVED_ITEMS));
      }
      if (linked.get(Queue.PUTTERS)!.length > 0) {
        expect(shutDown).toBe(false);
        expect(word(Queue.COUNT) + word(Queue.RESERVED_PLACES)).toBeGreaterThanOrEqual(word(Queue.MAX_SIZE));
      }
      if (linked.get(Queue.JOINERS)!.length > 0) expect(word(Queue.UNFINISHED)).toBeGreaterThan(0);
    },
  };
}

export const subjects: Readonly<Record<string, () => Subject>> = {
  mutex,
  semaphore,
  event,
  condition,
  barrier,
  'FIFO queue': () => queue(Discipline.FIFO, 2),
  'LIFO queue without bound': () => queue(Discipline.LIFO, 0),
  'priority queue': () => queue(Discipline.PRIORITY, 2),
};
