/** What `map` is asked for, and what it hands out. */

/** Options of `Executor.map`. */
export interface MapOptions {
  /** Items that travel together as one task, at least 1. Default: as many as take about a millisecond. */
  chunkSize?: number | undefined;
  /**
   * Items that may be read from the source before their results are handed out, at least 1. Default: 8 chunks a worker
   * on their way, and 64 that wait to be handed out.
   */
  bufferSize?: number | undefined;
  /** Milliseconds from the call of `map` for all of it; who waits longer for a result gets a TimeoutError. Default: for ever. */
  timeout?: number | undefined;
  /** Results in the order of the items (default), or in that of completion. */
  ordered?: boolean | undefined;
  /** Ends the iteration: it rejects with `signal.reason`, and what is in flight is cancelled. */
  signal?: AbortSignal | undefined;
}

/** Results of `map`, to be iterated once. */
export interface Mapped<R> extends AsyncIterableIterator<R, undefined, undefined>, AsyncDisposable {
  next(): Promise<IteratorResult<R, undefined>>;
  /** Ends the iteration: cancels what is in flight, and closes the source. What leaving a `for await` does. */
  return(): Promise<IteratorReturnResult<undefined>>;
  /** All results that have not been handed out yet. */
  toArray(): Promise<R[]>;
}

/** How a run differs from that of `Executor.map`: for pools. */
export interface Manner {
  /** The function whose caller is the place of submission. */
  readonly caller: Function;
  /** See `runChunk`. Default: the index of the item beside it. */
  readonly style?: number;
  /** An error is handed out like a result, and the iteration goes on. */
  readonly goesOn?: boolean;
  /** What is not handed out does not hold up the rest. */
  readonly unbounded?: boolean;
  /** Who waits for a result keeps the event loop alive: the executor's tasks do not. */
  readonly holds?: boolean;
  /** Called once, when nothing more will be sent. */
  readonly onSent?: () => void;
}
