/** `move`: says of a value that its memory, or what else it stands for, goes to the receiver and leaves the sender. */
import type { Transferable } from 'node:worker_threads';
import { show } from '../engine/arguments.js';

/** What `move` returns, for the writer to see. */
export class Moved {
  readonly value: unknown;
  readonly transfer: readonly object[];

  constructor(value: unknown, transfer: readonly object[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/**
 * Marks a task's argument, or its result, as moved instead of copied: the receiver gets the memory itself, whatever its
 * size, and the sender is left with detached buffers. What it returns is for `submit`, or for `return` in a task,
 * and nothing else.
 *
 * @param value An ArrayBuffer, a view of one (all of its buffer is moved), a MessagePort; or anything, with `transfer`.
 * @param transfer What in `value` is moved; the rest is copied. Default: `value`, or its buffer.
 * @throws TypeError for a value that needs a `transfer`.
 *
 * @example
 * ```ts
 * import { move, ThreadPoolExecutor } from 'heddle';
 *
 * await using executor = new ThreadPoolExecutor();
 * const pixels = new Uint8Array(4 << 20);
 * const brighter = await executor.submit((bytes: Uint8Array) => {
 *   for (let i = 0; i < bytes.length; i++) bytes[i]! += 16;
 *   return move(bytes);
 * }, move(pixels));
 * console.log(brighter[0], pixels.length); // 16 0
 * ```
 */
export function move<T>(value: T, transfer?: readonly Transferable[]): T {
  // Typed as the value, for that is what arrives.
  return new Moved(value, listOf(value, transfer)) as T;
}

function listOf(value: unknown, transfer: readonly unknown[] | undefined): readonly object[] {
  if (transfer === undefined) {
    if (ArrayBuffer.isView(value)) return [value.buffer];
    if (value instanceof ArrayBuffer || value instanceof MessagePort) return [value];
    throw new TypeError(
      `value must be an ArrayBuffer, a view of one or a MessagePort, got ${show(value)}; list what is moved in transfer`,
    );
  }
  if (!Array.isArray(transfer)) throw new TypeError(`transfer must be an array, got ${show(transfer)}`);
  return [...requireMovable(transfer)];
}

/** @throws TypeError for an item that cannot be moved. */
export function requireMovable(transfer: readonly unknown[]): readonly object[] {
  transfer.forEach((item, index) => {
    if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item) || Array.isArray(item))
      throw new TypeError(
        `transfer[${index}] must be an ArrayBuffer, a MessagePort or the like, got ${show(item)}${ArrayBuffer.isView(item) ? '; list its buffer' : ''}`,
      );
  });
  return transfer as readonly object[];
}
