/**
 * Isolates that die at every point at which V8 may end one, in the middle of operations in random order on
 * one object of each kind; and whoever sweeps them dies at every point of the sweep. Each time the object is
 * whole afterwards, nobody who lives waits in vain, and nothing is left behind.
 */
import { describe, expect, test } from 'vitest';
import { Node } from '#dist/memory/layout.js';
import { Actor, dead, isOver, type Random, randomFrom, type Subject, sweepBy } from './actors.js';
// @ts-expect-error: plain JavaScript, which Node loads as it is
import { Mortal } from './fixtures/points.mjs';
import { Cell, engine, Header, Outcome } from './harness.js';
import { subjects } from './subjects.js';

const { words } = engine;
const STEPS = 16;

/** The waiters of each list, in their order; the links are whole. */
function linkedIn({ handle, lists }: Subject): Map<number, number[]> {
  return new Map(
    lists.map((list) => {
      const nodes: number[] = [];
      const first = words[handle + list]!;
      if (first !== 0) {
        let node = first;
        do {
          nodes.push(node);
          expect(words[node + Node.CELL]).toBe(handle);
          const next = words[node + Node.NEXT]!;
          expect(words[next + Node.PREVIOUS]).toBe(node);
          node = next;
        } while (node !== first && nodes.length < 100);
      }
      return [list, nodes];
    }),
  );
}

/** Nobody is in the middle of anything, and the dead have been swept. */
function check(subject: Subject, actors: readonly Actor[]): void {
  expect(words[subject.handle + Cell.GUARD]).toBe(0);
  const linked = linkedIn(subject);
  const waiting = new Set([...linked.values()].flat());
  for (const actor of actors) {
    if (!actor.alive) continue;
    for (const ticket of actor.tickets) {
      expect(isOver(ticket)).toBe(!waiting.has(ticket));
      waiting.delete(ticket);
    }
  }
  // Nobody else waits.
  expect([...waiting]).toEqual([]);
  subject.check(linked, actors);
}

function act(actor: Actor, subject: Subject, random: Random): void {
  const promise = [...actor.promises][0];
  if (actor.blocked !== 0) {
    if (random(4) === 0) actor.cancel(subject, actor.blocked);
    else actor.look(subject);
  } else if (promise !== undefined && random(2) === 0) {
    if (random(4) === 0) actor.cancel(subject, promise);
    else actor.drain(subject);
  } else {
    subject.act(actor, random);
  }
}

interface Deaths {
  /** The point at which the first actor dies. */
  readonly at: number;
  /** It is swept at once, and not when the script is over or somebody stumbles over it. */
  readonly swept: boolean;
  /** The point at which its sweeper dies, 0 for none. */
  readonly sweeperAt: number;
}

/** Plays the script of that seed. Whether those who were to die did. */
function play(make: () => Subject, seed: number, { at, swept, sweeperAt }: Deaths): boolean {
  const before = inUse();
  const random = randomFrom(seed);
  const subject = make();
  const actors = [new Actor(), new Actor(), new Actor()];
  for (const actor of actors) actor.attachTo(subject);
  const [victim, sweeper, other] = actors as [Actor, Actor, Actor];
  const mortal = new Mortal(at);
  const mortalSweeper = new Mortal(sweeperAt);

  const bury = () => {
    if (!mortalSweeper.survives(() => sweepBy(sweeper.isolate, victim.slot))) {
      sweeper.die();
      subject.died?.(sweeper, 0);
      for (const slot of [sweeper.slot, victim.slot]) sweepBy(other.isolate, slot);
    }
    check(subject, actors);
  };
  for (let step = 0; step < STEPS; step++) {
    const actor = actors[random(actors.length)]!;
    if (!actor.alive) continue;
    if (actor !== victim) {
      act(actor, subject, random);
      continue;
    }
    const granted = actor.tickets.filter((ticket) => words[ticket + Node.STATE] === Outcome.GRANTED).length;
    if (mortal.survives(() => act(actor, subject, random))) continue;
    victim.die();
    subject.died?.(victim, granted);
    if (swept) bury();
  }
  if (dead.has(victim.slot)) bury();
  check(subject, actors);
  for (const actor of actors) {
    if (!actor.alive) continue;
    // What was granted is heard of.
    if (actor.blocked !== 0) actor.look(subject);
    actor.drain(subject);
    for (const ticket of actor.tickets) expect(isOver(ticket)).toBe(false);
    actor.die();
    subject.died?.(actor, 0);
    dead.delete(actor.slot);
    engine.sweep(actor.slot, actor.generation);
    check(subject, actors);
  }
  engine.disown(subject.handle);
  expect(inUse()).toEqual(before);
  return mortal.dead && (sweeperAt === 0 || mortalSweeper.dead);
}

function inUse(): unknown {
  engine.drain();
  return { cells: words[Header.CELLS_LIVE], slots: words[Header.SLOTS_LIVE] };
}

/** Says which deaths it was, should something not be as it must. */
function played(make: () => Subject, seed: number, deaths: Deaths): boolean {
  try {
    return play(make, seed, deaths);
  } catch (error) {
    throw new Error(`seed ${seed}, ${JSON.stringify(deaths)}`, { cause: error });
  }
}

describe.runIf(engine.name === 'fallback').each(Object.keys(subjects))('%s', { timeout: 150_000 }, (kind) => {
  const make = subjects[kind]!;

  test.each([true, false])('an isolate dies at every point; swept at once: %s', (swept) => {
    for (let seed = 1; seed <= 6; seed++) {
      for (let at = 1; played(make, seed, { at, swept, sweeperAt: 0 }); at++);
    }
  });

  test('its sweeper dies at every point', () => {
    for (let seed = 1; seed <= 2; seed++) {
      const at = 1 + randomFrom(seed)(100);
      for (let sweeperAt = 1; played(make, seed, { at, swept: true, sweeperAt }); sweeperAt++);
    }
  });
});
