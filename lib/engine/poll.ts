/** Spinning for an event loop. */
export function pollFor(_settle: () => void): void {}
