/**
 * The doorbell of an isolate's event loop: calls back when somebody has rung, that is incremented
 * the slot's DOORBELL word and notified. One `Atomics.waitAsync` at a time is pending on it; it does
 * not keep the loop alive, which is the business of who waits (`lib/engine/wait.ts`).
 */
import { Slot } from '../../memory/layout.js';
import type { Isolate } from './isolate.js';
import { slotWord } from './slots.js';

/** Where there is no `Atomics.waitAsync`, the loop looks at its bell this often. Milliseconds. */
const POLL_MS = 2;

export function listen(isolate: Isolate, callback: () => void): void {
  const bell = slotWord(isolate.self, Slot.DOORBELL);
  if (typeof Atomics.waitAsync === 'function') listenAsync(isolate.words, bell, callback);
  else pollBell(isolate.words, bell, callback);
}

function listenAsync(words: Int32Array<SharedArrayBuffer>, bell: number, callback: () => void): void {
  const rung = (): void => {
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
}

function pollBell(words: Int32Array, bell: number, callback: () => void): void {
  let heard = Atomics.load(words, bell);
  setInterval(() => {
    const rings = Atomics.load(words, bell);
    if (rings === heard) return;
    heard = rings;
    callback();
  }, POLL_MS).unref();
}
