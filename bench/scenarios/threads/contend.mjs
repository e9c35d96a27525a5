/** What the threads of the locking scenarios do. Each warms up, meets the others, then works. */

export function lockThread(lock, counter, start, each) {
  const cells = counter.array;
  const add = (count) => {
    for (let i = 0; i < count; i++) {
      lock.acquireSync();
      cells[0]++;
      lock.release();
    }
  };
  add(10_000);
  start.waitSync();
  add(each);
}

export function permitThread(semaphore, start, each) {
  const take = (count) => {
    for (let i = 0; i < count; i++) {
      semaphore.acquireSync();
      semaphore.release();
    }
  };
  take(1000);
  start.waitSync();
  take(each);
}

/** Two threads that wake each other in turn. The one that asks begins. */
export function eventThread(ask, mine, theirs, start, warmUp, rounds) {
  const play = (count) => {
    for (let i = 0; i < count; i++) {
      if (ask) theirs.set();
      mine.waitSync();
      mine.clear();
      if (!ask) theirs.set();
    }
  };
  play(warmUp);
  start.waitSync();
  play(rounds);
}

export function conditionThread(me, condition, turn, start, warmUp, rounds) {
  const cells = turn.array;
  const play = (count) => {
    for (let i = 0; i < count; i++) {
      condition.acquireSync();
      while (cells[0] !== me) condition.waitSync();
      cells[0] = 1 - me;
      condition.notify();
      condition.release();
    }
  };
  play(warmUp);
  start.waitSync();
  play(rounds);
}

export function barrierThread(barrier, start, warmUp, rounds) {
  for (let i = 0; i < warmUp; i++) barrier.waitSync();
  start.waitSync();
  for (let i = 0; i < rounds; i++) barrier.waitSync();
}
