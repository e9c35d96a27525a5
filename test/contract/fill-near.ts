/** Uses up what lies near the start of the segment: all objects and rings that are made after the import of this lie beyond. */
import { Queue } from 'heddle';
import { engine } from '#dist/engine/select.js';
import { Kind, NEAR_RINGS, NEAR_WORDS, PUTS_BEFORE_RING } from '#dist/memory/layout.js';

const queues = Array.from({ length: NEAR_RINGS }, () => new Queue<number>());
for (const queue of queues) for (let i = 0; i <= PUTS_BEFORE_RING; i++) queue.putSync(i);

for (let cell = 0; cell < NEAR_WORDS; ) cell = engine.create(Kind.EVENT);

/** Kept, for their rings. */
export const busy: readonly Queue<number>[] = queues;
