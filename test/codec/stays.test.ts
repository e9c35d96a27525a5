/** What of ours cannot travel is refused, and not taken for its properties. */
import { Future, Listener, Lock, NotSerializableError, Queue, ThreadPool } from 'heddle';
import { describe, expect, it, onTestFinished } from 'vitest';

function refusal(value: unknown): string {
  try {
    new Queue<unknown>().putNowait({ list: [value] });
  } catch (error) {
    expect(error).toBeInstanceOf(NotSerializableError);
    return (error as Error).message;
  }
  throw new Error('it was put');
}

describe('a refusal names the path and the way out', () => {
  it.each<[string, () => Promise<object> | object, string]>([
    ['a Future', () => new Future(), 'wait for it, and send its result'],
    ['an AsyncResult', () => pool().applyAsync(Math.abs, [1]), 'get() the result, and send that'],
    ['an iterator over results', () => pool().imap(Math.abs, [1]), 'send an array of what it yields'],
    ['a LockGuard', () => new Lock().guard(), 'send the lock, and acquire it there'],
    ['a Listener', listener, 'accept where it listens, and send what arrives; elsewhere, make another'],
  ])('%s', async (what, make, remedy) => {
    const made = make();
    // A Future is not to be awaited.
    expect(refusal(made instanceof Promise ? await made : made)).toBe(
      `item.list[0] is ${what}, which cannot be sent to another thread: ${remedy}`,
    );
  });
});

function pool(): ThreadPool {
  const made = new ThreadPool(1);
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

async function listener(): Promise<Listener> {
  const made = new Listener();
  onTestFinished(() => made.close());
  return made;
}
