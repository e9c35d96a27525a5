/** Timer: a thread that waits, then calls a function, unless it is cancelled before. */
import { requireFunction, show } from '../engine/arguments.js';
import { registerTravel } from '../engine/shared-object.js';
import { Event } from '../sync/event.js';
import { reviveThread, Thread, wellKnownClasses } from './thread.js';

/**
 * Calls a function after an interval, in a thread of its own. It is started by `start()` and, unless made a
 * daemon, keeps the process alive until it has fired or is cancelled. Python: `threading.Timer`.
 *
 * @example
 * ```ts
 * import { Timer } from 'heddle';
 *
 * const timer = new Timer(1000, () => console.log('hello, world'));
 * await timer.start();
 * // timer.cancel() within the second: nothing is printed, and the thread ends at once
 * ```
 */
export class Timer<A extends unknown[] = unknown[]> extends Thread {
  // Plain fields, for fields are what travels of a subclass.
  /** @internal */ _finished: Event | undefined;
  /** @internal */ _interval = 0;
  /** @internal */ _fn: ((...args: A) => unknown) | undefined;
  /** @internal */ _args: unknown[] = [];

  /**
   * @param interval Milliseconds from the start of the thread to the call.
   * @param fn What to call; travels as a thread's target does. May be async.
   * @param args Its arguments; default none.
   * @throws TypeError or RangeError when an argument is not as described.
   */
  constructor(interval: number, fn: (...args: A) => unknown, args?: A) {
    super();
    if (this.adopted) return;
    if (typeof interval !== 'number')
      throw new TypeError(`interval must be a number of milliseconds, got ${show(interval)}`);
    if (!(interval >= 0)) throw new RangeError(`interval must be a number of milliseconds ≥ 0, got ${interval}`);
    requireFunction('fn', fn);
    if (args !== undefined && !Array.isArray(args)) throw new TypeError(`args must be an array, got ${show(args)}`);
    this._finished = new Event();
    this._interval = interval;
    this._fn = fn;
    this._args = args ?? [];
  }

  /** Waits for the interval to pass, then calls the function. */
  override async run(): Promise<void> {
    const cancelled = await this._finished?.wait({ timeout: this._interval });
    if (!cancelled) await this._fn?.(...(this._args as A));
    this._finished?.set();
  }

  /**
   * Stops the timer if it has not fired yet: the function is never called, and the thread ends at once.
   * May be called from any thread, and at any time. Python: `Timer.cancel`.
   */
  cancel(): void {
    this._finished?.set();
  }
}

wellKnownClasses.set('Timer', Timer);
registerTravel(Timer, {
  tag: 'Timer',
  extra: (timer) => ({ name: timer.name, finished: timer._finished }),
  revive(extra) {
    const { name, finished } = extra as { name: string; finished: Event };
    const timer = reviveThread(() => new Timer(0, () => {}), name);
    timer._finished = finished;
    return timer;
  },
});
