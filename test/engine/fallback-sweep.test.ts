/** Sweeping on the fallback: what an isolate leaves that ends between two of its steps, each set up by hand. */
import { describe, expect, test } from 'vitest';
import { openArena } from '#dist/engine/fallback/arena.js';
import { Isolate } from '#dist/engine/fallback/isolate.js';
import { mutexAcquire, mutexRetry } from '#dist/engine/fallback/mutex.js';
import { claimSlot } from '#dist/engine/fallback/slots.js';
import { slotWord } from '#dist/engine/slot-word.js';
import { Mutex, Node, NodeState, Slot } from '#dist/memory/layout.js';
import { Cell, engine, FIRST_TICKET, FOREVER, Kind, Outcome, state, THREAD } from './harness.js';

const { words } = engine;

/** An isolate that does only what it is told, and ends when it is swept. */
function attach(): Isolate {
  const arena = openArena();
  const slot = claimSlot(words, new Int32Array(arena.journals), 0);
  return new Isolate(
    arena,
    slot,
    () => false,
    () => {},
  );
}

function end(isolate: Isolate): void {
  engine.sweep(isolate.self, words[slotWord(isolate.self, Slot.GENERATION)]!);
}

/** A wait that is told to retry rather than handed the mutex, however slow this test is. */
function begin(isolate: Isolate, mutex: number): number {
  const ticket = mutexAcquire(isolate, mutex, THREAD, FOREVER);
  expect(ticket).toBeGreaterThanOrEqual(FIRST_TICKET);
  isolate.doubles[(ticket + Node.SINCE) >> 1] = Number.POSITIVE_INFINITY;
  return ticket;
}

describe.runIf(engine.name === 'fallback')('an isolate ends', () => {
  test('when it has taken a mutex that it was told of, and another waits for it by now', () => {
    const mutex = engine.create(Kind.MUTEX);
    engine.mutexAcquire(mutex, THREAD, FOREVER);
    const [victim, other] = [attach(), attach()];
    const told = begin(victim, mutex);
    engine.mutexRelease(mutex);
    expect(words[told + Node.STATE]).toBe(NodeState.RETRY);
    expect(mutexRetry(victim, mutex, told)).toBe(true);

    const ticket = begin(other, mutex);
    end(victim);
    expect(words[mutex + Cell.WAITERS]).toBe(ticket);
    expect(words[ticket + Node.STATE]).toBe(NodeState.RETRY);
    expect(mutexRetry(other, mutex, ticket)).toBe(true);
    end(other);
    expect(engine.mutexAcquire(mutex, THREAD, 0)).toBe(Outcome.GRANTED);
    expect(state(mutex) & ~Mutex.OWNER_DIED).toBe((engine.self << Mutex.OWNER_SHIFT) | Mutex.LOCKED);
  });
});
