/** Spinning for an event loop. */
export function startPolling(_settle: () => void): void {}
