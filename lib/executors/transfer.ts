/** Buffers that a task takes from who submits it. */
import { show } from '../engine/arguments.js';

/** @throws TypeError for what cannot be moved by way of the arena. */
export function requireBuffers(transfer: readonly unknown[]): void {
  transfer.forEach((item, index) => {
    if (!(item instanceof ArrayBuffer))
      throw new TypeError(
        `transfer[${index}] must be an ArrayBuffer, got ${show(item)}; ports and handles cannot follow a task to whichever worker takes it`,
      );
  });
}

/** Takes buffers away from the sender, whose contents have been written. */
export function detachAll(transfer: readonly unknown[]): void {
  structuredClone(undefined, { transfer: [...(transfer as ArrayBuffer[])] });
}
