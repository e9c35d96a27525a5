/** How long the tasks of a function take of late, on average. */

/** No longer than it takes to wake somebody, by far. Milliseconds. */
const BRISK_MS = 0.002;
/** One task counts for so much of the average: more when it was quicker, for the system interrupts now and then. */
const WEIGHT_OF_QUICKER = 1 / 4;
const WEIGHT_OF_SLOWER = 1 / 64;

export class Pace {
  /** Milliseconds; at first none knows. */
  #usual = 1;

  took(ms: number): void {
    const more = ms - this.#usual;
    this.#usual += more * (more > 0 ? WEIGHT_OF_SLOWER : WEIGHT_OF_QUICKER);
  }

  /** Whether they take next to no time. */
  get isBrisk(): boolean {
    return this.#usual <= BRISK_MS;
  }
}
