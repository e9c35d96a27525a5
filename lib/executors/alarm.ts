/** Alarms of tasks, that go off also while the thread is blocked. */
import { LONGEST_TIMER } from '../engine/wait.js';

/** Something to be done at a time, by the event loop or by `tend`. */
export class Alarm {
  readonly #due: number;
  readonly #ring: () => void;
  readonly #all: Set<Alarm>;
  #timer: NodeJS.Timeout | undefined;

  constructor(all: Set<Alarm>, delay: number, ring: () => void) {
    this.#all = all;
    this.#due = performance.now() + delay;
    this.#ring = ring;
    all.add(this);
    this.#set();
  }

  #set(): void {
    const left = Math.max(1, Math.ceil(this.#due - performance.now()));
    // The task in flight keeps the loop alive.
    this.#timer = setTimeout(() => this.look(), Math.min(left, LONGEST_TIMER)).unref();
  }

  look(): void {
    if (!this.#all.has(this)) return;
    clearTimeout(this.#timer);
    if (performance.now() < this.#due) {
      this.#set();
      return;
    }
    this.#all.delete(this);
    this.#ring();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#all.delete(this);
  }
}
