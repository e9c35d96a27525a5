/**
 * What belongs to each ticket of this loop: a table by the number of the ticket's cell, in pages. A Map of a
 * million waits costs several times as much for each as one of a thousand.
 */
import { FIRST_TICKET, WORDS_PER_CELL } from '../memory/layout.js';

const PAGE_SHIFT = 9;
const PAGE_SIZE = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_SIZE - 1;

interface Page<T> {
  readonly entries: (T | undefined)[];
  /** How many are not undefined. */
  live: number;
}

export class Tickets<T extends object> {
  readonly #pages: (Page<T> | undefined)[] = [];
  /** A page that was in use lately: one wait after the other needs no new one each time. */
  #spare: Page<T> | undefined;

  set(ticket: number, value: T): void {
    const cell = (ticket - FIRST_TICKET) / WORDS_PER_CELL;
    const number = cell >> PAGE_SHIFT;
    // No holes far apart, for which V8 has another, slower kind of array.
    while (this.#pages.length <= number) this.#pages.push(undefined);
    let page = this.#pages[number];
    if (page === undefined) {
      page = this.#spare ?? { entries: new Array<T | undefined>(PAGE_SIZE).fill(undefined), live: 0 };
      this.#spare = undefined;
      this.#pages[number] = page;
    }
    page.entries[cell & PAGE_MASK] = value;
    page.live++;
  }

  /** Takes out what was set for the ticket. */
  take(ticket: number): T | undefined {
    const cell = (ticket - FIRST_TICKET) / WORDS_PER_CELL;
    const number = cell >> PAGE_SHIFT;
    const page = this.#pages[number];
    const value = page?.entries[cell & PAGE_MASK];
    if (page === undefined || value === undefined) return undefined;
    page.entries[cell & PAGE_MASK] = undefined;
    if (--page.live === 0) {
      this.#pages[number] = undefined;
      this.#spare = page;
    }
    return value;
  }
}
