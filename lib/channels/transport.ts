/** What carries the messages of a Connection: one end of a pipe in shared memory, or a socket. */
import type { SyncWaitOptions, WaitOptions } from '../engine/wait.js';

/**
 * The caller has checked that the connection is open and goes in this direction, and the arguments. Calls
 * reject, or throw, with EOFError, BrokenPipeError, TimeoutError, ConnectionClosedError or the signal's reason.
 */
export interface Transport {
  /** The Sync calls work. */
  readonly blocking: boolean;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly closed: boolean;
  send(item: unknown, options: WaitOptions | undefined): Promise<void>;
  sendSync(item: unknown, options: SyncWaitOptions | undefined): void;
  /** `bytes` is a plain Uint8Array over memory of this thread. */
  sendBytes(bytes: Uint8Array, options: WaitOptions | undefined): Promise<void>;
  recv(options: WaitOptions | undefined): Promise<unknown>;
  recvSync(options: SyncWaitOptions | undefined): unknown;
  /** What `sendBytes` sent; undefined when the message is longer than `maxLength`, and is then lost. */
  recvBytes(maxLength: number, options: WaitOptions | undefined): Promise<Uint8Array | undefined>;
  /** Whether a receive would not wait: there is something, or the end of everything. */
  isReady(): boolean;
  /** Waits until it is so; false when that takes longer than `timeout` ms (-1: for ever). */
  ready(timeout: number, signal: AbortSignal | undefined): Promise<boolean>;
  readySync(timeout: number): boolean;
  close(): void;
}
