/**
 * How many items go in one chunk: as many as take about TARGET_MS, so that what a task costs does not
 * matter and results do not come late. It starts with one, and follows the time that chunks take.
 */

const TARGET_MS = 1;
const MOST = 4096;
/** At most so many times the size before: a few quick items say little of those to come. */
const GROWTH = 4;

export class ChunkSizer {
  readonly #adapts: boolean;
  readonly #most: number;
  #size: number;

  /** With `chunkSize` as it is said to be; otherwise so small that `bufferSize` items busy all workers twice over. */
  constructor(chunkSize: number | undefined, bufferSize: number | undefined, workers: number) {
    this.#adapts = chunkSize === undefined;
    this.#size = chunkSize ?? 1;
    this.#most = bufferSize === undefined ? MOST : Math.max(1, Math.min(MOST, Math.floor(bufferSize / (2 * workers))));
  }

  get size(): number {
    return this.#size;
  }

  /** A chunk of `count` items took `ms`. */
  took(ms: number, count: number): void {
    if (!this.#adapts) return;
    const fitting = ms > 0 ? (TARGET_MS * count) / ms : Number.POSITIVE_INFINITY;
    this.#size = Math.max(1, Math.min(Math.floor(fitting), this.#size * GROWTH, this.#most));
  }
}
