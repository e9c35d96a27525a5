/**
 * The heap: blocks for payloads, queue bodies and arrays, named by 32-bit units of 64 bytes.
 *
 *   header │ a record per page │ pages …
 *
 * Blocks of up to 32 KiB share a page of 64 KiB with others of their size class; larger ones are
 * runs of whole pages, which merge with their neighbours when they are freed. One guard protects it
 * all. Every change is one run of statements that termination cannot interrupt (see `journal.ts`),
 * and names the block it hands out or takes back in the journal in the same run, so that a block on
 * its way somewhere is freed with the isolate that was moving it.
 */
import { freeSimpleGuard, type IsDead, takeSimpleGuard } from './guard.js';
import { classSize, sizeClass } from './size-class.js';

export const UNIT_BYTES = 64;
const PAGE_BYTES = 65536;
const UNITS_PER_PAGE = PAGE_BYTES / UNIT_BYTES;
const WORDS_PER_PAGE = PAGE_BYTES / 4;
const WORDS_PER_UNIT = UNIT_BYTES / 4;
const MAX_PAGES = 65536;
/** Largest block that shares a page, in units. */
const SMALL_UNITS = 512;
const GROWTH_BYTES = 2 ** 24;

/** Words of the header. */
const Word = {
  GUARD: 0,
  /** Pages ever carved and not given back to the top. */
  TOP: 1,
  /** First free run of pages, 0 for none. */
  FREE_RUNS: 2,
  /** Pages up to which the memory was ever used: beyond it reads as zero. */
  TOUCHED: 3,
  /** Units in use. */
  LIVE_UNITS: 4,
  /** By size class: first page that has room. */
  PARTIAL: 64,
} as const;

/** Words of a page's record. */
const Page = {
  KIND: 0,
  /** At the first page of a run: its length. */
  LENGTH: 1,
  /** At the last page of a free run: its first page. */
  START: 2,
  /** Neighbours in the list of free runs, or of pages with room. */
  NEXT: 3,
  PREVIOUS: 4,
  /** Of a shared page: its size class, blocks in use, first free block, units never used. */
  CLASS: 5,
  USED: 6,
  FREE: 7,
  BUMP: 8,
} as const;
const WORDS_PER_RECORD = 16;
const RECORDS = 128;
const PageKind = { NONE: 0, RUN: 1, SHARED: 2, FREE: 3 } as const;
const FIRST_PAGE = Math.ceil((RECORDS + MAX_PAGES * WORDS_PER_RECORD) / WORDS_PER_PAGE);

export class Heap {
  words: Int32Array;
  doubles: Float64Array;
  bytes: Buffer;
  /** The block that `allocate` returned last reads as zero. */
  fresh = false;
  readonly #buffer: SharedArrayBuffer;
  readonly #self: number;
  readonly #isDead: IsDead;
  readonly #journals: Int32Array;

  constructor(buffer: SharedArrayBuffer, journals: Int32Array, self: number, isDead: IsDead) {
    this.#buffer = buffer;
    this.#journals = journals;
    this.#self = self;
    this.#isDead = isDead;
    this.words = new Int32Array(0);
    this.doubles = new Float64Array(0);
    this.bytes = Buffer.alloc(0);
    this.refresh();
  }

  get buffer(): SharedArrayBuffer {
    return this.#buffer;
  }

  /** Bytes in blocks that are in use. */
  get liveBytes(): number {
    return (Atomics.load(this.words, Word.LIVE_UNITS) >>> 0) * UNIT_BYTES;
  }

  /** The guard, which the sweep frees when its holder is dead. */
  get guard(): number {
    return Word.GUARD;
  }

