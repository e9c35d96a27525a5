/** Errors that nobody in this process has caught: they end it. Who runs here may want to know of them first. */

type Listener = (error: unknown) => void;

let listener: Listener | undefined;

/** Has `callback` called with the error of which this process, one that heddle has started, is about to end. */
export function beforeUncaughtEnd(callback: Listener): void {
  listener = callback;
}

/** Calls it. */
export function tellOfUncaught(error: unknown): void {
  listener?.(error);
}
