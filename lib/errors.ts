/** Every error heddle throws, each with a stable `code`. Wrong argument types and ranges are TypeError and RangeError. */

/** Base class of all errors of heddle. */
export class HeddleError extends Error {
  /** Stable identifier, `ERR_HEDDLE_…`. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

function define(code: string) {
  return class extends HeddleError {
    constructor(message: string, options?: ErrorOptions) {
      super(`ERR_HEDDLE_${code}`, message, options);
    }
  };
}

/** The engine asked for cannot be loaded; the message has every cause and the remedies. */
export class EngineUnavailableError extends define('ENGINE_UNAVAILABLE') {}
/** The arena has no room for another object, waiter or payload. Nothing was changed. */
export class ArenaExhaustedError extends define('ARENA_EXHAUSTED') {}
/** A function captures something that cannot travel; the message names it. */
export class FunctionNotShippableError extends define('FUNCTION_NOT_SHIPPABLE') {}
/** A value cannot be serialised; the message has its path. */
export class NotSerializableError extends define('NOT_SERIALIZABLE') {}
/** Release of a lock that nobody holds. Python: RuntimeError "release unlocked lock". */
export class LockNotHeldError extends define('LOCK_NOT_HELD') {}
/** Release of an RLock, or use of a Condition's lock, by someone who does not own it. Also a LockNotHeldError: not held by the caller. */
export class NotOwnerError extends LockNotHeldError {
  override readonly code: string = 'ERR_HEDDLE_NOT_OWNER';
}
/** BoundedSemaphore released beyond its initial value, which is unchanged. Python: ValueError. */
export class SemaphoreOverflowError extends define('SEMAPHORE_OVERFLOW') {}
/** The barrier was broken by a timeout, an abort, a reset, or a failing action. */
export class BrokenBarrierError extends define('BROKEN_BARRIER') {}
/** The process that made an object has ended, and the object with it. On the fallback engine, where processes share no memory. */
export class OwnerLostError extends define('OWNER_LOST') {}
/** A thread was started twice, joined before its start, or joins itself. */
export class ThreadStateError extends define('THREAD_STATE') {}
/** A process was started twice, joined before its start, or used after close. */
export class ProcessStateError extends define('PROCESS_STATE') {}
/** No item came in time. Python: queue.Empty. */
export class QueueEmptyError extends define('QUEUE_EMPTY') {}
/** No place came free in time. Python: queue.Full. */
export class QueueFullError extends define('QUEUE_FULL') {}
/** The queue is shut down. Python: queue.ShutDown. */
export class QueueShutDownError extends define('QUEUE_SHUT_DOWN') {}
/** taskDone() was called more often than items were put. */
export class TaskDoneError extends define('TASK_DONE') {}
/** The wait took longer than its timeout. */
export class TimeoutError extends define('TIMEOUT') {}
/** The task was cancelled. */
export class CancelledError extends define('CANCELLED') {}
/** The object is not in a state that allows this. */
export class InvalidStateError extends define('INVALID_STATE') {}
/** The executor cannot run tasks any more. */
export class BrokenExecutorError extends define('BROKEN_EXECUTOR') {}
/** The worker that ran the task died. */
export class WorkerLostError extends define('WORKER_LOST') {}
/** The pool is not running, or still is. */
export class PoolStateError extends define('POOL_STATE') {}
/** The other end is closed and everything it sent has been received. */
export class EOFError extends define('EOF') {}
/** The other end of the pipe is closed. */
export class BrokenPipeError extends define('BROKEN_PIPE') {}
/** This end of the connection is closed. */
export class ConnectionClosedError extends define('CONNECTION_CLOSED') {}
/** The authentication key was refused. */
export class AuthenticationError extends define('AUTHENTICATION') {}
/** The other side failed in a way that has no class here. */
export class RemoteError extends define('REMOTE') {}
/** A received message does not fit the buffer. */
export class BufferTooShortError extends define('BUFFER_TOO_SHORT') {
  /** The whole message. */
  readonly bytes: Uint8Array;
  constructor(message: string, bytes: Uint8Array, options?: ErrorOptions) {
    super(message, options);
    this.bytes = bytes;
  }
}
/** The wait could never end. */
export class DeadlockError extends define('DEADLOCK') {}
