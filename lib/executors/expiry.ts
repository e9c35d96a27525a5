/** A wait for something that calls back in this very loop, with a timeout and a signal. */
import { deadlineOf, LONGEST_TIMER, timeLeft } from '../engine/wait.js';

/**
 * False when `subscribe`'s callback is called first, true when `timeout` ms (-1: none) are over first; rejects with
 * the signal's reason when it is aborted first. `subscribe` returns what takes the callback back, which is called
 * once, whichever comes first.
 */
export function expiresFirst(
  subscribe: (wake: () => void) => () => void,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (timeout === 0) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const deadline = deadlineOf(timeout);
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      unsubscribe();
    };
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    const expire = (): void => {
      const left = timeLeft(deadline);
      if (left > 0) {
        timer = setTimeout(expire, Math.min(Math.ceil(left), LONGEST_TIMER));
        return;
      }
      end();
      resolve(true);
    };
    const unsubscribe = subscribe(() => {
      end();
      resolve(false);
    });
    if (timeout > 0) timer = setTimeout(expire, Math.min(Math.ceil(timeout), LONGEST_TIMER));
    signal?.addEventListener('abort', abort, { once: true });
  });
}
