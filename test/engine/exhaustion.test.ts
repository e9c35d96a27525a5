/** A heap with no room left: what is refused, and that all else goes on. */
import { expect, it } from 'vitest';
import { linesOf } from '../threads/program.js';

it('a full heap refuses arrays and items, and leaves everything as it was', { timeout: 60_000 }, async () => {
  const lines = await linesOf(`
    import { ArenaExhaustedError, Lock, Queue, SharedArray } from 'heddle';

    function refused(what) {
      try {
        what();
        console.log('there was room');
      } catch (error) {
        console.log(error instanceof ArenaExhaustedError, error.code);
      }
    }

    const queue = new Queue();
    queue.putSync('x'.repeat(100));
    const arrays = [];
    const add = (length) => arrays.push(new SharedArray('d', length, { lock: false }));
    // Memory that nobody writes to takes no room in the machine.
    for (let length = 2 ** 28 - 1; length > 1000; length >>>= 3) {
      try {
        for (;;) add(length);
      } catch (error) {
        if (!(error instanceof ArenaExhaustedError)) throw error;
      }
    }
    refused(() => add(100_000));
    refused(() => queue.putSync(new Uint8Array(100_000)));
    await queue.put(new Uint8Array(100_000)).catch((error) => console.log(error.code));
    console.log(queue.qsize(), queue.unfinishedTasks);
    queue.putSync(1);
    console.log(queue.getSync().length, queue.getSync());
    const lock = new Lock();
    console.log(lock.withLockSync(() => lock.locked()));
    process.exit();`);
  const code = 'ERR_HEDDLE_ARENA_EXHAUSTED';
  expect(lines).toEqual([`true ${code}`, `true ${code}`, code, '1 1', '100 1', 'true']);
});
