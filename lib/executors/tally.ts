/** Counts of a client's tasks. */
export interface Tally {
  completed: number;
  failed: number;
  /** A task has finished: how long it waited and ran, in milliseconds. */
  record(waited: number, ran: number): void;
}
