/**
 * Numbers and small messages in and out of the ring of a busy queue without a call of the addon: what `push` and
 * `pop` of native/core/entry_ring.h do, for items that lie in their entry. What every step is for is said there.
 * Strings are the addon's, which reads and makes them several characters at a time.
 *
 * Only the first try is made here. Whatever is in the way – no ring, a full or empty one, an item that lies
 * elsewhere, another thread that was quicker – is the addon's.
 *
 * `Atomics.load` is a call, an element of an array one instruction. On x86 both are the same to the
 * processor: it does not reorder a load with earlier loads, nor with an earlier exchange.
 */
import {
  BRIEF_BYTES,
  INLINE_BYTES,
  ItemLane,
  Queue,
  RING_BODIES,
  RING_ENTRIES,
  RING_HEADER_WORDS,
  Ring,
  RingHead,
  SLOTS_START,
  Slot,
  WORDS_PER_RING_BODY,
  WORDS_PER_RING_HEAD,
  WORDS_PER_SLOT,
} from '../memory/layout.js';

/** In the slot, from RING_QUEUE on. */
const CLAIMED_POSITION = Slot.RING_POSITION - Slot.RING_QUEUE;
const CLAIMED_RING = Slot.RING - Slot.RING_QUEUE;
/** Who waits for what: the argument of `queueNotice`. */
const PLACE = 0;
const ITEM = 1;
const BYTES_PER_WORD = 4;
const LAST = RING_ENTRIES - 1;
/** What of META is the lane. The next 16 bits are 0 for a payload that lies in the entry, unless it is a text. */
const LANE = 0xff;
const TAG_AND_PLACE = 0xffff00;
/** META of a number. */
const NUMBER = ItemLane.NUMBER | ((BRIEF_BYTES + 1) << RingHead.BRIEF_SHIFT);
/** Whether the processor lets others see writes in their order, and reads in its own. */
const IS_ORDERED = process.arch === 'x64' || process.arch === 'ia32';

type Words = Int32Array<ArrayBuffer>;

/** The isolate's slot, and what the engine has of the control segment. */
interface Control {
  readonly self: number;
  readonly words: Words;
  allWords(): Words;
}

const load: (words: Words, index: number) => number = IS_ORDERED
  ? (words, index) => words[index] as number
  : (words, index) => Atomics.load(words, index);

/** Ends a claim. Who sees none sees what was published, too. */
const clear: (words: Words, claim: number) => void = IS_ORDERED
  ? (words, claim) => {
      words[claim] = 0;
    }
  : (words, claim) => {
      Atomics.store(words, claim, 0);
    };

/** Word index of the head of the entry at a position. */
export function headAt(ring: number, position: number): number {
  return ring + RING_HEADER_WORDS + ((position >>> 1) & LAST) * WORDS_PER_RING_HEAD;
}

function bodyAt(ring: number, position: number): number {
  return ring + RING_BODIES + ((position >>> 1) & LAST) * WORDS_PER_RING_BODY;
}

export class ItemRing {
  /** What the last take took: a number, or the length of the bytes that it has left in the scratch. */
  value = 0;
  /** Called when somebody has been told of an item or a place: that may have granted a wait of this very loop. */
  onNotice: () => void = () => {};
  /** Whether the last take that found nothing did so because there was no item. */
  empty = false;
  readonly #control: Control;
  /**
   * The words that are looked at, and the same memory as numbers: those near the start until one beyond is needed. Empty
   * at first, for to V8 a field that is set but once is a constant, and all code that uses it compiled anew when it changes.
   */
  #words: Words = new Int32Array(0);
  #doubles: Float64Array<ArrayBuffer> = new Float64Array(0);
  readonly #scratch: Words;
  readonly #claim: number;
  readonly #notice: (handle: number, what: number) => void;
  /** The buffer from which bytes were put last, and the same as words. */
  #source: Uint8Array | undefined;
  #sourceWords: Int32Array = new Int32Array(0);

  /**
   * @param scratch Where bytes that are taken go.
   */
  constructor(control: Control, scratch: ArrayBuffer, notice: (handle: number, what: number) => void) {
    this.#control = control;
    this.#words = control.words;
    this.#doubles = new Float64Array(control.words.buffer);
    this.#scratch = new Int32Array(scratch);
    this.#claim = SLOTS_START + control.self * WORDS_PER_SLOT + Slot.RING_QUEUE;
    this.#notice = notice;
  }

