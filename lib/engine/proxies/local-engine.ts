/** What proxies need of an engine that knows of no process but its own. */
import type { Engine, Handle } from '../engine.js';

export interface LocalEngine extends Engine {
  /** Whether the isolate of a slot has certainly ended. */
  isGone(slot: number): boolean;
  createAgent(): AgentEngine;
}

/**
 * A further engine in an isolate, with a slot of its own, in whose name a broker does what an isolate of another
 * process asks for (see `lib/processes/agent.ts`). It never blocks.
 */
export interface AgentEngine extends Engine {
  /**
   * `queueTake` of an item that is to go to another process by the broker in a slot. If it holds an object that cannot, it
   * stays, and `out` is -MISUSE and the handle of that one; what was reserved is given back.
   */
  queueTakeFor(handle: Handle, reserved: boolean, broker: number): number | string | Uint8Array | undefined;
  /** Ends it: what it holds is passed on, as when an isolate dies. */
  retire(): void;
}