  /** Views of all that the heap has grown to. They have a fixed length: those that follow a growing buffer are slow. */
  refresh(): void {
    const length = Math.floor(this.#buffer.byteLength / PAGE_BYTES) * PAGE_BYTES;
    this.words = new Int32Array(this.#buffer, 0, length / 4);
    this.doubles = new Float64Array(this.#buffer, 0, length / 8);
    this.bytes = Buffer.from(this.#buffer as unknown as ArrayBuffer, 0, length);
  }

  /** Makes sure that the views reach a block allocated by any isolate. */
  reach(unit: number, bytes: number): void {
    if (unit * UNIT_BYTES + bytes > this.bytes.length) this.refresh();
  }

  #lock(): void {
    takeSimpleGuard(this.words, Word.GUARD, this.#self, this.#isDead);
  }

  /** A block of at least `bytes`, its unit left in the journal's word `pending` too; 0 when there is no memory. */
  allocate(bytes: number, pending: number): number {
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    this.#lock();
    const unit =
      units <= SMALL_UNITS
        ? this.#allocateSmall(sizeClass(units), pending)
        : this.#allocateRun(Math.ceil(units / UNITS_PER_PAGE), PageKind.RUN, pending);
    this.#unlock();
    if (unit !== 0) this.reach(unit, bytes);
    return unit;
  }

  /** Frees a block and clears the journal's word `pending`. */
  free(unit: number, pending: number): void {
    const page = Math.floor(unit / UNITS_PER_PAGE);
    this.reach(unit, UNIT_BYTES);
    this.#lock();
    const kind = this.words[RECORDS + page * WORDS_PER_RECORD + Page.KIND] as number;
    if (kind === PageKind.SHARED) {
      if (this.#freeSmall(unit, page, pending)) this.#freeRun(page, -1);
    } else {
      this.#freeRun(page, pending);
    }
    this.#unlock();
  }

  #unlock(): void {
    freeSimpleGuard(this.words, Word.GUARD);
  }

  #allocateSmall(cls: number, pending: number): number {
    let page = this.words[Word.PARTIAL + cls] as number;
    if (page === 0) {
      const unit = this.#allocateRun(1, PageKind.NONE, -1);
      if (unit === 0) return 0;
      page = unit / UNITS_PER_PAGE;
      this.#openPage(page, cls);
    }
    this.reach(page * UNITS_PER_PAGE, PAGE_BYTES);
    const words = this.words;
    const journals = this.#journals;
    const size = classSize(cls);
    const capacity = Math.floor(UNITS_PER_PAGE / size);
    this.fresh = false;
    const record = RECORDS + page * WORDS_PER_RECORD;
    const next = words[record + Page.NEXT] as number;
    const used = words[record + Page.USED] as number;
    let unit = words[record + Page.FREE] as number;
    const bump = words[record + Page.BUMP] as number;
    const recycled = unit !== 0;
    if (!recycled) unit = page * UNITS_PER_PAGE + bump;
    const link = recycled ? (words[unit * WORDS_PER_UNIT] as number) : 0;
    // One run from here on.
    words[record + Page.FREE] = link;
    if (!recycled) words[record + Page.BUMP] = bump + size;
    words[record + Page.USED] = used + 1;
    if (used + 1 === capacity) {
      words[Word.PARTIAL + cls] = next;
      if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = 0;
    }
    words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) + size;
    if (pending >= 0) journals[pending] = unit;
    return unit;
  }

  /** Makes a page a shared one and the first of its class. */
  #openPage(page: number, cls: number): void {
    const words = this.words;
    const record = RECORDS + page * WORDS_PER_RECORD;
    const next = words[Word.PARTIAL + cls] as number;
    words[record + Page.KIND] = PageKind.SHARED;
    words[record + Page.CLASS] = cls;
    words[record + Page.USED] = 0;
    words[record + Page.FREE] = 0;
    words[record + Page.BUMP] = 0;
    words[record + Page.NEXT] = next;
    words[record + Page.PREVIOUS] = 0;
    if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = page;
    words[Word.PARTIAL + cls] = page;
  }

  /** True when the page is empty, off its list, and to be freed as a run. One empty page of a class stays. */
  #freeSmall(unit: number, page: number, pending: number): boolean {
    const words = this.words;
    const journals = this.#journals;
    const record = RECORDS + page * WORDS_PER_RECORD;
    const cls = words[record + Page.CLASS] as number;
    const size = classSize(cls);
    const capacity = Math.floor(UNITS_PER_PAGE / size);
    const used = words[record + Page.USED] as number;
    const first = words[Word.PARTIAL + cls] as number;
    const next = words[record + Page.NEXT] as number;
    const previous = words[record + Page.PREVIOUS] as number;
    const empties = used === 1 && capacity > 1 && (next !== 0 || previous !== 0);
    // One run from here on.
    words[unit * WORDS_PER_UNIT] = words[record + Page.FREE] as number;
    words[record + Page.FREE] = unit;
    words[record + Page.USED] = used - 1;
    words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) - size;
    if (used === capacity) {
      words[record + Page.NEXT] = first;
      words[record + Page.PREVIOUS] = 0;
      if (first !== 0) words[RECORDS + first * WORDS_PER_RECORD + Page.PREVIOUS] = page;
      words[Word.PARTIAL + cls] = page;
    } else if (empties) {
      if (previous === 0) words[Word.PARTIAL + cls] = next;
      else words[RECORDS + previous * WORDS_PER_RECORD + Page.NEXT] = next;
      if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = previous;
      words[record + Page.KIND] = PageKind.RUN;
      words[record + Page.LENGTH] = 1;
      words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) + UNITS_PER_PAGE;
    }
    if (pending >= 0) journals[pending] = 0;
    return empties;
  }

  /** A run of pages as a unit, or 0. Kind NONE is for a page that is about to be shared, and does not count as in use. */
  #allocateRun(pages: number, kind: number, pending: number): number {
    const best = this.#bestRun(pages);
    const page = best === 0 ? this.#carve(pages) : best;
    if (page === 0) return 0;
    const words = this.words;
    const journals = this.#journals;
    const record = RECORDS + page * WORDS_PER_RECORD;
    const units = kind === PageKind.RUN ? pages * UNITS_PER_PAGE : 0;
    if (best === 0) {
      const end = page + pages;
      this.fresh = page >= (words[Word.TOUCHED] as number);
      words[Word.TOP] = end;
      if (end > (words[Word.TOUCHED] as number)) words[Word.TOUCHED] = end;
      words[record + Page.KIND] = kind;
      words[record + Page.LENGTH] = pages;
      words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) + units;
      if (pending >= 0) journals[pending] = page * UNITS_PER_PAGE;
      return page * UNITS_PER_PAGE;
    }
    const length = words[record + Page.LENGTH] as number;
    const next = words[record + Page.NEXT] as number;
    const previous = words[record + Page.PREVIOUS] as number;
    const rest = page + pages;
    const restRecord = RECORDS + rest * WORDS_PER_RECORD;
    const split = length > pages;
    this.fresh = false;
    // One run from here on: the rest of the run takes its place in the list.
    words[record + Page.KIND] = kind;
    words[record + Page.LENGTH] = pages;
    if (split) {
      words[restRecord + Page.KIND] = PageKind.FREE;
      words[restRecord + Page.LENGTH] = length - pages;
      words[restRecord + Page.NEXT] = next;
      words[restRecord + Page.PREVIOUS] = previous;
      words[RECORDS + (page + length - 1) * WORDS_PER_RECORD + Page.START] = rest;
    }
    if (previous === 0) words[Word.FREE_RUNS] = split ? rest : next;
    else words[RECORDS + previous * WORDS_PER_RECORD + Page.NEXT] = split ? rest : next;
    if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = split ? rest : previous;
    words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) + units;
    if (pending >= 0) journals[pending] = page * UNITS_PER_PAGE;
    return page * UNITS_PER_PAGE;
  }

  /** The shortest free run of at least `pages`, or 0. */
  #bestRun(pages: number): number {
    const words = this.words;
    let best = 0;
    let bestLength = MAX_PAGES + 1;
    for (
      let run = words[Word.FREE_RUNS] as number;
      run !== 0;
      run = words[RECORDS + run * WORDS_PER_RECORD + Page.NEXT] as number
    ) {
      const length = words[RECORDS + run * WORDS_PER_RECORD + Page.LENGTH] as number;
      if (length < pages || length >= bestLength) continue;
      best = run;
      bestLength = length;
      if (length === pages) break;
    }
    return best;
  }

  /** The first of `pages` pages at the top, for which memory is committed, or 0. Does not move the top. */
  #carve(pages: number): number {
    const page = Math.max(FIRST_PAGE, this.words[Word.TOP] as number);
    const end = (page + pages) * PAGE_BYTES;
    const buffer = this.#buffer;
    if (end > buffer.maxByteLength) return 0;
    if (end > buffer.byteLength) {
      try {
        buffer.grow(Math.min(buffer.maxByteLength, end + GROWTH_BYTES));
      } catch (error) {
        // The system refuses to commit that much: out of memory.
        if (!(error instanceof RangeError)) throw error;
        return 0;
      }
    }
    this.refresh();
    return page;
  }

  /** Makes a run free, one with its free neighbours, or the top's. */
  #freeRun(page: number, pending: number): void {
    const words = this.words;
    const journals = this.#journals;
    const record = RECORDS + page * WORDS_PER_RECORD;
    const pages = words[record + Page.LENGTH] as number;
    const top = words[Word.TOP] as number;
    const after = page + pages;
    const afterRecord = RECORDS + after * WORDS_PER_RECORD;
    const before = words[RECORDS + (page - 1) * WORDS_PER_RECORD + Page.START] as number;
    const beforeRecord = RECORDS + before * WORDS_PER_RECORD;
    const joinsBefore =
      before !== 0 &&
      words[beforeRecord + Page.KIND] === PageKind.FREE &&
      before + (words[beforeRecord + Page.LENGTH] as number) === page;
    const joinsAfter = after < top && words[afterRecord + Page.KIND] === PageKind.FREE;
    // One run from here on.
    words[Word.LIVE_UNITS] = (words[Word.LIVE_UNITS] as number) - pages * UNITS_PER_PAGE;
    words[record + Page.KIND] = PageKind.NONE;
    let start = page;
    let length = pages;
    if (joinsBefore) {
      start = before;
      length += words[beforeRecord + Page.LENGTH] as number;
      const next = words[beforeRecord + Page.NEXT] as number;
      const previous = words[beforeRecord + Page.PREVIOUS] as number;
      if (previous === 0) words[Word.FREE_RUNS] = next;
      else words[RECORDS + previous * WORDS_PER_RECORD + Page.NEXT] = next;
      if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = previous;
      words[beforeRecord + Page.KIND] = PageKind.NONE;
    }
    if (joinsAfter) {
      length += words[afterRecord + Page.LENGTH] as number;
      const next = words[afterRecord + Page.NEXT] as number;
      const previous = words[afterRecord + Page.PREVIOUS] as number;
      if (previous === 0) words[Word.FREE_RUNS] = next;
      else words[RECORDS + previous * WORDS_PER_RECORD + Page.NEXT] = next;
      if (next !== 0) words[RECORDS + next * WORDS_PER_RECORD + Page.PREVIOUS] = previous;
      words[afterRecord + Page.KIND] = PageKind.NONE;
    }
    if (start + length === top) {
      words[Word.TOP] = start;
    } else {
      const startRecord = RECORDS + start * WORDS_PER_RECORD;
      const first = words[Word.FREE_RUNS] as number;
      words[startRecord + Page.KIND] = PageKind.FREE;
      words[startRecord + Page.LENGTH] = length;
      words[startRecord + Page.NEXT] = first;
      words[startRecord + Page.PREVIOUS] = 0;
      words[RECORDS + (start + length - 1) * WORDS_PER_RECORD + Page.START] = start;
      if (first !== 0) words[RECORDS + first * WORDS_PER_RECORD + Page.PREVIOUS] = start;
      words[Word.FREE_RUNS] = start;
    }
    if (pending >= 0) journals[pending] = 0;
  }
}
