/**
 * How long things take: counts in buckets whose width grows with the value, so that any percentile is
 * known within 1/32 from microseconds to centuries, in a few kilobytes and a few nanoseconds per record.
 *
 * A duration is counted in ticks of 1/4096 ms. Below 32 ticks each has a bucket of its own; above, each
 * doubling is divided into 16 equal parts, so that the middle of a bucket is within 1/32 of all in it. The
 * buckets end at LONGEST: what is longer, which only a clock that was set can come up with, counts as that.
 */
import { inspect } from 'node:util';
import { stays } from '../engine/stays.js';

const TICKS_PER_MS = 4096;
const PART_BITS = 4;
const PARTS = 1 << PART_BITS;
const BUCKETS = PARTS * 56;
/** Eleven hundred years, in milliseconds. */
const LONGEST = 2 ** 45;
const TWO_31 = 2 ** 31;

function bucketOf(ms: number): number {
  let ticks = ms * TICKS_PER_MS;
  let doublings = 0;
  while (ticks >= TWO_31) {
    ticks /= 2;
    doublings++;
  }
  const whole = ticks | 0;
  if (whole < 2 * PARTS) return whole;
  const shift = 31 - Math.clz32(whole) - PART_BITS;
  return Math.min((shift + doublings) * PARTS + (whole >> shift), BUCKETS - 1);
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  if (bucket < 2 * PARTS) return (bucket + 0.5) / TICKS_PER_MS;
  const shift = Math.floor(bucket / PARTS) - 1;
  return ((PARTS + (bucket % PARTS) + 0.5) * 2 ** shift) / TICKS_PER_MS;
}

/** Durations, in milliseconds, from 0 to 2 ** 45 (eleven hundred years): what is longer counts as that long. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The shortest, in ms; 0 when there are none. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** The longest, in ms; 0 when there are none. */
  get max(): number {
    return this.#max;
  }

  /** The average, in ms; 0 when there are none. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /**
   * The duration, in ms, that `percent` % of all do not exceed, within 1/32 of itself, or, of what is shorter
   * than 4 µs, within an eighth of a microsecond; 0 when there are none. `percentile(50)` is the median,
   * `percentile(100)` the longest.
   *
   * @throws RangeError unless `percent` is from 0 to 100.
   */
  percentile(percent: number): number {
    if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100))
      throw new RangeError(`percent must be a number from 0 to 100, got ${String(percent)}`);
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket] as number;
      if (below >= rank) return Math.min(Math.max(middleOf(bucket), this.#min), this.#max);
    }
    return this.#max;
  }

  /** What it says in short: for logs. */
  [inspect.custom](): object {
    return this.toJSON();
  }

  /** The same. */
  toJSON(): { count: number; min: number; mean: number; p50: number; p99: number; max: number } {
    return {
      count: this.count,
      min: this.min,
      mean: this.mean,
      p50: this.percentile(50),
      p99: this.percentile(99),
      max: this.max,
    };
  }

  /** Counts one; a duration below 0, of clocks that disagree, as 0. @internal */
  record(ms: number): void {
    const duration = ms > 0 ? Math.min(ms, LONGEST) : 0;
    const bucket = bucketOf(duration);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#sum += duration;
    if (duration < this.#min) this.#min = duration;
    if (duration > this.#max) this.#max = duration;
  }
}

stays(Histogram, 'send what its toJSON() returns');
