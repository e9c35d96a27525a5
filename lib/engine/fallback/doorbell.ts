/**
 * The doorbell of an isolate's event loop: calls back when somebody has rung, that is incremented
 * the slot's DOORBELL word and notified. One `Atomics.waitAsync` at a time is pending on it; it does
 * not keep the loop alive, which is the business of who waits (`lib/engine/wait.ts`).
 */
import { Slot } from '../../memory/layout.js';
import { slotWord } from '../slot-word.js';
import type { Isolate } from './isolate.js';

/** Where there is no `Atomics.waitAsync`, the loop looks at its bell this often. Milliseconds. */
const POLL_MS = 2;

/** Returns what ends it: no more calls come after that, whoever has the slot then. */
export function listen(isolate: Isolate, callback: () => void): () => void {
  const bell = slotWord(isolate.self, Slot.DOORBELL);
  if (typeof Atomics.waitAsync === 'function') return listenAsync(isolate.words, bell, callback);
  return pollBell(isolate.words, bell, callback);
}

function listenAsync(words: Int32Array<SharedArrayBuffer>, bell: number, callback: () => void): () => void {
  let ended = false;
  const rung = (): void => {
    if (ended) return;
    // Armed first: whoever rings while the callback drains is heard again.
    arm();
    callback();
  };
  const arm = (): void => {
    for (;;) {
      const wait = Atomics.waitAsync(words, bell, Atomics.load(words, bell));
      if (!wait.async) continue;
      void wait.value.then(rung);
      return;
    }
  };
  arm();
  return () => {
    ended = true;
    // The wait that is pending comes to its end.
    Atomics.notify(words, bell);
  };
}

function pollBell(words: Int32Array, bell: number, callback: () => void): () => void {
  let heard = Atomics.load(words, bell);
  const looks = setInterval(() => {
    const rings = Atomics.load(words, bell);
    if (rings === heard) return;
    heard = rings;
    callback();
  }, POLL_MS);
  looks.unref();
  return () => clearInterval(looks);
}