  /** For a queue or a ring that is not near: from the next time on all are. Nothing is put or taken this time. */
  #lookFurther(): 0 {
    this.#words = this.#control.allWords();
    this.#doubles = new Float64Array(this.#words.buffer);
    return 0;
  }

  /** False: not put. */
  putNumber(queue: number, number: number): boolean {
    const head = this.#begin(queue);
    if (head === 0) return false;
    const words = this.#words;
    words[head + RingHead.META] = NUMBER;
    this.#doubles[(head + RingHead.DATA) >>> 1] = number;
    this.#publish(words, queue, head);
    return true;
  }

  /**
   * Puts `bytes[0, length)`, if that is little of a buffer that is used for one item after the other. A view of words,
   * made anew for each item, would take longer than a call. False: not put.
   */
  putBytes(queue: number, lane: number, bytes: Uint8Array, length: number): boolean {
    if (length > INLINE_BYTES) return false;
    if (bytes !== this.#source) {
      if (bytes.length <= INLINE_BYTES || bytes.byteOffset % BYTES_PER_WORD !== 0) return false;
      this.#source = bytes;
      this.#sourceWords = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    }
    const head = this.#begin(queue);
    if (head === 0) return false;
    const words = this.#words;
    const source = this.#sourceWords;
    let data = head + RingHead.DATA;
    if (length <= BRIEF_BYTES) {
      words[head + RingHead.META] = lane | ((length + 1) << RingHead.BRIEF_SHIFT);
    } else {
      words[head + RingHead.META] = lane;
      words[head + RingHead.LENGTH] = length;
      words[head + RingHead.HANDLES] = 0;
      data = bodyAt(words[this.#claim + CLAIMED_RING] as number, words[this.#claim + CLAIMED_POSITION] as number);
    }
    for (let i = 0; i < length; i += BYTES_PER_WORD) words[data + (i >>> 2)] = source[i >>> 2] as number;
    this.#publish(words, queue, head);
    return true;
  }

  /** The head of an entry that is the caller's from now on, and is still to be written; 0: none. */
  #begin(queue: number): number {
    const words = this.#words;
    if (queue >= words.length) return this.#lookFurther();
    const ring = load(words, queue + Queue.PUT_RING);
    if (ring === 0) return 0;
    if (ring >= words.length) return this.#lookFurther();
    const tail = load(words, ring + Ring.TAIL);
    if ((tail & Ring.SLOW) !== 0 || load(words, queue + Queue.PUT_RING) !== ring) return 0;
    const limit = (words[ring + Ring.LIMIT] as number) << 1;
    if (((tail - load(words, ring + Ring.HEAD_SEEN)) | 0) >= limit) {
      const head = load(words, ring + Ring.HEAD) & ~Ring.SLOW;
      Atomics.store(words, ring + Ring.HEAD_SEEN, head);
      if (((tail - head) | 0) >= limit) return 0;
    }
    const claim = this.#claim;
    words[claim + CLAIMED_POSITION] = tail;
    words[claim + CLAIMED_RING] = ring;
    words[claim] = queue;
    if (Atomics.compareExchange(words, ring + Ring.TAIL, tail, (tail + 2) | 0) !== tail) {
      clear(words, claim);
      return 0;
    }
    return headAt(ring, tail);
  }

  /** The claim says where the put was begun. */
  #publish(words: Words, queue: number, head: number): void {
    const claim = this.#claim;
    Atomics.store(words, head + RingHead.SEQUENCE, (words[claim + CLAIMED_POSITION] as number) | 1);
    if (load(words, (words[claim + CLAIMED_RING] as number) + Ring.GET_WAITING) !== 0) this.#tell(queue, ITEM);
    clear(words, claim);
  }

  /**
   * Takes a number, which `value` is then; false: none taken. By itself, for V8 inlines what is short: most of the time goes
   * into what surrounds a call otherwise.
   */
  takeNumber(queue: number): boolean {
    const words = this.#words;
    if (queue >= words.length) return false;
    const ring = load(words, queue + Queue.RING);
    if (ring === 0 || ring >= words.length) return false;
    const position = load(words, ring + Ring.HEAD);
    if ((position & Ring.SLOW) !== 0 || load(words, queue + Queue.RING) !== ring) return false;
    const head = headAt(ring, position);
    if (load(words, head + RingHead.SEQUENCE) !== (position | 1)) return false;
    if (load(words, head + RingHead.META) !== NUMBER) return false;
    this.value = this.#doubles[(head + RingHead.DATA) >>> 1] as number;
    return this.#step(words, queue, ring, position);
  }

  /** The step on HEAD: false if another thread has taken the item. */
  #step(words: Words, queue: number, ring: number, position: number): boolean {
    const claim = this.#claim;
    words[claim + CLAIMED_POSITION] = position | 1;
    words[claim + CLAIMED_RING] = ring;
    words[claim] = queue;
    const mine = Atomics.compareExchange(words, ring + Ring.HEAD, position, (position + 2) | 0) === position;
    if (mine && load(words, ring + Ring.PUT_WAITING) !== 0) this.#tell(queue, PLACE);
    clear(words, claim);
    return mine;
  }

  #tell(queue: number, what: number): void {
    this.#notice(queue, what);
    this.onNotice();
  }

  /** The lane of the item taken, of which `value` says more; 0: none taken. */
  take(queue: number): number {
    const words = this.#words;
    this.empty = false;
    if (queue >= words.length) return this.#lookFurther();
    const ring = load(words, queue + Queue.RING);
    if (ring === 0) return 0;
    if (ring >= words.length) return this.#lookFurther();
    const position = load(words, ring + Ring.HEAD);
    if ((position & Ring.SLOW) !== 0 || load(words, queue + Queue.RING) !== ring) return 0;
    const head = headAt(ring, position);
    if (load(words, head + RingHead.SEQUENCE) !== (position | 1)) {
      this.empty = true;
      return 0;
    }
    // What is read here is torn when another thread takes the item; then the step on HEAD fails.
    const meta = load(words, head + RingHead.META);
    let value = 0;
    if (meta === NUMBER) {
      value = this.#doubles[(head + RingHead.DATA) >>> 1] as number;
    } else {
      if ((meta & TAG_AND_PLACE) !== 0 || (meta & LANE) === ItemLane.STRING) return 0;
      let data = head + RingHead.DATA;
      value = (meta >>> RingHead.BRIEF_SHIFT) - 1;
      if (value < 0) {
        value = words[head + RingHead.LENGTH] as number;
        if (value < 0 || value > INLINE_BYTES || words[head + RingHead.HANDLES] !== 0) return 0;
        data = bodyAt(ring, position);
      }
      const scratch = this.#scratch;
      for (let i = 0; i < value; i += BYTES_PER_WORD) scratch[i >>> 2] = words[data + (i >>> 2)] as number;
    }
    if (!this.#step(words, queue, ring, position)) return 0;
    this.value = value;
    return meta & LANE;
  }
}
