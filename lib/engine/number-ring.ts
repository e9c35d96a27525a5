/**
 * Numbers in and out of the ring of a busy queue without a call of the addon: what `push` and `pop` of
 * native/core/entry_ring.h do, for entries that hold a number. What every step is for is said there.
 *
 * Only the first try is made here. Whatever is in the way – no ring, a full or empty one, an item of
 * another kind, another thread that was quicker – is the addon's.
 *
 * `Atomics.load` is a call, an element of an array one instruction. On x86 both are the same to the
 * processor: it does not reorder a load with earlier loads, nor with an earlier exchange.
 */
import {
  ItemLane,
  Queue,
  RING_ENTRIES,
  RING_HEADER_WORDS,
  Ring,
  RingEntry,
  SLOTS_START,
  Slot,
  WORDS_PER_ENTRY,
  WORDS_PER_SLOT,
} from '../memory/layout.js';

/** Who waits for what: the argument of `queueNotice`. */
const PLACE = 0;
const ITEM = 1;
/** META of an entry that holds a number: its lane alone. */
const NUMBER = ItemLane.NUMBER;
const NUMBER_BYTES = 8;
const LAST = RING_ENTRIES - 1;

type Words = Int32Array<ArrayBuffer>;

const load: (words: Words, index: number) => number =
  process.arch === 'x64' || process.arch === 'ia32'
    ? (words, index) => words[index] as number
    : (words, index) => Atomics.load(words, index);

export class NumberRing {
  /** Whether the last take that returned undefined did so because there was no item. */
  empty = false;
  readonly #words: Words;
  readonly #doubles: Float64Array<ArrayBuffer>;
  readonly #claim: number;
  readonly #notice: (handle: number, what: number) => void;

  /** @param self The slot of the isolate. */
  constructor(
    words: Words,
    doubles: Float64Array<ArrayBuffer>,
    self: number,
    notice: (handle: number, what: number) => void,
  ) {
    this.#words = words;
    this.#doubles = doubles;
    this.#claim = SLOTS_START + self * WORDS_PER_SLOT + Slot.RING_QUEUE;
    this.#notice = notice;
  }

  /** False: not put. */
  put(queue: number, number: number): boolean {
    const words = this.#words;
    const ring = load(words, queue + Queue.RING);
    if (ring === 0) return false;
    const tail = load(words, ring + Ring.TAIL);
    if ((tail & Ring.SLOW) !== 0) return false;
    const limit = (words[ring + Ring.LIMIT] as number) << 1;
    if (((tail - load(words, ring + Ring.HEAD_SEEN)) | 0) >= limit) {
      const head = load(words, ring + Ring.HEAD) & ~Ring.SLOW;
      Atomics.store(words, ring + Ring.HEAD_SEEN, head);
      if (((tail - head) | 0) >= limit) return false;
    }
    const claim = this.#claim;
    words[claim + 1] = tail;
    words[claim] = queue;
    const mine = Atomics.compareExchange(words, ring + Ring.TAIL, tail, (tail + 2) | 0) === tail;
    if (mine) {
      const entry = ring + RING_HEADER_WORDS + ((tail >>> 1) & LAST) * WORDS_PER_ENTRY;
      words[entry + RingEntry.META] = NUMBER;
      words[entry + RingEntry.HANDLES] = 0;
      words[entry + RingEntry.LENGTH] = NUMBER_BYTES;
      this.#doubles[(entry + RingEntry.DATA) >>> 1] = number;
      Atomics.store(words, entry + RingEntry.SEQUENCE, tail | 1);
      if (load(words, ring + Ring.GET_WAITING) !== 0) this.#notice(queue, ITEM);
    }
    words[claim] = 0;
    return mine;
  }

  /** Undefined: none taken. */
  take(queue: number): number | undefined {
    const words = this.#words;
    this.empty = false;
    const ring = load(words, queue + Queue.RING);
    if (ring === 0) return undefined;
    const head = load(words, ring + Ring.HEAD);
    if ((head & Ring.SLOW) !== 0) return undefined;
    const entry = ring + RING_HEADER_WORDS + ((head >>> 1) & LAST) * WORDS_PER_ENTRY;
    if (load(words, entry + RingEntry.SEQUENCE) !== (head | 1)) {
      this.empty = true;
      return undefined;
    }
    if (load(words, entry + RingEntry.META) !== NUMBER) return undefined;
    const number = this.#doubles[(entry + RingEntry.DATA) >>> 1] as number;
    const claim = this.#claim;
    words[claim + 1] = head | 1;
    words[claim] = queue;
    const mine = Atomics.compareExchange(words, ring + Ring.HEAD, head, (head + 2) | 0) === head;
    if (mine && load(words, ring + Ring.PUT_WAITING) !== 0) this.#notice(queue, PLACE);
    words[claim] = 0;
    return mine ? number : undefined;
  }
}
