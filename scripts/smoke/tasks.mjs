/** What the threads and processes of the smoke test run: they find these functions by importing this module. */

/** Adds to a number as a careless program does, so that only the lock keeps it right. */
export function addUnderLock(lock, count, times) {
  for (let i = 0; i < times; i++) {
    lock.withLockSync(() => {
      count.value = count.value + 1;
    });
  }
}

/** Puts 1 to `n` on a queue, then null. */
export function produce(queue, n) {
  for (let i = 1; i <= n; i++) queue.putSync({ i });
  queue.putSync(null);
}

/** Waits until another side has set `ready[0]`, then answers in `ready[1]`. */
export function awaitReady(condition, ready) {
  condition.withLockSync(() => {
    condition.waitForSync(() => ready.array[0] === 1);
    ready.array[1] = 2;
    condition.notifyAll();
  });
}

/** Answers each item with its square, under a lock, until null comes. */
export function square(lock, numbers, squares) {
  for (let n = numbers.getSync(); n !== null; n = numbers.getSync()) {
    lock.withLockSync(() => squares.putSync(n * n));
  }
}

/** Works on memory that it shares with who called it. */
export function double(numbers) {
  numbers.array.forEach((n, i) => {
    numbers.array[i] = 2 * n;
  });
}

export function cube(n) {
  return n ** 3;
}

export function fail(text) {
  throw new RangeError(text);
}

/** Sends the first message back. */
export async function echo(connection) {
  await connection.send(await connection.recv());
  connection.close();
}
