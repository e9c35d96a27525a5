/**
 * Objects that lie where JavaScript does not see them at first (see `lib/engine/words-at.ts`) do what all others do: the
 * same suites once more. An engine that sees all from the start has nothing to prove here.
 */
import { Lock, Queue } from 'heddle';
import { describe, expect, it } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { wordsAt } from '#dist/engine/words-at.js';
import { FAR_RINGS_START, NEAR_WORDS, PUTS_BEFORE_RING, Queue as Word } from '#dist/memory/layout.js';
import { handleOf } from './reach.js';

const hasFar = engine.words.length === NEAR_WORDS;

if (hasFar) {
  await import('./fill-near.js');
  const suites = ['barrier', 'condition', 'connection', 'event', 'lock', 'mixed', 'queue', 'rlock', 'semaphore'];
  for (const suite of [...suites, 'shared-numbers']) await import(`./${suite}.test.ts`);
}

describe.runIf(hasFar)('what is made once all that is near is used up', () => {
  it('lies far', () => {
    expect(handleOf(new Lock())).toBeGreaterThanOrEqual(NEAR_WORDS);
    const queue = new Queue<number>();
    for (let i = 0; i <= PUTS_BEFORE_RING; i++) queue.putSync(i);
    const word = handleOf(queue) + Word.RING;
    expect(wordsAt(word)[word]).toBeGreaterThanOrEqual(FAR_RINGS_START);
    for (let i = 0; i <= PUTS_BEFORE_RING; i++) expect(queue.getSync()).toBe(i);
    expect(queue.qsize()).toBe(0);
  });

  it('leaves the rest as it was', async () => {
    const { busy } = await import('./fill-near.js');
    for (const queue of busy) {
      for (let i = 0; i <= PUTS_BEFORE_RING; i++) expect(queue.getSync()).toBe(i);
      queue.putSync(1);
      expect(queue.getSync()).toBe(1);
    }
  });
});
